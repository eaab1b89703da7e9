#pragma once

#include <boost/program_options/variables_map.hpp>

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
#include "run/environment.hpp"
#include "run/item_line.hpp"
#include "toml/document.hpp"

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
  std::vector<const Person*> people;
};

/// Everything that is to be evaluated, and by whom.
struct Work {
  std::string name;
  std::filesystem::path out;
  Examination examination;
  std::vector<VariantWork> variants;
  std::vector<Task> tasks;
  std::vector<std::string> people;  ///< as [data] people
  std::vector<std::string> gone;    ///< attacked models that are not there, and so do not judge
  Choices choices;                  ///< of the variants, for the report
  std::int64_t without_face = 0, failed = 0, missing = 0;
};

/// The device that judges: --device, else the run's, if it is there, else the processor. Throws ConfigError where that
/// of --device is not there.
at::Device judging_device(const std::filesystem::path& what, const boost::program_options::variables_map& given);

/// A run's: its results say what was attacked, its resolved.toml who judges. No plugin that only an attack uses is
/// asked for.
class RunWork {
 public:
  /// Throws ConfigError where not all variants are judged alike, FileError where it is not as a run left it.
  RunWork(const std::filesystem::path& run, const boost::program_options::variables_map& given, NamedModels& models);

  Work work;

  /// The people by their photos that a variant's faces are to be taken for, if it names some.
  void add_fixed(std::deque<Person>& kept);

 private:
  void require_judged_alike(const std::filesystem::path& run, const boost::program_options::variables_map& given) const;
  void choose_judges(const boost::program_options::variables_map& given, NamedModels& models);
  /// What stands for an attacked model that is not there: what the run knew of it.
  const LoadedModel* stand_in(const std::string& name, const std::string& why);
  void read_result(const std::filesystem::path& run, const ItemLine& line, const std::string& where);

  Document document_;
  std::optional<Environment> environment_;
  std::vector<Experiment> experiments_;
  std::deque<LoadedModel> stand_ins_;
};

/// A folder's of pictures that were made by whatever means. Throws ConfigError.
Work folder_work(const std::filesystem::path& folder, const boost::program_options::variables_map& given,
                 NamedModels& models);

}  // namespace faceoff
