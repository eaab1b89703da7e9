#pragma once

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "temporary_folder.hpp"

/// The program as a user meets it: a command line, an environment, a folder, and what comes back.
namespace system_test {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Args = std::vector<std::string>;

/// What is started, and where.
struct Call {
  Args command;
  std::map<std::string, std::optional<std::string>> environment = {};  ///< beside the test's own; nothing: not set
  fs::path folder = fs::current_path();  ///< the tests' working folder, where models/ has what is pinned alone
};

struct Outcome {
  int code = 0;  ///< the exit code, or minus the signal that ended it
  std::string out, err;
  std::int64_t peak = 0;  ///< the most memory that it had at once, in bytes
};

/// A running program; killed where a test leaves it behind.
class Process {
 public:
  explicit Process(const Call& call);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();
  void send(int signal) const;
  bool running();
  Outcome wait();

 private:
  void reap(int flags);

  TemporaryFolder folder_;
  int pid_ = -1;
  bool ended_ = false;
  int status_ = 0;
  std::int64_t peak_ = 0;
};

Outcome run(const Call& call);

/// A call of faceoff with these arguments.
Call faceoff(const Args& args, const fs::path& folder = fs::current_path());
/// The same, run.
Outcome run_faceoff(const Args& args, const fs::path& folder = fs::current_path());

/// Waits until it is so, at most that long; whether it came to be.
bool wait_until(const std::function<bool()>& so, std::chrono::seconds longest = std::chrono::seconds(60));

std::string read_text(const fs::path& path);
fs::path write_text(const fs::path& path, const std::string& text);
std::vector<std::string> lines_of(const std::string& text);
bool contains(const std::string& text, const std::string& part);

/// results.jsonl of a run, a line an item. A torn line is an error.
std::vector<Json> results(const fs::path& run);
/// The item without what differs between identical runs.
Json timeless(Json item);
/// Every file in a folder, relative to it, sorted.
std::vector<std::string> files_in(const fs::path& folder);

/// A Python with PyTorch, chosen as scripts/models does.
std::string torch_python();

/// Paths as a list that --set takes.
std::string toml_list(const std::vector<fs::path>& paths);

}  // namespace system_test
