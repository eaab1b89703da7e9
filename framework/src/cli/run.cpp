// faceoff run: an experiment from its file to its run folder.
#include <boost/program_options/value_semantic.hpp>

#include <filesystem>
#include <iostream>
#include <set>
#include <sstream>
#include <system_error>

#include "base/files.hpp"
#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/options.hpp"
#include "cli/progress.hpp"
#include "cli/summary.hpp"
#include "cli/terminal_observer.hpp"
#include "plugins/black_box.hpp"
#include "report/tensorboard.hpp"
#include "run/attack_items.hpp"
#include "run/ranks.hpp"
#include "run/results.hpp"
#include "run/run_folder.hpp"
#include "run/run_items.hpp"
#include "run/trace_files.hpp"
#include "run/worker.hpp"

namespace faceoff {

namespace {

namespace po = boost::program_options;

po::options_description options() {
  po::options_description all("faceoff run EXPERIMENT.toml");
  all.add_options()                                                           //
      ("help,h", "show this")                                                 //
      ("experiment", po::value<std::string>(), "the experiment's TOML file")  //
      ("set", po::value<std::vector<std::string>>()->composing(),
       "KEY=VALUE: put a value in place of the file's; VALUE is TOML, else a string; may be repeated")       //
      ("out", po::value<std::string>(), "the run's folder, absent or empty; else one is made in runs/")      //
      ("resume", "go on with what is in --out: keep the items that would come out the same, do the others")  //
      ("shard", po::value<std::string>(),
       "I/N: do the I-th of N parts of the items; faceoff merge puts them together")  //
      ("dry-run",
       "build and check every plugin, list the items and how long they may take, touch no picture, write nothing")  //
      ("tensorboard", "also write an event file for TensorBoard an item: steps, and pictures before and after")     //
      ("isolate", "run the items in a worker process, so that a plugin that crashes costs one item")                //
      ("time-limit", po::value<double>(), "seconds for the set-up, and for one item, with --isolate; else 3600")    //
      ("plugin-path", po::value<std::vector<std::string>>()->composing(),
       "a folder with more plugins; may be repeated");
  return all;
}

/// Says what was achieved and where it is; returns the exit code.
int conclude(const Done& done) {
  const int interrupted = Interrupt::received();
  if (!done.told) return interrupted != 0 ? 128 + interrupted : 0;
  const Summary summary = summarise(done.run);
  std::cerr << summary.text;
  print(done.run.string() + "\n");
  if (interrupted == 0 && done.items < done.of) {
    std::cerr << "only " << done.items << " of " << done.of
              << " items are there: do all ranks see one folder? --resume --out goes on\n";
    return static_cast<int>(ExitCode::items_failed);
  }
  if (interrupted != 0 && done.items < done.of) {
    std::cerr << "stopped after " << done.items << " of " << done.of
              << " items, which are saved; --resume --out goes on with them\n";
    return 128 + interrupted;
  }
  return static_cast<int>(summary.failed > 0 ? ExitCode::items_failed : ExitCode::done);
}

/// What would be done, and how long it would take.
int tell(const RunItems& items) {
  print(items.listed());
  double all = 0;
  bool known = true;
  for (const RunItems::Expected& one : items.expected_time()) {
    std::cerr << one.variant << ": " << one.pictures << (one.pictures == 1 ? " picture, " : " pictures, ")
              << (one.unknown.empty() ? "about " + duration(one.seconds) : "no telling how long: " + one.unknown)
              << '\n';
    all += one.seconds;
    known &= one.unknown.empty();
  }
  if (known) std::cerr << "all: about " << duration(all) << " of attacks on this machine, with one face a picture\n";
  return static_cast<int>(ExitCode::done);
}

/// Writes down that the item under way was lost with its worker, as that one had prepared for.
void record_lost(const BlackBox& box, const Ending& ending, const std::string& why) {
  const RunFolder run(box.run.data());
  std::error_code ignored;
  std::filesystem::remove(run.path() / box.output.data(), ignored);  // nobody has judged it
  remove_traces(run.path(), box.output.data());
  run.append_result(lost_line(box.lost.data(), why, box.queries, ending.seconds));
  Progress(box.items, box.done).end_item(std::string(box.picture.data()) + ": failed: " + why);
}

/// Runs the items in a worker process, and in another one where a plugin ends it.
int run_isolated(const std::vector<std::string>& args, double time_limit) {
  const Interrupt interrupt;
  const SharedBlackBox box;
  while (true) {
    std::vector<std::string> command = {"worker", std::to_string(box.file()), "run"};
    command.insert(command.end(), args.begin(), args.end());
    box->item = box->step = -1;
    box->doing = {};
    const std::int64_t done_before = box->done;
    Worker worker(command, kept_stdout());
    int passed_on = 0;
    const Ending ending = worker.wait(*box, time_limit, [&] {
      if (Interrupt::received() == passed_on) return;
      passed_on = Interrupt::received();
      worker.send(passed_on);
    });
    const bool begun = box->run.front() != '\0';
    std::set<std::int64_t> saved;
    if (begun) {
      remove_temporaries(box->run.data());
      settle_results(box->run.data());
      saved = done_items(box->run.data());
      box->done = static_cast<std::int64_t>(saved.size());
    }
    const Done done{box->run.data(), box->done, box->items};
    const int interrupted = Interrupt::received();
    if (!begun && interrupted != 0) return 128 + interrupted;
    if (begun && (done.items == done.of || interrupted != 0)) {
      if (done.items == done.of && box->code < 0) {
        std::cerr << "warning: all items are saved; then something of a plugin was in the way of the process's end: "
                  << ending.text(time_limit) << '\n';
      }
      return conclude(done);
    }
    if (box->code > 0 ||
        (box->code == 0 && !begun)) {  // it could not go on, and has told why; or there was nothing to do
      if (begun) conclude(done);
      return box->code;
    }
    const std::string doing = box->doing.front() != '\0' ? box->doing.data() : "the process";
    const std::string what = doing + whereabouts(*box) + ": " + ending.text(time_limit);
    if (begun && box->item >= 0 && !saved.contains(box->item)) {
      record_lost(*box, ending, what);
      if (++box->done == done.of) {
        settle_results(done.run);
        return conclude({done.run, box->done, done.of});
      }
    } else if (!begun || done.items == done_before) {
      // Between two items there is nobody to blame; but where nothing gets done any more, nothing will.
      throw PluginError(what);
    }
  }
}

po::variables_map parse(const std::vector<std::string>& args) {
  po::positional_options_description positional;
  positional.add("experiment", 1);
  po::variables_map values = parse_options(args, options(), positional);
  if (!values.contains("help") && !values.contains("experiment"))
    throw ConfigError("run needs an experiment: faceoff run EXPERIMENT.toml");
  return values;
}

RunRequest request_of(const std::vector<std::string>& args, const po::variables_map& values) {
  RunRequest request{
      args, values["experiment"].as<std::string>(), list(values, "set"), list(values, "plugin-path"), {}, {}, {}, {}};
  if (values.contains("tensorboard")) request.events = to_events;
  if (values.contains("out")) request.out = values["out"].as<std::string>();
  request.resume = values.contains("resume");
  if (request.resume && !request.out) throw ConfigError("--resume needs --out: the folder of the run to go on with");
  if (values.contains("shard")) request.shard = Shard::parse(values["shard"].as<std::string>());
  if (!Ranks::launched() || values.contains("dry-run")) return request;
  if (values.contains("shard"))
    throw ConfigError("--shard is for jobs without a launcher; the ranks of this one share the items by themselves");
  if (values.contains("isolate"))
    throw ConfigError("--isolate is for one process; a launcher starts its ranks again by itself (--max-restarts)");
  return request;
}

}  // namespace

int run_command(std::vector<std::string> args) {
  const po::variables_map values = parse(args);
  if (values.contains("help")) {
    std::ostringstream text;
    text << options();
    print(text.str());
    return static_cast<int>(ExitCode::done);
  }
  constexpr double usual = 3600;
  const double limit = values.contains("time-limit") ? values["time-limit"].as<double>() : usual;
  if (!(limit > 0)) throw ConfigError("--time-limit: a number of seconds above 0");
  if (values.contains("isolate")) {
    request_of(args, values);  // what it refuses is refused here
    return run_isolated(args, limit);
  }
  if (values.contains("time-limit"))
    throw ConfigError("--time-limit says nothing without --isolate: an item can't be ended in this process");
  TerminalObserver observer;
  RunItems items(request_of(args, values), observer);
  if (values.contains("dry-run")) return tell(items);
  const Interrupt interrupt;
  return conclude(items.run());
}

int run_in_worker(const std::vector<std::string>& args) {
  const po::variables_map values = parse(args);
  TerminalObserver observer;
  RunItems items(request_of(args, values), observer);
  if (values.contains("dry-run")) return tell(items);
  const Interrupt interrupt;
  items.run();
  return Interrupt::received() != 0 ? 128 + Interrupt::received() : 0;
}

}  // namespace faceoff
