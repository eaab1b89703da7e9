#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/named_models.hpp"
#include "experiment/experiment.hpp"
#include "judge/evaluation.hpp"
#include "judge/evaluation_line.hpp"
#include "report/grid.hpp"

namespace faceoff {

/// A file, and the SHA-256 that a run knows of it; empty where none does.
struct KnownFile {
  std::filesystem::path file;
  std::string sha256;
};

/// A delivered picture to judge.
struct Task {
  EvaluationLine line;  ///< which item of which variant it is; nothing is judged yet
  KnownFile clean, delivered;
  std::optional<std::vector<CleanPicture::Attacked>> faces;
  std::string target;
  std::size_t variant = 0;            ///< of those of the work
  std::vector<FaceEvaluation> known;  ///< what the run's own line says, for judges that are not there any more
};

/// Who judges a variant, and the people whom recognisers choose between.
struct VariantWork {
  Judges judges;
  std::vector<TargetConfig> targets;
  const Gallery* people = nullptr;
  Gallery with_targets = {};  ///< what that is where the variant's targets are given by photos
};

/// Everything that is to be evaluated, and by whom.
struct Work {
  std::string name;
  std::filesystem::path out;
  Examination examination;
  std::vector<VariantWork> variants;
  std::vector<Task> tasks;
  std::vector<std::string> people;    ///< as [data] people
  std::vector<std::string> gone;      ///< attacked models that are not there, and so do not judge
  std::deque<LoadedModel> stand_ins;  ///< what the run knew of them
  Choices choices;                    ///< of the variants, for the report
  std::int64_t without_face = 0, failed = 0, missing = 0;
};

/// The device that judges: --device, else the run's, if it is there, else the processor. Throws ConfigError where that
/// of --device is not there.
at::Device judging_device(const std::filesystem::path& what, const Arguments& given);

/// A run's: its results say what was attacked, its resolved.toml who judges. No plugin that only an attack uses is
/// asked for. Throws ConfigError where not all variants are judged alike, FileError where it is not as a run left it.
Work run_work(const std::filesystem::path& run, const Arguments& given, NamedModels& models);

/// A folder's of pictures that were made by whatever means. Throws ConfigError.
Work folder_work(const std::filesystem::path& folder, const Arguments& given, NamedModels& models);

}  // namespace faceoff
