// The statistics of `faceoff compare`: against scipy and statsmodels (tests/golden/statistics.py), and by their
// definitions; what is compared with what.
#include <faceoff/error.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "compare/comparison.hpp"
#include "compare/formats.hpp"
#include "compare/paired_tests.hpp"
#include "compare/plan.hpp"
#include "judge/interval.hpp"

namespace faceoff {
namespace {

using Doubles = std::vector<double>;

const nlohmann::json& golden(const char* part) {
  static const nlohmann::json all =
      nlohmann::json::parse(std::ifstream(std::string(FACEOFF_GOLDEN_FOLDER) + "/statistics.json"));
  return all.at(part);
}

// --------------------------------------------------------------------------------------------------------- intervals

TEST(Intervals, OfSharesAreStatsmodels) {
  ASSERT_GE(golden("wilson").size(), 6U);
  for (const nlohmann::json& one : golden("wilson")) {
    SCOPED_TRACE(one);
    const Estimate found = wilson(one.at("successes"), one.at("n"));
    EXPECT_NEAR(found.low, one.at("low").get<double>(), 1e-9);
    EXPECT_NEAR(found.high, one.at("high").get<double>(), 1e-9);
  }
}

TEST(Intervals, OfMeansDrawWholePictures) {
  ASSERT_GE(golden("bootstrap").size(), 3U);
  for (const nlohmann::json& one : golden("bootstrap")) {
    SCOPED_TRACE(one);
    std::vector<Cluster> clusters;
    for (std::size_t i = 0; i < one.at("sums").size(); ++i) clusters.push_back({one["sums"][i], one["counts"][i]});
    const Estimate found = bootstrap_mean(clusters);
    const double low = one.at("low"), high = one.at("high"), near = .04 * (high - low);  // 10,000 draws: 0.02 or so
    EXPECT_NEAR(found.value, one.at("mean").get<double>(), 1e-9);
    EXPECT_NEAR(found.low, low, near);
    EXPECT_NEAR(found.high, high, near);
    const Estimate again = bootstrap_mean(clusters);
    EXPECT_EQ(found.low, again.low);
    EXPECT_EQ(found.high, again.high);
  }
}

TEST(Intervals, AreWiderWhereFacesOfAPictureAreAlike) {
  std::vector<Cluster> faces, pictures;
  for (int i = 0; i < 20; ++i) {
    const double value = i % 2;
    pictures.push_back({5 * value, 5});
    for (int face = 0; face < 5; ++face) faces.push_back({value, 1});
  }
  const Estimate independent = bootstrap_mean(faces), alike = bootstrap_mean(pictures);
  EXPECT_EQ(independent.value, alike.value);
  EXPECT_NEAR((alike.high - alike.low) / (independent.high - independent.low), std::sqrt(5), .25);
}

TEST(Intervals, OfOnePictureAreNotKnown) {
  const std::vector<Cluster> one = {{6, 3}};
  const Estimate found = bootstrap_mean(one);
  EXPECT_EQ(found.value, 2);
  EXPECT_TRUE(std::isnan(found.low) && std::isnan(found.high));
}

TEST(Intervals, EndBetweenTwoValuesAsNumpys) {
  const Doubles sorted = {1, 2, 4, 8};
  EXPECT_DOUBLE_EQ(quantile(sorted, 0), 1);
  EXPECT_DOUBLE_EQ(quantile(sorted, .025), 1.075);
  EXPECT_DOUBLE_EQ(quantile(sorted, .5), 3);
  EXPECT_DOUBLE_EQ(quantile(sorted, .975), 7.7);
  EXPECT_DOUBLE_EQ(quantile(sorted, 1), 8);
}

// ------------------------------------------------------------------------------------------------------------- tests

TEST(McNemars, TestIsStatsmodels) {
  ASSERT_GE(golden("mcnemar").size(), 7U);
  for (const nlohmann::json& one : golden("mcnemar")) {
    SCOPED_TRACE(one);
    const Pairs pairs{one.at("n"), one.at("gained"), one.at("lost")};
    const PairedTest found = mcnemar(pairs);
    const Estimate difference = share_difference(pairs);
    EXPECT_NEAR(found.p.value(), one.at("p").get<double>(), 1e-12);
    EXPECT_NEAR(difference.low, one.at("low").get<double>(), 1e-9);
    EXPECT_NEAR(difference.high, one.at("high").get<double>(), 1e-9);
    EXPECT_DOUBLE_EQ(difference.value, static_cast<double>(pairs.gained - pairs.lost) / static_cast<double>(pairs.n));
    EXPECT_EQ(found.effect.has_value(), pairs.gained + pairs.lost > 0);
  }
  EXPECT_DOUBLE_EQ(*mcnemar({20, 9, 3}).effect, .25);
  EXPECT_DOUBLE_EQ(*mcnemar({20, 0, 3}).effect, -.5);
}

TEST(Wilcoxons, TestIsScipys) {
  ASSERT_GE(golden("wilcoxon").size(), 13U);
  for (const nlohmann::json& one : golden("wilcoxon")) {
    SCOPED_TRACE(one.at("name"));
    const PairedTest found = wilcoxon(one.at("differences").get<Doubles>());
    ASSERT_EQ(found.p.has_value(), one.contains("p"));
    EXPECT_EQ(found.effect.has_value(), one.contains("p"));
    if (!found.p) continue;
    EXPECT_NEAR(*found.p / one.at("p").get<double>(), 1, 1e-9);
    EXPECT_NEAR(*found.effect, one.at("rank_biserial").get<double>(), 1e-12);
    EXPECT_STREQ(found.name, one.at("n") <= 50 ? "wilcoxon (exact)" : "wilcoxon (normal)");
  }
}

TEST(Wilcoxons, TestDoesNotCareForTheOrder) {
  Doubles differences = golden("wilcoxon").at(8).at("differences").get<Doubles>();
  const PairedTest before = wilcoxon(differences);
  std::ranges::reverse(differences);
  for (double& difference : differences) difference = -difference;
  const PairedTest after = wilcoxon(differences);
  EXPECT_DOUBLE_EQ(*before.p, *after.p);
  EXPECT_DOUBLE_EQ(*before.effect, -*after.effect);
}

TEST(SignFlips, AreScipysPermutations) {
  ASSERT_GE(golden("sign_flips").size(), 5U);
  for (const nlohmann::json& one : golden("sign_flips")) {
    SCOPED_TRACE(one);
    const Doubles differences = one.at("differences").get<Doubles>();
    EXPECT_NEAR(sign_flips(differences), one.at("p").get<double>(), one.at("exact") ? 1e-12 : .015);
    EXPECT_EQ(sign_flips(differences), sign_flips(differences));
  }
  EXPECT_EQ(sign_flips({}), 1);
  EXPECT_EQ(sign_flips(Doubles{1, -1}), 1);
}

TEST(SignFlips, NeverSayThatWhatWasSeenCannotBe) {
  const Doubles one_way(100, 1);
  EXPECT_GT(sign_flips(one_way), 0);
  EXPECT_LT(sign_flips(one_way), 1e-3);
}

TEST(Holm, IsStatsmodels) {
  ASSERT_GE(golden("holm").size(), 4U);
  for (const nlohmann::json& one : golden("holm")) {
    SCOPED_TRACE(one);
    const Doubles found = holm(one.at("p").get<Doubles>()), expected = one.at("adjusted").get<Doubles>();
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-12);
  }
  EXPECT_TRUE(holm({}).empty());
}

// ----------------------------------------------------------------------------------------------- what with what

Contestant contestant(const std::string& label, const std::vector<std::pair<std::string, std::string>>& choices = {}) {
  Contestant one;
  one.run = "run";
  one.variant = one.label = label;
  one.choices = choices;
  return one;
}

/// A sweep of two keys; one combination is missing.
std::vector<Contestant> sweep() {
  return {contestant("a", {{"attack.epsilon", "4"}, {"loss", "score"}}),
          contestant("b", {{"attack.epsilon", "4"}, {"loss", "area"}}),
          contestant("c", {{"attack.epsilon", "8"}, {"loss", "score"}}),
          contestant("d", {{"attack.epsilon", "8"}, {"loss", "area"}}),
          contestant("e", {{"attack.epsilon", "16"}, {"loss", "area"}})};
}

std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(Plans, CompareEverythingWithTheFirstOrTheOneNamed) {
  const Plan first = compare_all(sweep(), std::nullopt);
  EXPECT_EQ(first.baseline, "a");
  ASSERT_EQ(first.groups.size(), 1U);
  ASSERT_EQ(first.groups[0].levels.size(), 5U);
  const Plan named = compare_all(sweep(), "c");
  EXPECT_EQ(named.groups[0].levels[0].name, "c");
  EXPECT_EQ(named.groups[0].levels[0].contestants, std::vector<std::optional<std::size_t>>{2});
  EXPECT_EQ(named.groups[0].levels[1].name, "a");
  EXPECT_EQ(named.groups[0].levels[4].name, "e");
  EXPECT_NE(refusal([] { compare_all(sweep(), "x"); }).find("there are: a, b, c, d, e"), std::string::npos);
}

TEST(Plans, CompareAKeysValuesWithinEachSettingAndOverAll) {
  const Plan plan = compare_by(sweep(), "loss", std::nullopt);
  EXPECT_EQ(plan.by, "loss");
  EXPECT_EQ(plan.baseline, "score");
  ASSERT_EQ(plan.groups.size(), 4U);
  EXPECT_EQ(plan.groups[0].setting, "epsilon=4");
  EXPECT_EQ(plan.groups[2].setting, "epsilon=16");
  ASSERT_EQ(plan.groups[2].levels.size(), 2U);
  EXPECT_EQ(plan.groups[2].levels[0].contestants, std::vector<std::optional<std::size_t>>{std::nullopt});
  const Group& pooled = plan.groups[3];
  EXPECT_TRUE(pooled.pooled);
  EXPECT_EQ(pooled.levels[0].contestants, (std::vector<std::optional<std::size_t>>{0, 2, std::nullopt}));
  EXPECT_EQ(pooled.levels[1].contestants, (std::vector<std::optional<std::size_t>>{1, 3, 4}));
  EXPECT_EQ(compare_by(sweep(), "loss", "area").groups[0].levels[0].name, "area");
}

TEST(Plans, KnowAKeyByItsLastPart) {
  EXPECT_EQ(compare_by(sweep(), "epsilon", std::nullopt).by, "attack.epsilon");
  EXPECT_EQ(compare_by(sweep(), "attack.epsilon", "8").baseline, "8");
  EXPECT_EQ(compare_by(sweep(), "epsilon", std::nullopt).groups.back().levels.size(), 3U);
  EXPECT_NE(refusal([] { compare_by(sweep(), "epsilom", std::nullopt); }).find("did you mean 'epsilon'?"),
            std::string::npos);
  const std::vector<Contestant> two = {contestant("a", {{"loss.0.weight", "1"}, {"loss.1.weight", "1"}}),
                                       contestant("b", {{"loss.0.weight", "1"}, {"loss.1.weight", "2"}})};
  EXPECT_EQ(compare_by(two, "loss.1.weight", std::nullopt).groups[0].setting, "loss.0.weight=1");
  EXPECT_NE(refusal([&] { compare_by(two, "weight", std::nullopt); }).find("may be loss.0.weight, loss.1.weight"),
            std::string::npos);
  EXPECT_NE(refusal([&] { compare_by(two, "loss.0.weight", std::nullopt); }).find("it is 1 everywhere"),
            std::string::npos);
}

TEST(Plans, KeepKeysTogetherThatChangeTogether) {
  const std::vector<Contestant> zipped = {
      contestant("a", {{"attack.epsilon", "4"}, {"loss", "score"}, {"optimizer.steps", "10"}}),
      contestant("b", {{"attack.epsilon", "4"}, {"loss", "area"}, {"optimizer.steps", "10"}}),
      contestant("c", {{"attack.epsilon", "4"}, {"loss", "both"}, {"optimizer.steps", "20"}}),
      contestant("d", {{"attack.epsilon", "8"}, {"loss", "score"}, {"optimizer.steps", "10"}}),
      contestant("e", {{"attack.epsilon", "8"}, {"loss", "area"}, {"optimizer.steps", "10"}})};
  const Plan plan = compare_by(zipped, "loss", std::nullopt);
  ASSERT_EQ(plan.groups.size(), 3U);
  EXPECT_EQ(plan.groups[0].setting, "epsilon=4");
  EXPECT_EQ(plan.groups[0].levels.size(), 3U);
  EXPECT_EQ(plan.notes, std::vector<std::string>{"optimizer.steps changes along with loss"});
  const std::string why = refusal([&] { compare_by(zipped, "steps", std::nullopt); });
  EXPECT_NE(why.find("--by steps: no variant differs from one with 10 in it alone"), std::string::npos) << why;
}

// --------------------------------------------------------------------------------------------------------- in all

/// Values of 40 pictures with two faces each, by contestant.
Series made_up(bool share, std::size_t contestants) {
  std::mt19937_64 random(3);
  Series series{{"score", share, "judge", "held_out"}, {}, {}};
  for (std::size_t c = 0; c < contestants; ++c) {
    auto& values = series.values.emplace_back();
    for (std::size_t picture = 0; picture < 40; ++picture) {
      for (std::size_t face = 0; face < 2; ++face) {
        const auto value = static_cast<double>(random() % 1000) / 1000;
        values[{picture, face}] = share ? (value < .4 + .15 * static_cast<double>(c) ? 1 : 0) : value;
      }
    }
  }
  return series;
}

TEST(Comparisons, PairWhatBothHave) {
  Runs runs;
  runs.contestants = {contestant("a"), contestant("b")};
  runs.series = {
      {{"psnr"}, {{{{0, 0}, 40}, {{1, 0}, 41}, {{2, 0}, 42}}, {{{3, 0}, 1}, {{2, 0}, 40}, {{1, 0}, 40}}}, {}}};
  const Table table = compare(runs, compare_all(runs.contestants, std::nullopt), Shown::all).at(0);
  ASSERT_EQ(table.rows.size(), 2U);
  EXPECT_EQ(table.rows[0].value.value, 41);
  EXPECT_FALSE(table.rows[0].difference.has_value());
  ASSERT_TRUE(table.rows[1].difference.has_value());
  const Difference& difference = *table.rows[1].difference;
  EXPECT_EQ(difference.n, 2);
  EXPECT_EQ(difference.value.value, -1.5);
  EXPECT_EQ(difference.test.p, .5);
  EXPECT_FALSE(difference.p_by_picture.has_value()) << "one pair a picture";
}

TEST(Comparisons, TellWhatNeverSharedAPicture) {
  Runs runs;
  runs.contestants = {contestant("a"), contestant("b")};
  runs.series = {{{"psnr"}, {{{{0, 0}, 40}}, {{{1, 0}, 40}}}, {}}};
  const std::string why = refusal([&] { compare(runs, compare_all(runs.contestants, std::nullopt), Shown::all); });
  EXPECT_NE(why.find("no picture was attacked both by a"), std::string::npos) << why;
}

TEST(Comparisons, AdjustForOneMeasureAtATime) {
  Runs runs;
  runs.contestants = sweep();
  runs.series = {made_up(true, 5), made_up(false, 5)};
  const std::vector<Table> tables = compare(runs, compare_by(runs.contestants, "epsilon", std::nullopt), Shown::all);
  ASSERT_EQ(tables.size(), 2U);
  for (const Table& table : tables) {
    Doubles p, adjusted, by_picture, by_picture_adjusted;
    for (const Row& row : table.rows) {
      if (!row.difference) continue;
      EXPECT_EQ(row.difference->clustered(), true);
      if (row.group == 2) continue;  // over all: a family of its own
      p.push_back(row.difference->test.p.value());
      adjusted.push_back(row.difference->p_holm.value());
      by_picture.push_back(row.difference->p_by_picture.value());
      by_picture_adjusted.push_back(row.difference->p_by_picture_holm.value());
    }
    ASSERT_EQ(p.size(), 3U);
    EXPECT_EQ(adjusted, holm(p));
    EXPECT_EQ(by_picture_adjusted, holm(by_picture));
    const Row& pooled = table.rows.at(table.rows.size() - 2);  // 8 against 4, over both losses
    EXPECT_EQ(pooled.difference->n, 160);
    EXPECT_EQ(pooled.difference->pictures, 40) << "a picture is one, however many settings it was in";
  }
}

TEST(TextTables, AreAsWideAsTheyHaveToBe) {
  TextTable table({"name", "never", "value"});
  table.add_line("a line that is longer than any of the columns");
  table.add({"–", "", "1.5"});
  table.add({"longer", "", "10.25"});
  EXPECT_EQ(table.text(" "),
            " name    value\n a line that is longer than any of the columns\n –         1.5\n longer  10.25\n");
}

}  // namespace
}  // namespace faceoff
