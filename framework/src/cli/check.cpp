// faceoff plugins check: whether the plugins of a library keep their interfaces' promises.
#include <boost/program_options/value_semantic.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <map>
#include <sstream>

#include "base/one_line.hpp"
#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/plugin_params.hpp"
#include "plugins/black_box.hpp"
#include "plugins/contract/contract.hpp"
#include "plugins/model_pool.hpp"
#include "run/worker.hpp"

namespace faceoff {

namespace po = boost::program_options;

int check_in_worker(const std::string& file, const std::vector<std::string>& sets) {
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

int check_command(const std::vector<std::string>& args) {
  po::options_description shown("Options");
  auto add = shown.add_options();
  add("help,h", "this text");
  add("set", po::value<std::vector<std::string>>()->composing(),
      "PLUGIN.KEY=VALUE: a parameter in place of its default; may be repeated");
  add("time-limit", po::value<double>()->default_value(300), "seconds for one check");
  po::options_description options;
  options.add(shown).add_options()("file", po::value<std::string>());
  po::positional_options_description positional;
  positional.add("file", 1);
  const po::variables_map given = parse_options(args, options, positional);
  if (given.contains("help")) {
    std::ostringstream text;
    text << "faceoff plugins check FILE.so: holds the plugins of a library to their interfaces, in a process of its "
            "own\n\n"
         << shown;
    print(text.str());
    return 0;
  }
  if (!given.contains("file")) throw ConfigError("check needs a library: faceoff plugins check FILE.so");
  const std::string file = given["file"].as<std::string>();
  std::error_code ignored;
  if (!std::filesystem::exists(std::filesystem::symlink_status(file, ignored)))
    throw ConfigError("no library " + one_line(file));
  const double limit = given["time-limit"].as<double>();
  if (!(limit > 0)) throw ConfigError("--time-limit: a number of seconds above 0");
  const SharedBlackBox box;
  std::vector<std::string> command = {"worker", std::to_string(box.file()), "check", file};
  if (given.contains("set"))
    std::ranges::copy(given["set"].as<std::vector<std::string>>(), std::back_inserter(command));
  Worker worker(command, kept_stdout());
  const Ending ending = worker.wait(*box, limit, [] {});
  if (ending.signal == SIGPIPE) ::raise(SIGPIPE);  // nobody reads on
  if (box->code > 0 || (box->code == 0 && ending.signal == 0)) return box->code;
  const std::string doing = box->doing.front() != '\0' ? box->doing.data()
                            : box->beats > 0           ? "its destructors, or what it does when the process ends"
                                                       : "its code that runs when it is loaded";
  throw PluginError(one_line(doing) + ": " + ending.text(limit));
}

}  // namespace faceoff
