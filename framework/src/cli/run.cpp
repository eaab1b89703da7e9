// faceoff run: an experiment from its file to its run folder.
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <set>
#include <system_error>

#include "base/files.hpp"
#include "cli/commands.hpp"
#include "cli/process.hpp"
#include "cli/progress.hpp"
#include "cli/summary.hpp"
#include "cli/terminal_observer.hpp"
#include "plugins/black_box.hpp"
#include "report/tensorboard.hpp"
#include "run/attack_batches.hpp"
#include "run/item.hpp"
#include "run/ranks.hpp"
#include "run/results.hpp"
#include "run/run_folder.hpp"
#include "run/run_items.hpp"

namespace faceoff {

namespace {

/// Says what was achieved and where it is; returns the exit code.
int conclude(const Done& done) {
  const int interrupted = Interrupt::received();
  if (!done.told) return interrupted != 0 ? 128 + interrupted : 0;
  const Summary summary = summarise(done.run, done.run);
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

/// What would be done, and how long it would take; a fault that the trial met ends it as it would end the run.
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
  if (known) std::cerr << "all: about " << duration(all) << " of attacks on this machine\n";
  return static_cast<int>(known ? ExitCode::done : ExitCode::items_failed);
}

/// Writes down that the item under way was lost with its worker, as that one had prepared for.
void record_lost(const BlackBox& box, const WorkerEnd& end, const std::string& why) {
  const RunFolder run(box.run.data());
  std::error_code ignored;
  std::filesystem::remove(run.path() / box.output.data(), ignored);  // nobody has judged it
  remove_traces(run.path(), box.output.data());
  run.append_result(lost_line(box.lost.data(), why, box.queries, end.seconds));
  Progress(box.items, box.done).end_item(std::string(box.picture.data()) + ": failed: " + why);
}

/// Does the run's work in a worker process, and in another one where a plugin ends it.
int run_isolated(const std::function<int()>& work, double time_limit) {
  const Interrupt interrupt;
  const SharedBlackBox box;
  while (true) {
    box->item = box->group = box->step = -1;
    box->doing = {};
    const std::int64_t done_before = box->done;
    const WorkerEnd end = run_worker(work, box, time_limit);
    const bool begun = box->run.front() != '\0';
    std::set<std::int64_t> saved;
    if (begun) {
      remove_temporaries(box->run.data());
      settle_results(box->run.data());
      saved = done_items(box->run.data()).all;
      box->done = static_cast<std::int64_t>(saved.size());
    }
    const Done done{box->run.data(), box->done, box->items};
    const int interrupted = Interrupt::received();
    if (!begun && interrupted != 0) return 128 + interrupted;
    if (begun && (done.items == done.of || interrupted != 0)) {
      if (done.items == done.of && box->code < 0) {
        std::cerr << "warning: all items are saved; then something of a plugin was in the way of the process's end: "
                  << end.text(time_limit) << '\n';
      }
      return conclude(done);
    }
    if (box->code > 0 ||
        (box->code == 0 && !begun)) {  // it could not go on, and has told why; or there was nothing to do
      if (begun) conclude(done);
      return box->code;
    }
    const std::string doing = box->doing.front() != '\0' ? box->doing.data() : "the process";
    const std::string what = doing + whereabouts(*box) + ": " + end.text(time_limit);
    if (begun && box->item >= 0 && !saved.contains(box->item)) {
      record_lost(*box, end, what);
      if (++box->done == done.of) {
        settle_results(done.run);
        return conclude({done.run, box->done, done.of});
      }
    } else if (begun && box->group >= 0 && box->apart != box->group) {
      // Of pictures that are attacked together nobody knows whose doing it was: it is found out one by one.
      std::cerr << what << "; its batch is attacked picture by picture\n";
      box->apart = box->group.load();
    } else if (!begun || done.items == done_before) {
      // Between two items there is nobody to blame; but where nothing gets done any more, nothing will.
      throw PluginError(what);
    }
  }
}

RunRequest request_of(const Arguments& given) {
  RunRequest request{given.args, given.text("experiment"), given.texts("set"), given.texts("plugin-path"), {}, {}, {},
                     {}};
  for (const char* key : {"batch", "threads"}) {
    if (given.has(key)) request.sets.push_back(std::string("run.") + key + "=" + std::to_string(given.integer(key)));
  }
  if (given.has("tensorboard")) request.events = to_events;
  if (given.has("out")) request.out = given.text("out");
  request.resume = given.has("resume");
  if (request.resume && !request.out) throw ConfigError("--resume needs --out: the folder of the run to go on with");
  if (given.has("shard")) request.shard = Shard::parse(given.text("shard"));
  if (!Ranks::launched() || given.has("dry-run")) return request;
  if (given.has("shard"))
    throw ConfigError("--shard is for jobs without a launcher; the ranks of this one share the items by themselves");
  if (given.has("isolate"))
    throw ConfigError("--isolate is for one process; a launcher starts its ranks again by itself (--max-restarts)");
  return request;
}

/// In this process. `end` makes the exit code of what was done.
int attack(const Arguments& given, int (*end)(const Done&)) {
  TerminalObserver observer;
  RunItems items(request_of(given), observer);
  if (given.has("dry-run")) return tell(items);
  if (Ranks::launched()) end_with_launcher();
  const Interrupt interrupt;
  return end(items.run());
}

int attack(const Arguments& given) {
  constexpr double usual = 3600;
  const double limit = given.has("time-limit") ? given.time_limit() : usual;
  if (given.has("isolate")) {
    request_of(given);  // what it refuses is refused here
    const auto conclude_later = [](const Done&) {
      return Interrupt::received() != 0 ? 128 + Interrupt::received() : 0;
    };
    return run_isolated([&] { return attack(given, conclude_later); }, limit);
  }
  if (given.has("time-limit"))
    throw ConfigError("--time-limit says nothing without --isolate: an item can't be ended in this process");
  return attack(given, conclude);
}

}  // namespace

Command run_command() {
  return Command("faceoff run EXPERIMENT.toml", "Attacks pictures as an experiment says.", attack)
      .text("experiment", "the experiment's TOML file")
      .operand("experiment", 1, "run needs an experiment")
      .texts("set", "KEY=VALUE: put a value in place of the file's; VALUE is TOML, else a string; may be repeated")
      .text("out", "the run's folder, absent or empty; else one is made in runs/")
      .flag("resume", "go on with what is in --out: keep the items that would come out the same, do the others")
      .text("shard", "I/N: do the I-th of N parts of the items; faceoff merge puts them together")
      .flag("dry-run",
            "build and check every plugin, list the items, try on some how long they may take, write nothing")
      .integer("batch", "pictures attacked together, as [run] batch; 1: each alone")
      .integer("threads", "threads of this process, as [run] threads; else OMP_NUM_THREADS, or a core each")
      .flag("tensorboard", "also write an event file for TensorBoard an item: steps, and pictures before and after")
      .flag("isolate", "run the items in a worker process, so that a plugin that crashes costs one item")
      .number("time-limit", "seconds for the set-up, and for one item, with --isolate; else 3600")
      .texts("plugin-path", "a folder with more plugins; may be repeated");
}

}  // namespace faceoff
