#include <faceoff/budget.hpp>
#include <faceoff/images.hpp>
#include <faceoff/objective.hpp>
#include <faceoff/random.hpp>
#include <faceoff/safetensors.hpp>
#include <faceoff/schema.hpp>
#include <faceoff/view.hpp>

#include <ATen/ATen.h>
#include <toml++/toml.h>

#include <cstring>
#include <limits>
#include <sstream>

#include "plugins/plugin_files.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

// ------------------------------------------------------------------------------------------------------------ Budget

constexpr double inf = std::numeric_limits<double>::infinity();

Budget budget_of(double epsilon, Norm norm) {
  const at::Tensor origin = noise({2, 3, 5, 7}, 0, 255, 1).round();
  const at::Tensor mask = (noise({2, 1, 5, 7}, 0, 1, 2) < .7).to(at::kDouble);
  return {origin, mask, epsilon, norm};
}

at::Tensor lengths(const at::Tensor& difference) {
  return difference.flatten(1).norm(2, 1);
}

TEST(Budget, ProjectingKeepsWithinEpsilonTheMaskAndTheValidRange) {
  const Budget budget = budget_of(8.5, Norm::inf);
  const at::Tensor projected = budget.project(budget.origin + noise({2, 3, 5, 7}, -40, 40, 3));
  const at::Tensor difference = (projected - budget.origin).abs();
  EXPECT_LE(difference.max().item<double>(), 8.5 + 1e-12);
  EXPECT_GT(difference.max().item<double>(), 8.4);
  EXPECT_EQ((difference * (1 - budget.mask)).max().item<double>(), 0);
  EXPECT_GE(projected.min().item<double>(), 0);
  EXPECT_LE(projected.max().item<double>(), 255);
  EXPECT_EQ(budget.excess(projected).max().item<double>(), 0);
}

TEST(Budget, ProjectingGivesTheNearestPointForTheInfinityNorm) {
  const Budget budget(at::tensor({2., 100., 253., 50.}, at::kDouble).view({1, 1, 2, 2}),
                      at::tensor({1., 1., 1., 0.}, at::kDouble).view({1, 1, 2, 2}), 8, Norm::inf);
  const at::Tensor x = at::tensor({-20., 103., 300., 60.}, at::kDouble).view({1, 1, 2, 2});
  EXPECT_TRUE(same_bits(budget.project(x), at::tensor({0., 103., 255., 50.}, at::kDouble).view({1, 1, 2, 2})));
}

TEST(Budget, ProjectingKeepsEachSamplesLengthForTheTwoNorm) {
  const Budget budget = budget_of(30, Norm::two);
  const at::Tensor far = budget.project(budget.origin + noise({2, 3, 5, 7}, -40, 40, 4));
  EXPECT_LE(lengths(far - budget.origin).max().item<double>(), 30 + 1e-9);
  EXPECT_GT(lengths(far - budget.origin).min().item<double>(), 29.9);
  EXPECT_EQ(((far - budget.origin) * (1 - budget.mask)).abs().max().item<double>(), 0);
  EXPECT_GE(far.min().item<double>(), 0);
  EXPECT_LE(far.max().item<double>(), 255);
  // What is within already stays where it is.
  const at::Tensor near = (budget.origin + budget.mask * noise({2, 3, 5, 7}, -.1, .1, 5)).clamp(0, 255);
  EXPECT_LT(largest_difference(budget.project(near), near), 1e-12);
}

TEST(Budget, ProjectsTheCopiesOfEachRowToThatRowsBudget) {
  for (const Norm norm : {Norm::inf, Norm::two}) {
    const Budget budget = budget_of(12, norm);
    const at::Tensor copies =
        budget.origin.repeat_interleave(3, 0) + noise({6, 3, 5, 7}, -40, 40, 6);  // a0 a1 a2 b0 b1 b2
    const at::Tensor projected = budget.project(copies);
    for (std::int64_t copy = 0; copy < 3; ++copy) {
      const at::Tensor alone = budget.project(at::stack({copies[copy], copies[3 + copy]}));
      EXPECT_TRUE(same_bits(at::stack({projected[copy], projected[3 + copy]}), alone));
    }
  }
}

TEST(Budget, TheDirectionIsTheSignOrTheUnitGradientWithinTheMask) {
  at::Tensor gradient = noise({4, 3, 5, 7}, -1e-25, 1e-25, 7);  // two copies a row, and squares that vanish in float
  const Budget box = budget_of(12, Norm::inf), ball = budget_of(12, Norm::two);
  const at::Tensor mask = box.mask.repeat_interleave(2, 0);
  EXPECT_TRUE(same_bits(box.direction(gradient), (gradient * mask).sign()));
  const at::Tensor along = ball.direction(gradient.to(at::kFloat)).to(at::kDouble);
  EXPECT_LT(largest_difference(along.flatten(1).norm(2, 1), at::ones({4}, at::kDouble)), 1e-6);
  const at::Tensor exact = gradient * mask / (gradient * mask).flatten(1).norm(2, 1).view({-1, 1, 1, 1});
  EXPECT_LT(largest_difference(along, exact), 1e-6);
  gradient[1].zero_();
  EXPECT_EQ(ball.direction(gradient)[1].abs().max().item<double>(), 0);
}

TEST(Budget, ExcessSaysByHowMuchEachRowBreaksTheBudget) {
  const at::Tensor origin = at::full({4, 1, 1, 2}, 100., at::kDouble);
  at::Tensor mask = at::ones({4, 1, 1, 2}, at::kDouble);
  mask[3][0][0][1] = 0;
  at::Tensor x = origin.clone();
  x[1][0][0][0] = 110;  // 2 beyond 8
  x[2][0][0][1] = 89;   // 3 beyond 8
  x[3][0][0][1] = 104;  // 4 where nothing may change
  EXPECT_LT(largest_difference(Budget(origin, mask, 8, Norm::inf).excess(x), at::tensor({0., 2., 3., 4.})), 1e-9);
  x = origin.clone();
  x[1] += 8;  // length 8·√2
  x[2][0][0][0] += 8;
  const at::Tensor expected = at::tensor({-8., 8 * std::sqrt(2.) - 8, 0., -8.}, at::kDouble).clamp_min(0);
  EXPECT_LT(largest_difference(Budget(origin, mask, 8, Norm::two).excess(x), expected), 1e-9);
  // The valid range counts too.
  const Budget bright(at::full({1, 1, 1, 1}, 250., at::kDouble), at::ones({1, 1, 1, 1}, at::kDouble), 8, Norm::inf);
  EXPECT_NEAR(bright.excess(at::full({1, 1, 1, 1}, 256.5, at::kDouble)).item<double>(), 1.5, 1e-9);
}

// ------------------------------------------------------------------------------------------------------------ Random

TEST(Random, TheSameSeedGivesTheSameBits) {
  const auto draw = [](std::uint64_t seed) {
    Random random(seed, {11, 12});
    random.start_step(4);
    return at::cat({random.uniform(0, 1, {40}), random.normal(0, 1, {40}), random.integers(0, 99, {40}).to(at::kFloat)},
                   1);
  };
  EXPECT_TRUE(same_bits(draw(5), draw(5)));
  EXPECT_FALSE(same_bits(draw(5), draw(6)));
}

TEST(Random, ARowsNumbersDependNeitherOnTheBatchNorOnItsOrder) {
  const auto draw = [](std::vector<std::uint64_t> rows) {
    Random random(5, std::move(rows));
    random.start_step(2);
    random.uniform(0, 1);
    return std::vector<at::Tensor>{random.uniform(-3, 3, {3, 17}), random.normal(1, 2, {50}), random.integers(0, 9)};
  };
  const auto together = draw({101, 202, 303}), turned = draw({303, 101}), alone = draw({202});
  for (std::size_t i = 0; i < together.size(); ++i) {
    EXPECT_TRUE(same_bits(together[i][2], turned[i][0]));
    EXPECT_TRUE(same_bits(together[i][0], turned[i][1]));
    EXPECT_TRUE(same_bits(together[i][1], alone[i][0]));
  }
  EXPECT_FALSE(same_bits(together[0][0], together[0][1]));
}

TEST(Random, StepsAndDrawsDifferAndAStepCanBeTakenAgain) {
  Random random(5, {1});
  random.start_step(0);
  const at::Tensor first = random.uniform(0, 1, {8}), second = random.uniform(0, 1, {8});
  random.start_step(1);
  const at::Tensor later = random.uniform(0, 1, {8});
  EXPECT_FALSE(same_bits(first, second));
  EXPECT_FALSE(same_bits(first, later));
  EXPECT_FALSE(same_bits(second, later));
  random.start_step(0);
  EXPECT_TRUE(same_bits(random.uniform(0, 1, {8}), first));
}

TEST(Random, DerivedRowsHaveNumbersOfTheirOwnThatDependOnTheirParentAlone) {
  const auto derive = [](std::vector<std::uint64_t> rows, const std::vector<std::int64_t>& parents,
                         const std::string& purpose = "test") {
    Random random(5, std::move(rows));
    random.start_step(3);
    return random.derive(parents, purpose).uniform(0, 1, {4});
  };
  const at::Tensor four = derive({7, 8}, {0, 0, 1, 1});
  for (std::int64_t i = 0; i < 4; ++i) {
    for (std::int64_t j = 0; j < i; ++j) EXPECT_FALSE(same_bits(four[i], four[j])) << i << " and " << j;
  }
  const at::Tensor alone = derive({8}, {0, 0});
  EXPECT_TRUE(same_bits(four[2], alone[0]));
  EXPECT_TRUE(same_bits(four[3], alone[1]));
  EXPECT_FALSE(same_bits(derive({8}, {0, 0}, "other"), alone));
}

TEST(Random, DerivedRowsDifferAlsoWhereCopiesAreNotAdjacent) {
  Random random(5, {7, 8});
  const at::Tensor numbers = random.derive({0, 1, 0}, "test").uniform(0, 1, {4});
  EXPECT_FALSE(same_bits(numbers[0], numbers[2]));
}

TEST(Random, DerivedNumbersDependOnTheirPurposeAndNotOnWhatWasDrawnBefore) {
  Random random(5, {7});
  const at::Tensor first = random.derive({0}, "test").uniform(0, 1, {4});
  random.uniform(0, 1);
  random.derive({0}, "other");
  EXPECT_TRUE(same_bits(first, random.derive({0}, "test").uniform(0, 1, {4})));
}

TEST(Random, DerivedNumbersChangeFromStepToStep) {
  Random random(5, {7});
  random.start_step(0);
  const at::Tensor first = random.derive({0}, "test").uniform(0, 1, {4});
  random.start_step(1);
  EXPECT_FALSE(same_bits(first, random.derive({0}, "test").uniform(0, 1, {4})));
}

TEST(Random, NumbersHaveTheRangeAndTheDistributionThatWasAskedFor) {
  Random random(9, {1, 2});
  const at::Tensor uniform = random.uniform(-2, 6, {20000});
  EXPECT_EQ(uniform.sizes(), (std::vector<std::int64_t>{2, 20000}));
  EXPECT_GE(uniform.min().item<double>(), -2);
  EXPECT_LT(uniform.max().item<double>(), 6);
  EXPECT_NEAR(uniform.mean().item<double>(), 2, .06);
  const at::Tensor normal = random.normal(3, 2, {20000});
  EXPECT_NEAR(normal.mean().item<double>(), 3, .05);
  EXPECT_NEAR(normal.std().item<double>(), 2, .05);
  const at::Tensor dice = random.integers(1, 6, {600});
  EXPECT_EQ(dice.scalar_type(), at::kLong);
  for (std::int64_t face = 1; face <= 6; ++face) {
    EXPECT_NEAR((dice == face).sum().item<double>(), 200, 60) << face;  // both ends belong to the range
  }
  EXPECT_EQ(((dice < 1) + (dice > 6)).sum().item<std::int64_t>(), 0);
  EXPECT_TRUE(same_bits(random.integers(4, 4), at::full({2}, 4, at::kLong)));
}

TEST(Random, NumbersHaveTheTypeThatWasAskedFor) {
  EXPECT_EQ(Random(1, {1}, at::TensorOptions(at::kDouble)).uniform(0, 1).scalar_type(), at::kDouble);
  EXPECT_EQ(Random(1, {1}).normal(0, 1).scalar_type(), at::kFloat);
}

// ------------------------------------------------------------------------------------------------------------- Steps

class Counting : public Objective {
 public:
  at::Tensor reached(const at::Tensor& x) override { return value(x) < 0; }
  Random& random() override { return random_; }

  std::vector<std::int64_t> started;
  std::int64_t last = 1 << 20;

 protected:
  Evaluation answer(const at::Tensor& x, bool gradient, Draw) override {
    return {x.flatten(1).sum(1), gradient ? at::ones_like(x) : at::Tensor(), {}};
  }
  bool start_step(std::int64_t step, std::int64_t of) override {
    EXPECT_EQ(of, 5);
    started.push_back(step);
    return step <= last;
  }

 private:
  Random random_{1, {1}};
};

TEST(Steps, RunsEachStepOnceAndStartsItBeforehand) {
  Counting objective;
  std::vector<std::int64_t> steps;
  for (const auto step : objective.steps(5)) {
    steps.push_back(step);
    EXPECT_EQ(objective.started.back(), step);
  }
  EXPECT_EQ(steps, (std::vector<std::int64_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(objective.started, steps);
}

TEST(Steps, EndsWhereTheHostSaysSo) {
  Counting objective;
  objective.last = 1;
  std::vector<std::int64_t> steps;
  for (const auto step : objective.steps(5)) steps.push_back(step);
  EXPECT_EQ(steps, (std::vector<std::int64_t>{0, 1}));
}

TEST(Steps, OfNoneRunsNone) {
  Counting objective;
  for (const auto step : objective.steps(0)) ADD_FAILURE() << step;
  EXPECT_TRUE(objective.started.empty());
}

// -------------------------------------------------------------------------------------------------------------- maps

at::Tensor map_of(std::vector<double> values) {
  return at::tensor(values, at::kDouble).view({-1, 2, 3});
}

TEST(Maps, ApplyTheRowsOwnMapToItsPoints) {
  const at::Tensor maps = map_of({2, 0, 10, 0, 3, 20, 0, -1, 5, 1, 0, 0});
  const at::Tensor points = at::tensor({1., 2., 3., 4., 1., 2., 3., 4.}, at::kDouble).view({2, 2, 2});
  const at::Tensor expected = at::tensor({12., 26., 16., 32., 3., 1., 1., 3.}, at::kDouble).view({2, 2, 2});
  EXPECT_LT(largest_difference(apply_map(maps, points), expected), 1e-12);
  const at::Tensor deeper = points.unsqueeze(1).expand({2, 3, 2, 2});
  EXPECT_LT(largest_difference(apply_map(maps, deeper), expected.unsqueeze(1).expand({2, 3, 2, 2})), 1e-12);
}

TEST(Maps, ComposingIsApplyingOneAfterTheOther) {
  const at::Tensor first = noise({4, 2, 3}, -2, 2, 1), second = noise({4, 2, 3}, -2, 2, 2);
  const at::Tensor points = noise({4, 6, 2}, -50, 50, 3);
  EXPECT_LT(largest_difference(apply_map(compose(second, first), points), apply_map(second, apply_map(first, points))),
            1e-10);
  EXPECT_GT(largest_difference(compose(second, first), compose(first, second)), .1);
}

TEST(Maps, BoxesBecomeTheUprightBoxesAboutTheirMappedCorners) {
  const at::Tensor boxes = at::tensor({1., 2., 5., 8., 0., 0., 0., 0.}, at::kDouble).view({1, 2, 4});
  EXPECT_LT(largest_difference(map_boxes(map_of({2, 0, 10, 0, .5, 1}), boxes)[0][0],
                               at::tensor({12., 2., 20., 5.}, at::kDouble)),
            1e-12);
  // A mirror swaps left and right, a quarter turn width and height.
  EXPECT_LT(largest_difference(map_boxes(map_of({-1, 0, 100, 0, 1, 0}), boxes)[0][0],
                               at::tensor({95., 2., 99., 8.}, at::kDouble)),
            1e-12);
  EXPECT_LT(largest_difference(map_boxes(map_of({0, -1, 0, 1, 0, 0}), boxes)[0][0],
                               at::tensor({-8., 1., -2., 5.}, at::kDouble)),
            1e-12);
  EXPECT_LT(
      largest_difference(map_boxes(map_of({1, 0, 7, 0, 1, 9}), boxes)[0][1], at::tensor({7., 9., 7., 9.}, at::kDouble)),
      1e-12);
}

TEST(Maps, MovedImagesTakeTheirMapsAndLandmarksAlong) {
  const Images images{at::zeros({2, 3, 4, 4}, at::kDouble), map_of({2, 0, 1, 0, 2, 1, 1, 0, 0, 0, 1, 0}),
                      at::tensor({1., 2., 3., 4.}, at::kDouble).view({2, 1, 2})};
  const at::Tensor row = at::ones({1, 3, 5, 5}, at::kDouble);
  const Images after = moved(images, {row, row}, {{3, 10, 5, 20}, {}});
  EXPECT_EQ(after.pixels.sizes(), (std::vector<std::int64_t>{2, 3, 5, 5}));
  EXPECT_LT(largest_difference(after.map, map_of({6, 0, 13, 0, 10, 25, 1, 0, 0, 0, 1, 0})), 1e-12);
  EXPECT_LT(largest_difference(after.landmarks.flatten(), at::tensor({13., 30., 3., 4.}, at::kDouble)), 1e-12);
}

// ------------------------------------------------------------------------------------------------------------ Schema

ParamValue read_back(const std::string& toml, const ParamValue& like) {
  const toml::table table = toml::parse("value = " + toml + "\n");
  const toml::node& node = *table.get("value");
  if (std::holds_alternative<bool>(like)) return *node.value_exact<bool>();
  if (std::holds_alternative<std::int64_t>(like)) return *node.value_exact<std::int64_t>();
  if (std::holds_alternative<double>(like)) return *node.value_exact<double>();
  if (std::holds_alternative<std::string>(like)) return *node.value_exact<std::string>();
  if (std::holds_alternative<std::vector<double>>(like)) {
    std::vector<double> list;
    for (const toml::node& item : *node.as_array()) list.push_back(*item.value_exact<double>());
    return list;
  }
  std::vector<std::string> list;
  for (const toml::node& item : *node.as_array()) list.push_back(*item.value_exact<std::string>());
  return list;
}

TEST(ParamValue, AsTomlReadsBackAsTheSameValueOfTheSameType) {
  std::string controls;
  for (char c = 1; c < 0x20; ++c) controls += c;
  const std::vector<ParamValue> values = {true,
                                          false,
                                          std::int64_t{0},
                                          std::int64_t{-7},
                                          std::numeric_limits<std::int64_t>::max(),
                                          std::numeric_limits<std::int64_t>::min(),
                                          0.,
                                          -0.,
                                          1.,
                                          -3.,
                                          .1,
                                          1e-3,
                                          1e-5,
                                          1e22,
                                          1e300,
                                          5e-324,
                                          std::numeric_limits<double>::max(),
                                          inf,
                                          -inf,
                                          1. / 3,
                                          std::string(),
                                          std::string("plain"),
                                          std::string("a \"quoted\" \\ back\\slash\n and\ttab \x7f grün 🙂"),
                                          controls,
                                          std::vector<double>{},
                                          std::vector<double>{1, 2.5, -1e-9},
                                          std::vector<std::string>{},
                                          std::vector<std::string>{"", "a,b", "]\""}};
  for (const ParamValue& value : values) EXPECT_EQ(read_back(to_toml(value), value), value) << to_toml(value);
}

TEST(ParamValue, HasATypeNameForMessages) {
  EXPECT_EQ(type_name(true), "true or false");
  EXPECT_EQ(type_name(std::int64_t{1}), "an integer");
  EXPECT_EQ(type_name(1.5), "a number");
  EXPECT_EQ(type_name(std::string("a")), "a string");
  EXPECT_EQ(type_name(std::vector<double>{}), "a list of numbers");
  EXPECT_EQ(type_name(std::vector<std::string>{}), "a list of strings");
}

class Described : public Loss {
 public:
  static void describe(Schema<Described>& s) {
    s.name("described").summary("a summary").cites("somebody");
    s.param("count", &Described::count, "how many").range(1, 9).unit("things");
    s.param("share", &Described::share, "a share");
    s.param("kind", &Described::kind, "a kind").choices({"soft", "hard"});
    s.param("on", &Described::on, "on or off");
    s.param("list", &Described::list, "some numbers");
  }
  Field needs() const override { return Field::scores; }
  at::Tensor operator()(const Output& adversarial, const Reference&) const override {
    return adversarial.scores.sum(1);
  }
  int count = 3;
  float share = .5F;
  std::string kind = "soft";
  bool on = true;
  std::vector<double> list = {1, 2};
};

struct Wide : Loss {
  static void describe(Schema<Wide>& s) {
    s.param("narrow", &Wide::narrow, "holds less than its range").range(-1e12, 1e12);
    s.param("positive", &Wide::positive, "none below zero");
    s.param("halves", &Wide::halves, "whole numbers between two that are not").range(.5, 3.5);
    s.param("single", &Wide::single, "no double").range(-1e300, 1);
  }
  Field needs() const override { return Field::scores; }
  at::Tensor operator()(const Output& adversarial, const Reference&) const override {
    return adversarial.scores.sum(1);
  }
  std::int32_t narrow = 1;
  std::uint64_t positive = 1;
  int halves = 1;
  float single = 1;
};

TEST(Schema, ARangeNeverExceedsWhatTheMemberHolds) {
  PluginInfo info;
  Schema<Wide> schema(info);
  Wide::describe(schema);
  EXPECT_EQ(info.params[0].low, std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(info.params[0].high, std::numeric_limits<std::int32_t>::max());
  EXPECT_EQ(info.params[1].low, 0);
  EXPECT_EQ(info.params[2].low, 1);
  EXPECT_EQ(info.params[2].high, 3);
  EXPECT_EQ(info.params[3].low, std::numeric_limits<float>::lowest());
  EXPECT_EQ(info.params[3].high, 1);
}

TEST(Schema, TakesTypeAndDefaultFromTheMemberAndSetsIt) {
  PluginInfo info;
  Schema<Described> schema(info);
  Described::describe(schema);
  EXPECT_EQ(info.name, "described");
  EXPECT_EQ(info.summary, "a summary");
  EXPECT_EQ(info.citation, "somebody");
  ASSERT_EQ(info.params.size(), 5U);
  EXPECT_EQ(info.params[0].initial, ParamValue(std::int64_t{3}));
  EXPECT_EQ(info.params[0].low, 1);
  EXPECT_EQ(info.params[0].high, 9);
  EXPECT_EQ(info.params[0].unit, "things");
  EXPECT_EQ(info.params[1].initial, ParamValue(.5));
  EXPECT_EQ(info.params[2].initial, ParamValue(std::string("soft")));
  EXPECT_EQ(info.params[2].choices, (std::vector<std::string>{"soft", "hard"}));
  EXPECT_EQ(info.params[3].initial, ParamValue(true));
  EXPECT_EQ(info.params[4].initial, ParamValue(std::vector<double>{1, 2}));
  Described plugin;
  info.params[0].set(plugin, std::int64_t{7});
  info.params[1].set(plugin, .25);
  info.params[2].set(plugin, std::string("hard"));
  info.params[3].set(plugin, false);
  info.params[4].set(plugin, std::vector<double>{});
  EXPECT_EQ(plugin.count, 7);
  EXPECT_EQ(plugin.share, .25F);
  EXPECT_EQ(plugin.kind, "hard");
  EXPECT_FALSE(plugin.on);
  EXPECT_TRUE(plugin.list.empty());
}

TEST(Words, NameFieldsAndCrops) {
  EXPECT_EQ(to_string(Field::scores | Field::boxes), "scores, boxes");
  EXPECT_EQ(to_string(Field::none), "");
  EXPECT_EQ(without(Field::scores | Field::boxes, Field::boxes), Field::scores);
  EXPECT_FALSE(includes(Field::scores, Field::scores | Field::boxes));
  EXPECT_EQ(to_string(Crop(WholePicture{})), "whole_picture");
  EXPECT_EQ(to_string(Crop(BoxCrop{})), "box");
  EXPECT_EQ(to_string(Crop(PaddedBox{})), "padded_box");
  EXPECT_EQ(to_string(Crop(DlibRect{})), "dlib_rect");
  EXPECT_EQ(to_string(Crop(FivePoints{})), "five_points");
}

TEST(Resolve, FindsAFileAsItLiesBelowModelsOrByItsName) {
  const TemporaryFolder folder;
  const faceoff::Setup setup{.models = {folder.path()}};
  const auto resolved = [&](const std::string& name) { return setup.resolve(name); };
  const std::filesystem::path file = write_bytes(folder / "a.bin", "");
  EXPECT_EQ(resolved("models/a.bin"), file);
  EXPECT_EQ(resolved("models/network/a.bin"), file);
  EXPECT_EQ(resolved("elsewhere/a.bin"), file);
  std::filesystem::create_directory(folder / "network");
  EXPECT_EQ(resolved("models/network/a.bin"), file);
  const std::filesystem::path nearer = write_bytes(folder / "network/a.bin", "");
  EXPECT_EQ(resolved("models/network/a.bin"), nearer);
  EXPECT_EQ(resolved("models/a.bin"), file);
  EXPECT_EQ(resolved(nearer.string()), nearer);
  expect_in(error_of<MissingFile>([&] { resolved("models/network/b.bin"); }), (folder / "network/b.bin").string());
}

// ------------------------------------------------------------------------------------------------------- safetensors

std::string safetensors(const std::string& header, const std::string& data) {
  const std::uint64_t size = header.size();
  std::string bytes(sizeof size, '\0');
  std::memcpy(bytes.data(), &size, sizeof size);
  return bytes + header + data;
}

std::string floats(std::vector<float> values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

const std::string two_tensors =
    R"({"__metadata__":{"by":"test"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},)"
    R"("b":{"dtype":"F32","shape":[1],"data_offsets":[16,20]}})";

TEST(Safetensors, GivesTheTensorsByNameInTheTypeAskedFor) {
  const TemporaryFolder folder;
  const TensorFile file(write_bytes(folder / "w.safetensors", safetensors(two_tensors, floats({1, 2, 3, 4, 5}))));
  EXPECT_TRUE(file.contains("a"));
  EXPECT_FALSE(file.contains("__metadata__"));
  EXPECT_TRUE(same_bits(file.get("a", {2, 2}), at::tensor({1.F, 2.F, 3.F, 4.F}).view({2, 2})));
  EXPECT_TRUE(same_bits(file.get("a", {-1, 2}, at::kDouble), at::tensor({1., 2., 3., 4.}, at::kDouble).view({2, 2})));
  EXPECT_TRUE(same_bits(file.get("b", {1}), at::tensor({5.F})));
}

TEST(Safetensors, ReadsEveryTypeThatItSays) {
  const TemporaryFolder folder;
  const auto read = [&](const std::string& dtype, const std::string& data) {
    const std::string header =
        R"({"a":{"dtype":")" + dtype + R"(","shape":[1],"data_offsets":[0,)" + std::to_string(data.size()) + "]}}";
    return TensorFile(write_bytes(folder / "w.safetensors", safetensors(header, data)))
        .get("a", {1}, at::kDouble)
        .item<double>();
  };
  EXPECT_EQ(read("F32", floats({1.5F})), 1.5);
  EXPECT_EQ(read("F64", std::string("\0\0\0\0\0\0\xF8\x3F", 8)), 1.5);
  EXPECT_EQ(read("F16", std::string("\x00\x3E", 2)), 1.5);
  EXPECT_EQ(read("BF16", std::string("\xC0\x3F", 2)), 1.5);
  EXPECT_EQ(read("I64", std::string("\x07\0\0\0\0\0\0\0", 8)), 7);
  EXPECT_EQ(read("U8", std::string("\xC8", 1)), 200);
}

TEST(Safetensors, ATensorOutlivesItsFile) {
  const TemporaryFolder folder;
  at::Tensor tensor;
  {
    const TensorFile file(write_bytes(folder / "w.safetensors", safetensors(two_tensors, floats({1, 2, 3, 4, 5}))));
    tensor = file.get("a", {2, 2});
    std::filesystem::remove(folder / "w.safetensors");
  }
  EXPECT_EQ(tensor.sum().item<double>(), 10);
}

/// What is said of a file with these bytes when tensor 'a' of shape [2,2] is asked for.
std::string refusal(const std::string& bytes) {
  const TemporaryFolder folder;
  const std::filesystem::path path = write_bytes(folder / "w.safetensors", bytes);
  const std::string message = error_of<FileError>([&] { TensorFile(path).get("a", {2, 2}); });
  expect_in(message, path.string());
  return message;
}

std::string refusal(const std::string& header, const std::string& data) {
  return refusal(safetensors(header, data));
}

/// A header with one tensor 'a'.
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}

const std::string four = floats({1, 2, 3, 4});

TEST(Safetensors, RefusesAFileThatIsCutShortAnywhere) {
  const std::string whole = safetensors(two_tensors, floats({1, 2, 3, 4, 5}));
  for (std::size_t size = 0; size < whole.size(); ++size) refusal(whole.substr(0, size));
  // It is the tensor that does not fit into the rest that is named.
  expect_in(refusal(whole.substr(0, whole.size() - 1)), "'b'");
}

TEST(Safetensors, RefusesAHeaderThatIsLongerThanTheFile) {
  for (const std::uint64_t size : {std::uint64_t{1} << 20U, std::uint64_t{1} << 40U, ~std::uint64_t{0}}) {
    std::string bytes = safetensors(two_tensors, floats({1, 2, 3, 4, 5}));
    std::memcpy(bytes.data(), &size, sizeof size);
    expect_in(refusal(bytes), "header has " + std::to_string(size) + " bytes");
  }
}

TEST(Safetensors, RefusesAHeaderThatIsNoJsonObject) {
  for (const std::string header :
       {"", "{", "[]", "7", "null", "{\"a\":7}", "{\"a\":{}}", "{\"a\":[]}", "{\"\xFF\":7}"}) {
    refusal(header, four);
  }
  refusal(std::string(50000, '['), four);
  refusal("{\"a\":" + std::string(50000, '[') + std::string(50000, ']') + "}", four);
}

TEST(Safetensors, RefusesTensorsThatOverlapOrLeaveAHole) {
  const auto with_b = [](const std::string& offsets) {
    return R"({"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[1],"data_offsets":)" +
           offsets + "}}";
  };
  const std::string overlap = refusal(with_b("[12,16]"), four);
  expect_in(overlap, "overlaps");
  expect_in(overlap, "'b'");
  const std::string hole = refusal(with_b("[20,24]"), four + floats({5, 6}));
  expect_in(hole, "hole");
  expect_in(hole, "'b'");
  expect_in(refusal(one("F32", "[2,2]", "[4,20]"), four + floats({5})), "hole");
}

TEST(Safetensors, RefusesBytesThatBelongToNoTensor) {
  expect_in(refusal(one("F32", "[2,2]", "[0,16]"), four + "123"), "3 bytes at its end belong to no tensor");
}

TEST(Safetensors, RefusesATensorWhosePlaceDoesNotFitItsShape) {
  for (const std::string shape : {"[2,3]", "[3]", "[]", "[0]", "[4611686018427387904,4]", "[-2,-2]"}) {
    expect_in(refusal(one("F32", shape, "[0,16]"), four), "'a'");
  }
  for (const std::string offsets : {"[0,12]", "[16,0]", "[0,17]", "[8,24]"}) {
    expect_in(refusal(one("F32", "[2,2]", offsets), four), "'a'");
  }
  refusal(one("F32", "[2,2]", "[0]"), four);
  refusal(one("F32", "[2,2]", "[0,\"16\"]"), four);
}

TEST(Safetensors, RefusesAShapeThatIsNotOfWholeNumbers) {
  for (const std::string shape : {"[2.5,2]", "[true,4]", "[\"2\",2]", "4", "{\"a\":2}"}) {
    expect_in(refusal(one("F32", shape, "[0,16]"), four), "'a'");
  }
  expect_in(refusal(one("F32", "[2,2]", "[0.5,16.5]"), four), "'a'");
  refusal(one("F32", std::string(50000, '[') + std::string(50000, ']'), "[0,16]"), four);
}

TEST(Safetensors, RefusesATypeThatItDoesNotKnow) {
  const std::string message = refusal(one("F8_E4M3", "[4,4]", "[0,16]"), four);
  expect_in(message, "'a'");
  expect_in(message, "F8_E4M3");
}

TEST(Safetensors, RefusesANameThatStandsTwice) {
  const std::string entry = R"("a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]})";
  expect_in(refusal("{" + entry + "," + entry + "}", four), "'a' twice");
}

TEST(Safetensors, RefusesAMissingTensorAndAnotherShape) {
  expect_in(refusal(R"({"c":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", four), "no tensor 'a'");
  const std::string shape = refusal(one("F32", "[4]", "[0,16]"), four);
  expect_in(shape, "'a' has the shape [4], not [2, 2]");
}

TEST(Safetensors, RefusesValuesThatAreNotFinite) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const std::string message = refusal(one("F32", "[2,2]", "[0,16]"), floats({1, bad, 3, 4}));
    expect_in(message, "'a'");
    expect_in(message, "not finite");
  }
}

TEST(Safetensors, TellsAPyTorchFile) {
  const std::string legacy("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
  for (const std::string& bytes : {std::string("PK\x03\x04\0\0\x08\x08", 8), legacy}) {
    const std::string message = refusal(bytes + std::string(100, '\0'));
    expect_in(message, "it is a PyTorch file; scripts/export --state-dict ");
    expect_in(message, "w.safetensors OUT.safetensors converts a state dict");
  }
}

TEST(Safetensors, RefusesWhatIsNoFile) {
  const TemporaryFolder folder;
  for (const std::filesystem::path& path : {folder / "nowhere.safetensors", folder.path()}) {
    expect_in(error_of<FileError>([&] { TensorFile file(path); }), path.string());
  }
}

}  // namespace
}  // namespace faceoff
