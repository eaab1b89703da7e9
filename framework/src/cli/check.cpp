// faceoff plugins check: whether the plugins of a library keep their interfaces' promises.
#include <csignal>
#include <filesystem>
#include <map>

#include "base/one_line.hpp"
#include "cli/commands.hpp"
#include "cli/named_models.hpp"
#include "cli/process.hpp"
#include "plugins/black_box.hpp"
#include "plugins/contract/contract.hpp"

namespace faceoff {

namespace {

/// The checks of a library; `sets`: PLUGIN.KEY=VALUE.
int check_library(const std::string& file, const std::vector<std::string>& sets) {
  PluginLibrary library;
  library.load_file(file);
  for (const BrokenPlugin& broken : library.broken()) throw PluginError(to_string(broken));
  std::map<const PluginInfo*, PluginParams> params = read_params(library.all(), sets);
  int faults = 0;
  for (const PluginInfo* info : library.all()) {
    ++BlackBox::here().beats;
    print(to_string(info->kind) + " " + info->name + "\n");
    check_contract(
        library, *info, params[info], setup_on(at::kCPU), [&](const std::string& check, const std::string& fault) {
          ++BlackBox::here().beats;
          faults += fault.empty() ? 0 : 1;
          print(fault.empty() ? "  ok      " + check + "\n" : "  FAILED  " + check + ": " + one_line(fault) + "\n");
        });
  }
  return static_cast<int>(faults == 0 ? ExitCode::done : ExitCode::plugin);
}

int check(const Arguments& given) {
  const std::string file = given.text("file");
  std::error_code ignored;
  if (!std::filesystem::exists(std::filesystem::symlink_status(file, ignored)))
    throw ConfigError("no library " + one_line(file));
  const double limit = given.time_limit();
  const SharedBlackBox box;
  const WorkerEnd end = run_worker([&] { return check_library(file, given.texts("set")); }, box, limit);
  if (end.signal == SIGPIPE) ::raise(SIGPIPE);  // nobody reads on
  if (box->code > 0 || (box->code == 0 && end.signal == 0)) return box->code;
  const std::string doing = box->doing.front() != '\0' ? box->doing.data()
                            : box->beats > 0           ? "its destructors, or what it does when the process ends"
                                                       : "its code that runs when it is loaded";
  throw PluginError(one_line(doing) + ": " + end.text(limit));
}

}  // namespace

Command check_command() {
  return Command("faceoff plugins check FILE.so",
                 "Holds the plugins of a library to their interfaces, in a process of its own.", check)
      .operand("file", 1, "check needs a library")
      .texts("set", "PLUGIN.KEY=VALUE: a parameter in place of its default; may be repeated")
      .number("time-limit", "seconds for one check", 300);
}

}  // namespace faceoff
