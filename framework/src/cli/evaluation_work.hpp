#pragma once

#include <boost/program_options/variables_map.hpp>

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "cli/named_models.hpp"
#include "experiment/experiment.hpp"
#include "judge/evaluation.hpp"
#include "judge/evaluation_record.hpp"
#include "toml/document.hpp"

namespace faceoff {

/// A case with who judges it.
struct Task {
  CaseLabel label;
  Case one;
  std::size_t jury = 0;
};

/// Everything that is to be evaluated, and by whom.
struct Work {
  std::string name;
  std::filesystem::path out;
  Panel panel;
  std::vector<Jury> juries;
  std::vector<Task> tasks;
  std::vector<std::string> people;  ///< as [data] people
  std::int64_t without_face = 0, failed = 0, missing = 0;
};

/// A run's: its results say what was protected, its resolved.toml who judges.
class RunWork {
 public:
  /// Throws ConfigError where not all variants are judged alike, FileError where it is not as a run left it.
  RunWork(const std::filesystem::path& run, const boost::program_options::variables_map& given, NamedModels& models);

  Work work;

  /// The people by their photos that a variant's faces are to be taken for, if it names some.
  void add_fixed(std::deque<Gallery>& kept);

 private:
  void require_one_panel(const std::filesystem::path& run, const boost::program_options::variables_map& given) const;
  void prepare(const std::filesystem::path& run, const boost::program_options::variables_map& given,
               NamedModels& models);
  void read_result(const std::filesystem::path& run, const Json& line, const std::string& where);

  Document document_;
  std::vector<Experiment> experiments_;
  std::vector<std::unique_ptr<Assembly>> assemblies_;
};

/// A folder's of pictures that were made by whatever means. Throws ConfigError.
Work folder_work(const std::filesystem::path& folder, const boost::program_options::variables_map& given,
                 NamedModels& models);

}  // namespace faceoff
