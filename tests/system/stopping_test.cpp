// Ctrl-C and what it leaves.
#include <gtest/gtest.h>

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "pictures.hpp"
#include "program.hpp"
#include "run_folder.hpp"

namespace system_test {
namespace {

class Stopping : public RunFolder {
 protected:
  /// Starts on two pictures with some seconds of work each, and returns once the first is being attacked.
  Process& start(const Args& more = {}) {
    Args args = {"--batch", "1"};
    args.insert(args.end(), more.begin(), more.end());
    return start_on({"first.png", "second.png"}, args);
  }

  Process& start_on(const std::vector<std::string>& pictures, const Args& more) {
    std::string list;
    for (const std::string& picture : pictures) {
      save(picture, list.empty() ? small_picture() : shifted_small_picture());
      list += (list.empty() ? "\"" : ", \"") + picture + "\"";
    }
    Args args = {"--set", "optimizer.steps=8"};
    args.insert(args.end(), more.begin(), more.end());
    process_.emplace(call(hide("[" + list + "]"), args));
    const fs::path images = folder_ / "run" / "images" / "base";
    EXPECT_TRUE(wait_until([&] { return fs::exists(images) || !process_->running(); }));
    return *process_;
  }

  /// That a signal during the first picture lets that one finish, and ends the process with this code.
  void expect_first_saved(Process& process, int signal, int code) const {
    process.send(signal);
    const Outcome outcome = process.wait();
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "stopped after 1 of 2 items, which are saved")) << outcome.err;
    const std::vector<Json> all = results(folder_ / "run");
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0]["status"], "attacked");
    EXPECT_EQ(files_in(folder_ / "run"),
              (std::vector<std::string>{"environment.json", "experiment.toml", "images/base/first.png", "resolved.toml",
                                        "results.jsonl", "traces/base/first.csv"}));
  }

  std::optional<Process> process_;
};

TEST_F(Stopping, TheFirstCtrlCFinishesTheItemAndSaves) {
  expect_first_saved(start(), SIGINT, 130);
}

TEST_F(Stopping, TheFirstCtrlCFinishesTheBatchAndSaves) {
  Process& process = start_on({"first.png", "second.png", "third.png"}, {"--batch", "2"});
  process.send(SIGINT);
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.code, 130) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "stopped after 2 of 3 items, which are saved")) << outcome.err;
  EXPECT_EQ(results(folder_ / "run").size(), 2U);
}

TEST_F(Stopping, SoItDoesWhereAWorkerHasTheItem) {
  expect_first_saved(start({"--isolate"}), SIGINT, 130);
}

TEST_F(Stopping, SoDoesSigterm) {
  expect_first_saved(start(), SIGTERM, 143);
}

TEST_F(Stopping, TheSecondCtrlCStopsAtOnce) {
  Process& process = start();
  // Two signals at once may be one.
  EXPECT_TRUE(wait_until([&] {
    process.send(SIGINT);
    return !process.running();
  }));
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.code, -SIGINT) << outcome.err;
  EXPECT_TRUE(results(folder_ / "run").empty());
  EXPECT_EQ(files_in(folder_ / "run"),
            (std::vector<std::string>{"environment.json", "experiment.toml", "resolved.toml", "results.jsonl"}));
}

}  // namespace
}  // namespace system_test
