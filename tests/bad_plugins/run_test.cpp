// Plugins that load and then misbehave: that costs the item on which they do, and nothing else.
#include <string>
#include <vector>

#include "bad_run.hpp"

namespace bad_plugins {
namespace {

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

}  // namespace
}  // namespace bad_plugins
