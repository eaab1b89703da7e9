// Plugins that load and then misbehave: that costs the item on which they do, and nothing else.
#include <algorithm>
#include <csignal>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "attack.hpp"

namespace bad_plugins {
namespace {

/// What the item's error says, fault by fault; nothing: the fault does no harm.
using Faults = std::map<std::string, std::vector<std::string>>;

const Faults of_any_plugin = {{"throws_std", {"out of ideas"}},
                              {"throws_int", {"a C++ exception of type int"}},
                              {"throws_c10", {"no such tensor"}},
                              {"throws_nothing_to_say", {"a C++ exception of type "}},
                              {"working_folder", {"working folder"}},
                              {"inference_mode", {"inference mode"}},
                              {"throws_config", {"'steps' should be even"}},
                              {"throws_plugin", {"no such plugin"}},
                              {"throws_file", {"no such file"}},
                              {"grad_mode", {"grad mode"}},
                              {"threads", {"number of threads"}},
                              {"locale", {"locale"}},
                              {"dtype", {"default type"}},
                              {"seed", {"random numbers"}},
                              {"random", {"random numbers"}}};

Faults with(const Faults& more) {
  Faults all = of_any_plugin;
  all.insert(more.begin(), more.end());
  return all;
}

class BadRun : public Attack {
 protected:
  /// A sweep of `key` over the faults, all of them one after another in one process: dark.png's items fail with what is
  /// said and `always`, the others are whole.
  void expect_cost(const std::string& key, const Faults& faults, const std::vector<std::string>& always,
                   const Args& more = {}) {
    std::string list;
    for (const auto& [fault, said] : faults) list += (list.empty() ? "\"" : ", \"") + fault + "\"";
    Args args = {"--set", "sweep={\"" + key + "\"=[" + list + "]}"};
    args.insert(args.end(), more.begin(), more.end());
    const Outcome outcome = attack(args);
    EXPECT_EQ(outcome.code, 1) << outcome.err;
    const std::vector<Json> items = system_test::results(folder_ / "run");
    expect_complete(items, 3 * faults.size());
    for (const Json& item : items) {
      SCOPED_TRACE(item["variant"].get<std::string>() + ", " + item["picture"].get<std::string>());
      const std::string variant = item["variant"];
      std::vector<std::string> parts = faults.at(variant.substr(variant.find('=') + 1));
      if (item["picture"] != "dark.png" || parts.empty()) {
        expect_whole(item);
      } else {
        parts.insert(parts.end(), always.begin(), always.end());
        expect_failed(item, parts);
      }
    }
  }

  /// In this process, and in a worker's.
  void expect_cost_anywhere(const std::string& key, const Faults& faults, const std::vector<std::string>& always,
                            const Args& more = {}) {
    expect_cost(key, faults, always, more);
    Args isolated = more;
    isolated.emplace_back("--isolate");
    SCOPED_TRACE("isolated");
    expect_cost(key, faults, always, isolated);
  }
};

TEST_F(BadRun, ALoss) {
  expect_cost_anywhere("loss.0.fault",
                       with({{"nan", {"not finite"}},
                             {"inf", {"not finite"}},
                             {"wrong_shape", {"returned [1, 1] for 1 rows"}},
                             {"wrong_rows", {"returned [2] for 1 rows"}},
                             {"wrong_dtype", {"Double"}},
                             {"undefined", {"returned nothing"}},
                             {"detached", {"detached"}},
                             {"changes_output", {"it changed adversarial.scores"}},
                             {"changes_reference", {"it changed reference.clean.scores"}},
                             {"aliased", {}},
                             {"none", {}}}),
                       {"plugin bad_loss", "item ", "step 3: "}, {"--set", "loss.0.at_step=3"});
}

TEST_F(BadRun, AGradientThatIsNotFinite) {
  expect_cost("loss.0.fault", {{"nan_gradient", {"the gradient is not finite"}}}, {"step 2: "},
              {"--set", "loss.0.at_step=2"});
}

const Faults of_a_model = with({{"nan", {"its scores: not all finite"}},
                                {"inf", {"its scores: not all finite"}},
                                {"nan_boxes", {"its boxes: not all finite"}},
                                {"beyond_one", {"its scores: not all in [0,1]"}},
                                {"wrong_shape", {"its scores: of the shape [1, 1, 1] for 1 views"}},
                                {"wrong_rows", {"its scores: of the shape [2, 1] for 1 views"}},
                                {"fewer_boxes", {"1 scores and 0 boxes"}},
                                {"wrong_dtype", {"its scores: of the type Double"}},
                                {"undefined", {"its scores: missing"}},
                                {"changes_input", {"it changed its images"}},
                                {"aliased", {}},
                                {"none", {}}});

TEST_F(BadRun, AModel) {
  Faults faults = of_a_model;
  faults["detached"] = {"detached"};
  expect_cost_anywhere("models.bad.fault", faults, {"plugin bad_model, model 'bad'", "item ", "step 2: "},
                       {"--set", "models.bad.at_step=2"});
}

TEST_F(BadRun, AModelWithoutAGradient) {
  expect_cost("models.bad.fault", of_a_model, {"plugin bad_model, model 'bad'", "item "},
              {"--set", "models.bad.at_step=0"});
}

TEST_F(BadRun, TheDetectorThatFindsTheFaces) {
  expect_cost("models.toy.fault", of_a_model, {"plugin bad_model, model 'toy'", "item "},
              {"--set", "models.toy.at_step=0"});
}

TEST_F(BadRun, AModelThatRedraws) {
  // Where it is attacked, and not where it judges.
  const Outcome outcome = attack({"--set", "models.bad.when=attacked", "--set", "models.bad.fault=throws_std"});
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  const std::vector<Json> items = system_test::results(folder_ / "run");
  expect_complete(items, 3);
  for (const Json& item : items)
    expect_failed(item, {"plugin bad_model, model 'bad'", "item ", "step 1: ", "out of ideas"});
}

TEST_F(BadRun, AnAugmentation) {
  const Faults faults = with({{"nan", {"its pixels are not finite"}},
                              {"inf", {"its pixels are not finite"}},
                              {"wrong_shape", {"its pixels are not "}},
                              {"no_rows", {"its pixels are not "}},
                              {"wrong_dtype", {"its pixels are not "}},
                              {"undefined", {"its pixels are not "}},
                              {"resizes", {"of a model's view of [40, 48] pixels, whose size has to stay"}},
                              {"wrong_map", {"its map is not "}},
                              {"nan_map", {"its map is not "}},
                              {"detached", {"detached"}},
                              {"changes_input", {"it changed its pixels"}},
                              {"changes_map", {"it changed its map"}},
                              {"aliased", {}},
                              {"none", {}}});
  expect_cost_anywhere("augment.0.fault", faults, {"plugin bad_augmentation", "item ", "step 2: "},
                       {"--set", "augment.0.at_step=2"});
}

TEST_F(BadRun, AnAugmentationThatIsNoAffineMapWhereALossComparesBoxes) {
  const Outcome outcome = attack({"--set", "loss.0.plugin=detection", "--set", "augment.0.fault=no_map"});
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  for (const Json& item : system_test::results(folder_ / "run")) {
    if (item["picture"] != "dark.png") continue;
    expect_failed(item, {"plugin bad_augmentation", "it is no affine map", "the loss detection compares boxes"});
  }
}

TEST_F(BadRun, AnOptimizerThatComparesValuesOfBalancedGradients) {
  const Outcome outcome = attack({"--set", "optimizer.compares=true", "--set", "attack.balance=gradient"});
  const std::string said = expect_refused(outcome, 2);
  EXPECT_TRUE(contains(said, "x.toml:")) << said;
  EXPECT_TRUE(contains(said, "bad_optimizer compares values")) << said;
}

TEST_F(BadRun, AnOptimizer) {
  Faults in_the_loop = of_any_plugin;
  in_the_loop["asks_wrong_shape"] = {"[1, 3, 40, 1]"};
  in_the_loop["asks_undefined"] = {"asked for the objective at the shape"};
  in_the_loop["asks_nan"] = {"asked for the objective at values that are not finite"};
  in_the_loop["asks_integers"] = {"asked for the objective at Int instead of Float"};
  expect_cost_anywhere("optimizer.fault", in_the_loop, {"plugin bad_optimizer", "item ", "step 4: "},
                       {"--set", "optimizer.at_step=4"});
}

TEST_F(BadRun, AnOptimizersAnswer) {
  const Faults faults = {{"nan", {"not finite"}},
                         {"inf", {"not finite"}},
                         {"wrong_shape", {"returned [1, 1, 40, 48] instead of [1, 3, 40, 48]"}},
                         {"wrong_rows", {"returned [2, 3, 40, 48] instead of [1, 3, 40, 48]"}},
                         {"wrong_dtype", {"Double"}},
                         {"undefined", {"returned nothing"}},
                         {"sparse", {"returned the layout Sparse instead of Strided"}},
                         {"meta", {"returned the device meta instead of cpu"}},
                         {"beyond_epsilon", {"beyond the budget"}},
                         {"beyond_white", {"beyond the budget"}},
                         {"beyond_mask", {"beyond the budget"}},
                         {"changes_origin", {"it changed budget.origin"}},
                         {"aliased", {}},
                         {"none", {}}};
  expect_cost_anywhere("optimizer.fault", faults, {"plugin bad_optimizer", "item "});
}

TEST_F(BadRun, AnOriginChangedUnseen) {
  // Through a pointer: no version counts it. The picture itself is another tensor, and so are the budget's bounds.
  const Outcome outcome = attack({"--set", "optimizer.fault=overwrites_origin"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  for (const Json& item : system_test::results(folder_ / "run")) expect_whole(item);
}

// Before the first item.

TEST_F(BadRun, AnExceptionInSetup) {
  const std::map<std::string, std::string> said = {{"throws_std", "out of ideas"},
                                                   {"throws_int", "a C++ exception of type int"},
                                                   {"throws_c10", "no such tensor"},
                                                   {"throws_plugin", "no such plugin"},
                                                   {"grad_mode", "grad mode"}};
  for (const auto& [fault, reason] : said) {
    SCOPED_TRACE(fault);
    const std::string message =
        expect_refused(attack({"--set", "loss.0.when=setup", "--set", "loss.0.fault=" + fault}), 3);
    EXPECT_TRUE(message.starts_with(std::string(place_of_loss) + "plugin bad_loss: ")) << message;
    EXPECT_TRUE(contains(message, reason)) << message;
  }
  const Args wrong = {"--set", "loss.0.when=setup", "--set", "loss.0.fault=throws_config"};
  EXPECT_EQ(expect_refused(attack(wrong), 2), std::string(place_of_loss) + "bad_loss: 'steps' should be even");
}

TEST_F(BadRun, AnExceptionBeforeTheFirstItem) {
  const auto message = [&](const std::string& key, const std::string& when) {
    return expect_refused(attack({"--set", key + ".when=" + when, "--set", key + ".fault=throws_int"}), 3);
  };
  const std::string thrown = "a C++ exception of type int";
  EXPECT_EQ(message("loss.0", "needs"), std::string(place_of_loss) + "plugin bad_loss: " + thrown);
  for (const char* when : {"view", "provides"}) {
    EXPECT_EQ(message("models.bad", when), std::string(place_of_model) + "plugin bad_model, model 'bad': " + thrown);
  }
}

TEST_F(BadRun, FactoriesThatFail) {
  const std::map<std::string, std::string> reasons = {{"makes_nothing", "its factory returns nothing"},
                                                      {"throws_when_made", "its factory throws: not today"},
                                                      {"makes_an_optimizer", "its factory makes something else"}};
  for (const auto& [name, reason] : reasons) {
    const std::string message =
        expect_refused(attack({"--set", "loss=[{plugin=\"" + name + "\",models=[\"bad\"]}]"}), 3);
    EXPECT_TRUE(contains(message, "loss '" + name + "' in ")) << message;
    EXPECT_TRUE(message.ends_with((built("run") / "bad_factories.so").string() + " can't be used: " + reason))
        << message;
  }
}

// What ends a process ends a worker.

const Faults lethal = {{"segfault", {"ended by signal 11 (Segmentation fault)"}},
                       {"aborts", {"ended by signal 6 (Aborted)"}},
                       {"killed", {"ended by signal 9 (Killed)"}},
                       {"exits_0", {"ended the process with exit code 0"}},
                       {"exits_3", {"ended the process with exit code 3"}},
                       {"throws_on_a_thread", {"ended by signal 6 (Aborted)"}},
                       {"none", {}}};

TEST_F(BadRun, ALethalLossCostsItsItem) {
  expect_cost("loss.0.fault", lethal, {"plugin bad_loss", "step 2: "}, {"--isolate", "--set", "loss.0.at_step=2"});
}

TEST_F(BadRun, ALethalModelCostsItsItem) {
  expect_cost("models.toy.fault", lethal, {"plugin bad_model, model 'toy'"},
              {"--isolate", "--set", "models.toy.at_step=0"});
}

TEST_F(BadRun, ALethalAugmentationCostsItsItem) {
  expect_cost("augment.0.fault", lethal, {"plugin bad_augmentation", "step 1: "}, {"--isolate"});
}

TEST_F(BadRun, ALethalOptimizerCostsItsItem) {
  expect_cost("optimizer.fault", lethal, {"plugin bad_optimizer", "step 4: "},
              {"--isolate", "--set", "optimizer.at_step=4"});
}

TEST_F(BadRun, LethalItemsOneAfterAnother) {
  const Outcome outcome = attack({"--isolate", "--set", "data.pictures=[\"dark.png\"]", "--set",
                                  "sweep={\"loss.0.fault\"=[\"segfault\", \"leaves_a_child\", \"aborts\", \"none\"]}"});
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  const std::vector<Json> items = system_test::results(folder_ / "run");
  expect_complete(items, 4);
  ASSERT_EQ(items.size(), 4U);
  for (std::size_t i = 0; i < 3; ++i) expect_failed(items[i], {"plugin bad_loss", "step 1: ended by signal"});
  expect_whole(items[3]);
}

TEST_F(BadRun, AHangCostsItsItem) {
  expect_cost("loss.0.fault", {{"hangs", {"not done within 5 s (--time-limit)"}}, {"none", {}}},
              {"plugin bad_loss", "step 2: "}, {"--isolate", "--time-limit", "5", "--set", "loss.0.at_step=2"});
}

TEST_F(BadRun, CostsOneOfABatchAlone) {
  expect_cost("loss.0.fault", {{"throws_std", {"out of ideas"}}, {"nan", {"not finite"}}}, {"plugin bad_loss", "item "},
              {"--batch", "3"});
}

TEST_F(BadRun, LethalCostsOneOfABatchAlone) {
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

TEST_F(BadRun, ALethalDestructorCostsNothing) {
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

TEST_F(BadRun, ALethalSetupIsRefused) {
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

TEST_F(BadRun, AThreadThatCrashesWheneverItLikes) {
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

TEST_F(BadRun, AWorkerThatCannotBeReplaced) {
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

TEST_F(BadRun, AnExperimentThatChangesWhileItRuns) {
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

TEST_F(BadRun, ALibraryThatChangesWhileItRuns) {
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

TEST_F(BadRun, WithStandardFilesClosed) {
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

TEST_F(BadRun, WhatAPluginPrintsIsNoData) {
  for (const Args& isolate : {Args{}, Args{"--isolate"}}) {
    Args args = {"--set", "loss.0.fault=prints"};
    args.insert(args.end(), isolate.begin(), isolate.end());
    const Outcome outcome = attack(args);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "run\n");
    EXPECT_TRUE(contains(outcome.err, "hello\n")) << outcome.err;
  }
}

TEST_F(BadRun, AModelInInferenceModeIsAttackedByItsValues) {
  const Outcome outcome = attack(
      {"--set", "models.bad.inference=true", "--set", "models.bad.at_step=0", "--set", "optimizer.gradient=false"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  for (const Json& item : system_test::results(folder_ / "run")) EXPECT_EQ(item["status"], "attacked") << item;
}

TEST_F(BadRun, FieldsThatThereAreNot) {
  for (const std::string key : {"loss.0", "models.bad"}) {
    const std::string message = expect_refused(attack({"--set", key + ".fields=1025"}), 3);
    EXPECT_TRUE(contains(message, "its fields are 1025, and some of them are none")) << message;
  }
}

TEST_F(BadRun, ViewsThatNobodyCanMake) {
  const std::map<std::string, std::string> said = {{"[0, 7]", "asks for a view of 0 by 7 pixels"},
                                                   {"[-5, 7]", "asks for a view of -5 by 7 pixels"},
                                                   {"[1000000000, 1000000000]", "by 1000000000 pixels"}};
  for (const auto& [size, message] : said) {
    const std::string refused = expect_refused(attack({"--set", "models.bad.size=" + size}), 2);
    EXPECT_TRUE(contains(refused, message)) << refused;
  }
}

TEST_F(BadRun, WithoutIsolationWhoeverEndsTheProcessIsTold) {
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

TEST_F(BadRun, WithoutIsolationTheLinesThatAreThereAreWhole) {
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
