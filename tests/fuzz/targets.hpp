#pragma once

#include <array>
#include <string_view>

/// What reads files that strangers made, each with any bytes. A target returns where the reader took the bytes or
/// refused them as it says that it does; anything else that is thrown, and what a sanitizer sees, is a finding.
namespace faceoff::fuzz {

void answers(std::string_view input);
void evaluation_line(std::string_view input);
void exif(std::string_view input);
void experiment(std::string_view input);
void picture_header(std::string_view input);
void plugin_file(std::string_view input);
void profile(std::string_view input);
void results(std::string_view input);
void safetensors(std::string_view input);
void sets(std::string_view input);

struct Target {
  const char* name;  ///< its folder in corpus/
  void (*run)(std::string_view input);
};

inline constexpr std::array all_targets = {Target{"answers", answers},
                                           Target{"evaluation_line", evaluation_line},
                                           Target{"exif", exif},
                                           Target{"experiment", experiment},
                                           Target{"picture_header", picture_header},
                                           Target{"plugin_file", plugin_file},
                                           Target{"profile", profile},
                                           Target{"results", results},
                                           Target{"safetensors", safetensors},
                                           Target{"sets", sets}};

}  // namespace faceoff::fuzz
