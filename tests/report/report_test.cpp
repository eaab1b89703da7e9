// A report's page: nothing in it can break out of it, and its plots say what the lines of evaluation.jsonl say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/numbers.hpp"
#include "judge/lines.hpp"
#include "judge/tally.hpp"
#include "plugins/plugin_files.hpp"
#include "report/faces.hpp"
#include "report/grid.hpp"
#include "report/html.hpp"
#include "report/opening.hpp"
#include "report/page.hpp"
#include "report/plots.hpp"
#include "report/tables.hpp"

namespace faceoff {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// What a held-out recogniser says: cosines with the target and the person, each before and after.
Json said(const std::array<double, 2>& target, const std::array<double, 2>& self) {
  const Json impersonated = {target[0] >= .5, target[1] >= .5}, dodged = {self[0] < .5, self[1] < .5};
  return {{"name", "judge"},
          {"role", "held_out"},
          {"outcome", "H"},
          {"best", {nullptr, nullptr}},
          {"target", target},
          {"target_disjoint", true},
          {"self", self},
          {"impersonated", {{"1e-2", impersonated}, {"1e-3", impersonated}}},
          {"dodged", {{"1e-3", dodged}}}};
}

EvaluationLine line(int picture, double epsilon, const Json& model, const std::string& person = "ann") {
  const Json face = {
      {"box", {0, 0, 4, 4}}, {"person", person}, {"known", true}, {"target", "bea"}, {"models", {model}}};
  const Json seen = {{"score", .9}, {"iou", .8}, {"box", {0, 0, 4, 3}}},
             missed = {{"score", 0}, {"iou", 0}, {"box", nullptr}};
  const auto sight = [](const Json& sighting) {
    return Json{{"faces", {sighting}}, {"false_areas", Json::array()}, {"boxes", Json::array()}};
  };
  return line_of(
      {{"variant", "epsilon=" + std::to_string(static_cast<int>(epsilon))},
       {"picture", std::to_string(picture) + ".png"},
       {"output", "images/" + std::to_string(picture) + ".png"},
       {"after", "png"},
       {"epsilon", epsilon},
       {"psnr", 30},
       {"ssim", 1},
       {"changed", 1},
       {"faces", {face}},
       {"detectors",
        {{{"name", "finder"}, {"role", "surrogate"}, {"minimum_score", .5}, {"seen", {sight(seen), sight(missed)}}}}}});
}

/// What each variant of these lines is.
Choices choices_of(const std::vector<EvaluationLine>& lines, const std::string& key = {}) {
  Choices choices;
  for (const EvaluationLine& one : lines) {
    auto& said = choices[one.variant];
    said = {{"attack.epsilon", shortest(*one.epsilon)}};
    const std::size_t comma = one.variant.find(',');
    if (!key.empty()) said.emplace_back(key, one.variant.substr(comma + 1));
  }
  return choices;
}

Grid grid_of(const std::vector<EvaluationLine>& lines) {
  return make_grid(lines, choices_of(lines));
}

/// Two pictures at two budgets; the larger one makes both pass.
std::vector<EvaluationLine> lines() {
  return {line(1, 8, said({.1, .2}, {.8, .7})), line(1, 16, said({.1, .6}, {.8, .4})),
          line(2, 8, said({.2, .6}, {.9, .6})), line(2, 16, said({.2, .7}, {.9, .3}))};
}

const Figure& figure(const std::vector<Figure>& figures, const std::string& title) {
  const auto found = std::ranges::find(figures, title, &Figure::title);
  if (found == figures.end()) throw std::runtime_error("no figure " + title);
  return *found;
}

TEST(Html, NoDataEndsItsBlock) {
  const Json rude = {{"name", "a</script><script>alert(1)</script><!-- \" & \u2028"}};
  const std::string block = data_block("spec", rude);
  EXPECT_EQ(block.find('<', 1), block.find("</script>")) << block;
  const std::size_t begin = block.find('{');
  EXPECT_EQ(Json::parse(block.substr(begin, block.rfind('}') + 1 - begin)), rude);
}

TEST(Html, APolicysHashIsThatOfTheContent) {
  // The example of the standard, Content Security Policy Level 2.
  EXPECT_EQ(policy_hash("alert('Hello, world.');"), "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='");
}

TEST(Html, APageAllowsItsOwnScriptsAndStyleAndNothingElse) {
  const Page page{"<b>&", "by 'x'", {{"one", "One", "<p>text</p>"}, {"none", "None", ""}}};
  const std::string html = to_html(page, {"first();"});
  EXPECT_THAT(html,
              HasSubstr("content=\"default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src " +
                        policy_hash(page_style) + "; script-src " + policy_hash("first();") + " " +
                        policy_hash(page_script) + "\""));
  EXPECT_THAT(html, HasSubstr("<script>first();</script>"));
  EXPECT_THAT(html, HasSubstr("<h1>&lt;b&gt;&amp;</h1>\n<p>by &#39;x&#39;</p>"));
  EXPECT_THAT(html, HasSubstr("<section id=\"one\">"));
  EXPECT_THAT(html, Not(HasSubstr("None")));
  EXPECT_EQ(html, to_html(page, {"first();"}));
}

TEST(Html, NamesAreTextEverywhere) {
  std::vector<EvaluationLine> rude = lines();
  for (EvaluationLine& one : rude) {
    FaceEvaluation& face = one.seen.faces[0];
    face.who.person = "<i>ann";
    face.who.target = "<i>bea";
    one.variant = "<i>" + one.variant;
    face.models[0].name = "<i>judge";
    one.seen.detectors[0].name = "<i>finder";
  }
  const Grid grid = make_grid(rude, choices_of(rude, "name"));
  const std::vector<Tally> tallies = tally(rude);
  std::string all = recognisers_table(tallies) + detectors_table(tallies) + faces_table({".", "."}, grid);
  for (const Figure& one : success_figures(grid, tallies)) all += figure_html(one, true);
  EXPECT_THAT(all, Not(HasSubstr("<i>")));
  EXPECT_THAT(all, HasSubstr("&lt;i&gt;finder"));
}

/// With somebody who was attacked beside the judge: everything is better by them.
std::vector<EvaluationLine> lines_with_surrogate() {
  std::vector<EvaluationLine> all = lines();
  for (EvaluationLine& one : all) {
    Recognition attacked = one.seen.faces[0].models[0];
    attacked.name = "attacked";
    attacked.role = "surrogate";
    attacked.is_the_target = {false, true};
    one.seen.faces[0].models[0].is_the_target = {false, one.variant == "epsilon=16"};
    one.seen.faces[0].models.insert(one.seen.faces[0].models.begin(), attacked);
  }
  return all;
}

TEST(Opening, IsASentenceAndThreeFiguresOfThoseWhoWereNeverAttackedFirst) {
  const Opening opening = opening_of(tally(lines_with_surrogate()), Goal::impersonate);
  EXPECT_THAT(opening.verdict, HasSubstr("epsilon=16"));
  EXPECT_THAT(opening.verdict, HasSubstr("2 faces 2 are taken for the target by judge, which was never attacked"));
  ASSERT_EQ(opening.figures.size(), 3U);
  EXPECT_EQ(opening.figures[0].judge, "judge");
  EXPECT_EQ(opening.figures[0].counts.held[1], 2);
  EXPECT_EQ(opening.figures[1].role, "held_out");
  EXPECT_EQ(opening.figures[2].judge, "attacked");
  EXPECT_THAT(opening_html(opening), HasSubstr("class=\"key-figure held_out\"><b>100&nbsp;%</b>"));
}

TEST(Opening, OfAttackedModelsAloneItSaysThatNobodyElseJudged) {
  std::vector<EvaluationLine> all = lines();
  for (EvaluationLine& one : all) one.seen.faces[0].models.clear();
  const Opening opening = opening_of(tally(all), {});
  EXPECT_THAT(opening.verdict, HasSubstr("0 are still found by finder, which was attacked, and 2 before"));
  EXPECT_THAT(opening.verdict, HasSubstr("Nobody judged who was never attacked"));
  EXPECT_EQ(opening_html(opening_of({}, {})), "");
}

TEST(Tables, RemarksStandBelowOnce) {
  std::vector<EvaluationLine> all = lines();
  for (EvaluationLine& one : all) one.seen.faces[0].models[0].target_disjoint = false;
  const std::string html = recognisers_table(tally(all));
  const std::string remark = "of 2 of the 2 targets there is no photo that the attack did not look at";
  const std::size_t first = html.find(remark);
  ASSERT_NE(first, std::string::npos) << html;
  EXPECT_GT(first, html.find("</table>"));
  EXPECT_EQ(html.find(remark, first + 1), std::string::npos);
  EXPECT_THAT(html, HasSubstr("judge <span class=\"role held_out\">held-out</span><sup>1</sup>"));
}

TEST(Plots, SuccessAgainstEpsilonBeginsAtTheControl) {
  const std::vector<EvaluationLine> all = lines();
  const std::vector<Figure> figures = success_figures(grid_of(all), tally(all));
  const Figure& impersonated = figure(figures, "Impersonated against ε");
  EXPECT_THAT(impersonated.rows,
              ElementsAre(ElementsAre("judge", "held-out", "png", "0, clean", "0 of 2", "0.0", "0.0 to 65.8"),
                          ElementsAre("judge", "held-out", "png", "8", "1 of 2", "50.0", "9.5 to 90.5"),
                          ElementsAre("judge", "held-out", "png", "16", "2 of 2", "100.0", "34.2 to 100.0")));
  ASSERT_EQ(impersonated.plots.size(), 1U);
  EXPECT_EQ(impersonated.plots[0].role, "held_out");
  EXPECT_EQ(impersonated.plots[0].spec["data"]["values"].size(), 3U);
  EXPECT_EQ(figure(figures, "Hidden against ε").rows[1][4], "2 of 2");
  EXPECT_EQ(figure(figures, "Impersonated against the false accept rate").rows.size(), 6U);
  // One rate is no line.
  EXPECT_EQ(std::ranges::count(figures, "Dodged against the false accept rate", &Figure::title), 0);
}

TEST(Plots, OneEpsilonIsNoLine) {
  const std::vector<EvaluationLine> all = {lines()[0], lines()[2]};
  for (const Figure& one : success_figures(grid_of(all), tally(all))) EXPECT_THAT(one.title, Not(HasSubstr("ε")));
}

TEST(Plots, LinesStandInTheOrderOfTheVariants) {
  std::vector<EvaluationLine> all;
  for (const char* loss : {"similarity", "dodging", "triplet"}) {
    for (EvaluationLine one : lines()) {
      one.variant += std::string(",") + loss;
      all.push_back(one);
    }
  }
  const std::vector<Figure> figures = success_figures(make_grid(all, choices_of(all, "loss.0.plugin")), tally(all));
  const Figure& impersonated = figure(figures, "Impersonated against ε");
  std::vector<std::string> order;
  for (const std::vector<std::string>& row : impersonated.rows) {
    if (order.empty() || order.back() != row[2]) order.push_back(row[2]);
  }
  EXPECT_THAT(order, ElementsAre("plugin=similarity", "plugin=dodging", "plugin=triplet"))
      << "the first lines are drawn, and these are they";
}

TEST(Plots, CosinesTellThePersonFromTheTarget) {
  const std::vector<EvaluationLine> all = lines();
  const std::vector<Figure> figures = cosine_figures(grid_of(all), all, {});
  EXPECT_THAT(figure(figures, "Telling the person from the target").rows,
              ElementsAre(ElementsAre("judge", "held-out", "clean", "2", "1.000", "1.00", "1.00", "1.00"),
                          // .7 and .6 against .2 and .6: three pairs and a tie
                          ElementsAre("judge", "held-out", "ε 8", "2", "0.875", "0.50", "0.50", "1.00"),
                          ElementsAre("judge", "held-out", "ε 16", "2", "0.000", "0.00", "0.00", "0.00")));
}

TEST(Plots, HistogramsCountEachFaceOnceAndShowTheThresholds) {
  const std::vector<EvaluationLine> all = lines();
  const Thresholds about = {{"judge", {{1e-3, .5}}}};
  const std::vector<Figure> figures = cosine_figures(grid_of(all), all, about);
  const Figure& histograms = figure(figures, "Similarities before and after");
  ASSERT_EQ(histograms.plots.size(), 2U) << "with the person and with the target";
  int faces = 0;
  for (const std::vector<std::string>& row : histograms.rows) faces += std::stoi(row.back());
  EXPECT_EQ(faces, 2 * 3 * 2) << "of clean and two variants";
  EXPECT_THAT(histograms.plots[0].spec.dump(), HasSubstr(R"({"cosine":0.5,"rate":"1e-3"})"));
}

TEST(Plots, TracesAreMediansAndQuartilesOfWhatIsThere) {
  const TemporaryFolder folder;
  const Grid grid = grid_of(lines());
  EXPECT_TRUE(trace_figures(folder.path(), grid).empty());
  std::filesystem::create_directories(folder / "traces/epsilon=8");
  for (int i = 0; i < 5; ++i) {
    std::ofstream(folder / ("traces/epsilon=8/" + std::to_string(i) + ".csv"))
        << "step,objective,margin\n0," << i << ",\n1,-" << i << ".5,\n2,nan,\n3";
  }
  const std::vector<Figure> figures = trace_figures(folder.path(), grid);
  ASSERT_EQ(figures.size(), 1U);
  EXPECT_THAT(figures[0].rows, ElementsAre(ElementsAre("objective", "ε 8", "0", "1.0000", "2.0000", "3.0000", "5"),
                                           ElementsAre("objective", "ε 8", "1", "-3.5000", "-2.5000", "-1.5000", "5")));
  ASSERT_EQ(figures[0].plots.size(), 1U) << "no margins, no plot of them";
}

TEST(Plots, MoreThanCanBeToldApartAreInTheTableAlone) {
  std::vector<EvaluationLine> all;
  for (int i = 0; i < 20; ++i) {
    EvaluationLine one = line(1, 8, said({.1, .6}, {.8, .4}));
    one.variant = "steps=" + std::to_string(i);
    all.push_back(one);
  }
  const std::vector<Figure> figures = success_figures(make_grid(all, {}), tally(all));
  const Figure& impersonated = figure(figures, "Impersonated against the false accept rate");
  EXPECT_EQ(impersonated.rows.size(), 2U * 21);
  EXPECT_EQ(impersonated.plots[0].spec["data"]["values"].size(), 2 * most_series);
}

TEST(ReportedFaces, OfManyTheFirstAreShownAndItIsSaid) {
  std::vector<EvaluationLine> all;
  for (int i = 0; i < 1000; ++i) {
    all.push_back(line(i, 8, said({.1, .6}, {.8, .4})));
    all.push_back(line(i, 16, said({.1, .6}, {.8, .4})));
  }
  const Grid grid = grid_of(all);
  EXPECT_EQ(grid.faces, 1000U);
  EXPECT_EQ(grid.rows.size(), most_cells / 2);
  EXPECT_THAT(faces_table({".", "."}, grid), HasSubstr("The first 90 of 1000 faces are shown"));
}

TEST(ReportedFaces, BoxesAreWhereTheFaceIsAndWhereADetectorSeesIt) {
  const Grid grid = grid_of(lines());
  const Verdict& finder = grid.rows.at(0).cells.at(0)->detectors.at(0);
  ASSERT_TRUE(finder.boxes[0]);
  EXPECT_EQ(finder.boxes[0]->y1, 3);
  EXPECT_FALSE(finder.boxes[1]);
}

}  // namespace
}  // namespace faceoff
