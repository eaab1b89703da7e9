// Plugins that end the process, hang it, or come between it and the system.
#include <algorithm>
#include <csignal>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "bad_run.hpp"

namespace bad_plugins {
namespace {

class LethalRun : public BadRun {};

// What ends a process ends a worker.

const Faults lethal = {{"segfault", {"ended by signal 11 (Segmentation fault)"}},
                       {"aborts", {"ended by signal 6 (Aborted)"}},
                       {"killed", {"ended by signal 9 (Killed)"}},
                       {"exits_0", {"ended the process with exit code 0"}},
                       {"exits_3", {"ended the process with exit code 3"}},
                       {"throws_on_a_thread", {"ended by signal 6 (Aborted)"}},
                       {"none", {}}};

TEST_F(LethalRun, ALethalLossCostsItsItem) {
  expect_cost("loss.0.fault", lethal, {"plugin bad_loss", "step 2: "}, {"--isolate", "--set", "loss.0.at_step=2"});
}

TEST_F(LethalRun, ALethalModelCostsItsItem) {
  expect_cost("models.toy.fault", lethal, {"plugin bad_model, model 'toy'"},
              {"--isolate", "--set", "models.toy.at_step=0"});
}

TEST_F(LethalRun, ALethalAugmentationCostsItsItem) {
  expect_cost("augment.0.fault", lethal, {"plugin bad_augmentation", "step 1: "}, {"--isolate"});
}

TEST_F(LethalRun, ALethalOptimizerCostsItsItem) {
  expect_cost("optimizer.fault", lethal, {"plugin bad_optimizer", "step 4: "},
              {"--isolate", "--set", "optimizer.at_step=4"});
}

TEST_F(LethalRun, LethalItemsOneAfterAnother) {
  const Outcome outcome = attack({"--isolate", "--set", "data.pictures=[\"dark.png\"]", "--set",
                                  "sweep={\"loss.0.fault\"=[\"segfault\", \"leaves_a_child\", \"aborts\", \"none\"]}"});
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  const std::vector<Json> items = system_test::results(folder_ / "run");
  expect_complete(items, 4);
  ASSERT_EQ(items.size(), 4U);
  for (std::size_t i = 0; i < 3; ++i) expect_failed(items[i], {"plugin bad_loss", "step 1: ended by signal"});
  expect_whole(items[3]);
}

TEST_F(LethalRun, AHangCostsItsItem) {
  expect_cost("loss.0.fault", {{"hangs", {"not done within 5 s (--time-limit)"}}, {"none", {}}},
              {"plugin bad_loss", "step 2: "}, {"--isolate", "--time-limit", "5", "--set", "loss.0.at_step=2"});
}

TEST_F(LethalRun, CostsOneOfABatchAlone) {
  expect_cost("loss.0.fault", {{"throws_std", {"out of ideas"}}, {"nan", {"not finite"}}}, {"plugin bad_loss", "item "},
              {"--batch", "3"});
}

TEST_F(LethalRun, LethalCostsOneOfABatchAlone) {
  expect_cost("loss.0.fault",
              {{"segfault", {"ended by signal 11"}},
               {"exits_0", {"exit code 0"}},
               {"hangs", {"not done within 2 s (--time-limit)"}}},
              {"plugin bad_loss", "step 2: "},
              {"--isolate", "--batch", "3", "--time-limit", "2", "--set", "loss.0.at_step=2"});
  // Nor is a part of the batch left over where the worker is gone.
  const Outcome outcome = attack({"--isolate", "--batch", "2", "--set", "optimizer.fault=segfault"});
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "its batch is attacked picture by picture")) << outcome.err;
  for (const Json& item : system_test::results(folder_ / "run"))
    item["picture"] == "dark.png" ? expect_failed(item, {"plugin bad_optimizer"}) : expect_whole(item);
}

TEST_F(LethalRun, ALethalDestructorCostsNothing) {
  for (const char* fault : {"throws_std", "segfault", "exits_3"}) {
    SCOPED_TRACE(fault);
    const Outcome outcome =
        attack({"--isolate", "--set", "loss.0.when=destructor", "--set", std::string("loss.0.fault=") + fault});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(lines_with(outcome.err, "warning: ").size(), 1U) << outcome.err;
    const std::vector<Json> items = system_test::results(folder_ / "run");
    expect_complete(items, 3);
    for (const Json& item : items) expect_whole(item);
  }
}

TEST_F(LethalRun, ALethalSetupIsRefused) {
  const std::map<std::string, std::string> said = {{"segfault", "ended by signal 11 (Segmentation fault)"},
                                                   {"exits_0", "ended the process with exit code 0"},
                                                   {"exits_3", "ended the process with exit code 3"},
                                                   {"hangs", "not done within 5 s (--time-limit)"}};
  for (const auto& [fault, reason] : said) {
    SCOPED_TRACE(fault);
    const Outcome outcome =
        attack({"--isolate", "--time-limit", "5", "--set", "loss.0.when=setup", "--set", "loss.0.fault=" + fault});
    const std::string message = expect_refused(outcome, 3);
    EXPECT_TRUE(contains(message, "plugin bad_loss")) << message;
    EXPECT_TRUE(contains(message, reason)) << message;
  }
}

TEST_F(LethalRun, AThreadThatCrashesWheneverItLikes) {
  const Outcome outcome = attack({"--isolate", "--set", "loss.0.fault=crashes_soon"});
  const std::vector<Json> items = system_test::results(folder_ / "run");
  expect_complete(items, 3);
  bool failed = false;
  for (const Json& item : items) {
    if (item["status"] == "failed") {
      failed = true;
      expect_failed(item, {"ended by signal 11 (Segmentation fault)"});
    } else {
      expect_whole(item);
    }
  }
  EXPECT_EQ(outcome.code, failed ? 1 : 0) << outcome.err;
}

TEST_F(LethalRun, AWorkerThatCannotBeReplaced) {
  const Outcome outcome = attack({"--isolate", "--set", "optimizer.fault=segfault", "--set", "optimizer.at_step=2",
                                  "--set", "loss.0.when=setup", "--set", "loss.0.fault=throws_in_the_second_process"});
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  EXPECT_EQ(lines_with(outcome.err, "faceoff: "),
            std::vector<std::string>{"faceoff: " + std::string(place_of_loss) + "plugin bad_loss: once is enough"});
  const std::vector<Json> items = system_test::results(folder_ / "run");
  expect_complete(items, 2);
  ASSERT_EQ(items.size(), 2U);
  expect_whole(items[0]);
  expect_failed(items[1], {"plugin bad_optimizer, item 1, step 2: ended by signal 11"});
  EXPECT_EQ(items[1]["queries"], 1);
}

TEST_F(LethalRun, AnExperimentThatChangesWhileItRuns) {
  const Outcome outcome = attack({"--isolate", "--set", "loss.0.fault=edits_the_experiment"});
  EXPECT_EQ(outcome.code, 2) << outcome.err;
  EXPECT_EQ(lines_with(outcome.err, "faceoff: "),
            std::vector<std::string>{"faceoff: x.toml: it, its pictures, plugins or weights changed while it ran"});
  const std::vector<Json> items = system_test::results(folder_ / "run");
  expect_complete(items, 2);
  ASSERT_EQ(items.size(), 2U);
  expect_whole(items[0]);
  expect_failed(items[1], {"plugin bad_loss, item 1, step 1: ended by signal 11"});
}

TEST_F(LethalRun, ALibraryThatChangesWhileItRuns) {
  // The first worker is ended by dark.png; what the next one would load is another file.
  const fs::path plugins = folder_ / "plugins";
  fs::create_directory(plugins);
  for (const char* kind : {"model", "loss", "augmentation", "optimizer"})
    fs::copy(built("run") / ("bad_" + std::string(kind) + ".so"), plugins);
  fs::copy(built("run") / "bad_factories.so", folder_ / "other.so");
  for (const std::string fault : {"replaces_a_library", "removes_a_library"}) {
    SCOPED_TRACE(fault);
    fs::remove_all(folder_ / "run");
    const Outcome outcome = system_test::run_faceoff(
        {"run", "x.toml", "--out", "run", "--plugin-path", "plugins", "--isolate", "--set", "loss.0.fault=" + fault},
        folder_.path());
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    const std::vector<std::string> said = lines_with(outcome.err, "faceoff: ");
    ASSERT_EQ(said.size(), 1U) << outcome.err;
    EXPECT_TRUE(said[0].starts_with("faceoff: x.toml: it, its pictures, plugins or weights changed while it ran"))
        << said[0];
    expect_complete(system_test::results(folder_ / "run"), 2);
    fs::copy_file(built("run") / "bad_optimizer.so", plugins / "bad_optimizer.so",
                  fs::copy_options::overwrite_existing);
  }
}

TEST_F(LethalRun, WithStandardFilesClosed) {
  for (const std::string closed : {"2>&-", "0<&- 2>&-"}) {
    for (const char* isolate : {"", " --isolate"}) {
      SCOPED_TRACE(closed + isolate);
      fs::remove_all(folder_ / "run");
      const Outcome outcome = system_test::run(
          {{"sh", "-c", "exec \"$0\" run x.toml --out run --plugin-path \"$1\"" + std::string(isolate) + " " + closed,
            FACEOFF_BINARY, built("run").string()},
           {},
           folder_.path()});
      EXPECT_EQ(outcome.code, 0);
      EXPECT_EQ(outcome.out, "run\n");
      const std::vector<Json> items = system_test::results(folder_ / "run");
      expect_complete(items, 3);
      for (const Json& item : items) expect_whole(item);
    }
  }
}

TEST_F(LethalRun, WhatAPluginPrintsIsNoData) {
  for (const Args& isolate : {Args{}, Args{"--isolate"}}) {
    Args args = {"--set", "loss.0.fault=prints"};
    args.insert(args.end(), isolate.begin(), isolate.end());
    const Outcome outcome = attack(args);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "run\n");
    EXPECT_TRUE(contains(outcome.err, "hello\n")) << outcome.err;
  }
}

TEST_F(LethalRun, AModelInInferenceModeIsAttackedByItsValues) {
  const Outcome outcome = attack(
      {"--set", "models.bad.inference=true", "--set", "models.bad.at_step=0", "--set", "optimizer.gradient=false"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  for (const Json& item : system_test::results(folder_ / "run")) EXPECT_EQ(item["status"], "attacked") << item;
}

TEST_F(LethalRun, FieldsThatThereAreNot) {
  for (const std::string key : {"loss.0", "models.bad"}) {
    const std::string message = expect_refused(attack({"--set", key + ".fields=1025"}), 3);
    EXPECT_TRUE(contains(message, "its fields are 1025, and some of them are none")) << message;
  }
}

TEST_F(LethalRun, ViewsThatNobodyCanMake) {
  const std::map<std::string, std::string> said = {{"[0, 7]", "asks for a view of 0 by 7 pixels"},
                                                   {"[-5, 7]", "asks for a view of -5 by 7 pixels"},
                                                   {"[1000000000, 1000000000]", "by 1000000000 pixels"}};
  for (const auto& [size, message] : said) {
    const std::string refused = expect_refused(attack({"--set", "models.bad.size=" + size}), 2);
    EXPECT_TRUE(contains(refused, message)) << refused;
  }
}

TEST_F(LethalRun, WithoutIsolationWhoeverEndsTheProcessIsTold) {
  const std::string who = "faceoff: plugin bad_loss, item 1, step 1: ";
  const auto said = [&](const std::string& fault, int code) {
    const Outcome outcome = attack({"--set", "loss.0.fault=" + fault});
    EXPECT_EQ(outcome.code, code) << outcome.err;
    const std::vector<std::string> lines = lines_with(outcome.err, who);
    EXPECT_EQ(lines.size(), 1U) << outcome.err;
    return lines.empty() ? "" : lines.front().substr(who.size());
  };
  EXPECT_EQ(said("exits_0", 3), "ended the process");
  EXPECT_EQ(said("exits_3", 3), "ended the process");
  EXPECT_EQ(said("throws_on_a_thread", -SIGABRT), "thrown where nothing can catch it: thrown on a thread");
}

TEST_F(LethalRun, WithoutIsolationTheLinesThatAreThereAreWhole) {
  const Outcome outcome = attack({"--set", "loss.0.fault=segfault"});
  EXPECT_NE(outcome.code, 0);
  const std::vector<Json> items = system_test::results(folder_ / "run");
  ASSERT_LE(items.size(), 1U);  // it may not have been written yet when the next one's attack began
  for (const Json& item : items) {
    EXPECT_EQ(item["picture"], "before.png");
    expect_whole(item);
  }
}

}  // namespace
}  // namespace bad_plugins
