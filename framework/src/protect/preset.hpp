#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace faceoff {

/// How somebody who writes no experiment wants photos protected.
struct Wish {
  std::string strength;           ///< low, mid or high
  std::string from;               ///< recognisers, detectors or both
  std::string as;                 ///< whom of the gallery faces are to be taken for, or empty
  std::filesystem::path gallery;  ///< a folder a person; empty: the faces of the sample photos stand for others
  bool keep_metadata = false;
  std::vector<std::string> sets;  ///< KEY=VALUE, in place of the preset's
};

/// An experiment for it, but for its pictures.
struct Preset {
  std::filesystem::path experiment;
  std::vector<std::string> sets;
  std::string key;    ///< stands for all that photos come out by, but for themselves. SHA-256
  std::string words;  ///< the wish, as options of the command line
};
/// From the presets that come with the program. Throws ConfigError for what can't be wished.
Preset preset_of(const Wish& wish);

/// Where the sample photos are, as FACEOFF_MODELS or the set-up has them; or would be, where they are not.
std::filesystem::path samples_folder();

}  // namespace faceoff
