// The rules of an evaluation on cases made for them: outcomes, detections, intervals, degradations, answers, sums.
#include <faceoff/error.hpp>

#include <ATen/ATen.h>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <fstream>

#include "base/numbers.hpp"
#include "faces/matching.hpp"
#include "judge/answers.hpp"
#include "judge/detection.hpp"
#include "judge/interval.hpp"
#include "judge/lines.hpp"
#include "judge/recognition.hpp"
#include "judge/tally.hpp"
#include "picture/degrade.hpp"
#include "plugins/plugin_files.hpp"
#include "report/grid.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

// ---------------------------------------------------------------------------------------------------------- outcomes

TEST(Outcomes, AreThoseOfTheOriginalReport) {
  const std::optional<std::string> nothing;
  EXPECT_EQ(outcome("ann", "bea", "ann", "bea"), Outcome::target);
  EXPECT_EQ(outcome("ann", "bea", "ann", "ann"), Outcome::person);
  EXPECT_EQ(outcome("ann", "bea", "ann", "cat"), Outcome::somebody);
  EXPECT_EQ(outcome("ann", "bea", "ann", nothing), Outcome::no_face);
  EXPECT_EQ(outcome("ann", "bea", "cat", "cat"), Outcome::unusable);
  EXPECT_EQ(outcome("ann", "bea", "cat", "ann"), Outcome::unusable);
  EXPECT_EQ(outcome("ann", "bea", "cat", nothing), Outcome::unusable);
  EXPECT_EQ(outcome("ann", "bea", nothing, "ann"), Outcome::unusable);
  EXPECT_EQ(outcome("ann", "bea", nothing, nothing), Outcome::unusable);
}

TEST(Outcomes, OfTheTargetGoBeforeThoseThatSayNothing) {
  EXPECT_EQ(outcome("ann", "bea", "cat", "bea"), Outcome::target);
  EXPECT_EQ(outcome("ann", "bea", std::nullopt, "bea"), Outcome::target);
}

TEST(Outcomes, WithoutATargetAreNeverIt) {
  EXPECT_EQ(outcome("ann", "", "ann", ""), Outcome::somebody);
  EXPECT_EQ(outcome("ann", "", "ann", "bea"), Outcome::somebody);
  EXPECT_EQ(outcome("ann", "", "ann", "ann"), Outcome::person);
}

// --------------------------------------------------------------------------------------------------------- detections

TEST(Detections, AreCountedByTheirOverlapWithTrueFaces) {
  const std::vector<Box> truth = {{0, 0, 10, 10}, {50, 50, 70, 70}};
  const std::vector<Face> found = {{{0, 0, 10, 8}, .9, {}},      // the first face
                                   {{0, 1, 10, 10}, .8, {}},     // the same once more
                                   {{50, 50, 60, 70}, .7, {}},   // half of the second
                                   {{20, 20, 40, 30}, .6, {}},   // nothing
                                   {{80, 80, 90, 90}, .3, {}}};  // too little score
  const Detection seen = measure_detection(found, truth, 1000, .5);
  ASSERT_EQ(seen.faces.size(), 2U);
  EXPECT_DOUBLE_EQ(seen.faces[0].iou, .9) << "the nearest, not the surest";
  EXPECT_DOUBLE_EQ(seen.faces[0].score, .8);
  EXPECT_DOUBLE_EQ(seen.faces[1].iou, .5);
  EXPECT_TRUE(still_found(seen.faces[1].score, seen.faces[1].iou, .5));
  EXPECT_EQ(seen.false_areas, std::vector<double>{.2}) << "what is not sure, and a second box of a face, are none";
  ASSERT_EQ(seen.hits.size(), 5U);
  std::vector<bool> hits;
  for (const Detection::Hit& hit : seen.hits) hits.push_back(hit.true_face);
  EXPECT_EQ(hits, (std::vector<bool>{true, false, true, false, false})) << "each true face has one";
}

TEST(Detections, OfOneFaceAreOneHit) {
  // Two faces that overlap, and two boxes that are nearest to the first: the second box is no other face's.
  const std::vector<Box> truth = {{0, 0, 10, 10}, {0, 2, 10, 12}};
  const Detection seen = measure_detection({{{0, 0, 10, 10}, .9, {}}, {{0, 0.5, 10, 10}, .8, {}}}, truth, 1000, .5);
  EXPECT_TRUE(seen.hits[0].true_face);
  EXPECT_FALSE(seen.hits[1].true_face);
}

TEST(Detections, AreHeldToHowTheDetectorDrawsTheFace) {
  const std::vector<Face> clean = {{{0, 0, 10, 6}, .9, {}}, {{50, 50, 60, 52}, .9, {}}};
  EXPECT_EQ(as_drawn(clean, {0, 0, 10, 14}).y1, 6) << "a tighter box of the same face";
  EXPECT_EQ(as_drawn(clean, {50, 50, 60, 60}).y1, 60) << "an IoU of .2 is of something else";
  EXPECT_EQ(as_drawn({}, {50, 50, 60, 60}).y1, 60);
}

TEST(Detections, OfNothingAreNone) {
  const Detection seen = measure_detection({}, {{0, 0, 10, 10}}, 1000, .5);
  ASSERT_EQ(seen.faces.size(), 1U);
  EXPECT_EQ(seen.faces[0].iou, 0);
  EXPECT_FALSE(still_found(seen.faces[0].score, seen.faces[0].iou, 0));
  EXPECT_EQ(average_precision({}, 1), 0);
}

TEST(AveragePrecision, IsTheAreaUnderTheFallingCurve) {
  EXPECT_DOUBLE_EQ(average_precision({{.9, true}, {.8, true}}, 2), 1);
  EXPECT_DOUBLE_EQ(average_precision({{.9, true}, {.8, true}}, 4), .5);
  EXPECT_DOUBLE_EQ(average_precision({{.9, false}, {.8, true}}, 1), .5);
  // Precisions 1, 1/2, 2/3, 3/4: made falling 1, 3/4, 3/4, 3/4.
  EXPECT_DOUBLE_EQ(average_precision({{.6, true}, {.7, true}, {.9, true}, {.8, false}}, 3), (1 + .75 + .75) / 3)
      << "in the order of their scores";
}

// ---------------------------------------------------------------------------------------------------------- intervals

// statsmodels 0.14: proportion_confint(successes, n, method="wilson").
TEST(Intervals, AreWilsons) {
  const auto expect = [](std::int64_t successes, std::int64_t n, double low, double high) {
    const Estimate share = wilson(successes, n);
    EXPECT_DOUBLE_EQ(share.value, static_cast<double>(successes) / static_cast<double>(n));
    EXPECT_NEAR(share.low, low, 1e-12);
    EXPECT_NEAR(share.high, high, 1e-12);
  };
  expect(5, 40, 0.054595002509454, 0.261121198388511);
  expect(0, 40, 0, 0.0876216011972867);
  expect(40, 40, 0.912378398802713, 1);
  expect(1, 3, 0.0614919447203963, 0.792340399197952);
  expect(22, 22, 0.851345125391379, 1);
  expect(700, 1000, 0.670876139082783, 0.727593157522995);
}

// ------------------------------------------------------------------------------------------------------- degradations

Picture coloured(int width, int height) {
  Picture picture;
  picture.rgb = cv::Mat(height, width, CV_8UC3);
  cv::randu(picture.rgb, 0, 256);
  return picture;
}

TEST(Degradations, AreWhatTheirNamesSay) {
  const Picture picture = coloured(41, 30);
  EXPECT_EQ(cv::norm(degrade(picture, parse_degradation("png")), picture.rgb, cv::NORM_INF), 0);
  const cv::Mat half = degrade(picture, parse_degradation("resize:0.5"));
  EXPECT_EQ(half.size(), cv::Size(21, 15));
  const cv::Mat fine = degrade(picture, parse_degradation("jpeg:95"));
  const cv::Mat coarse = degrade(picture, parse_degradation("jpeg:20"));
  EXPECT_EQ(fine.size(), picture.rgb.size());
  EXPECT_GT(cv::norm(coarse, picture.rgb), cv::norm(fine, picture.rgb));
  EXPECT_GT(cv::norm(fine, picture.rgb), 0);
  const cv::Mat soft = degrade(picture, parse_degradation("blur:1"));
  EXPECT_EQ(soft.size(), picture.rgb.size());
  cv::Scalar mean, deviation, mean_before, deviation_before;
  cv::meanStdDev(soft, mean, deviation);
  cv::meanStdDev(picture.rgb, mean_before, deviation_before);
  EXPECT_LT(deviation[0], deviation_before[0] / 2);
  EXPECT_NEAR(mean[0], mean_before[0], 5);
  cv::Mat middle;
  cv::medianBlur(picture.rgb, middle, 3);
  EXPECT_EQ(cv::norm(degrade(picture, parse_degradation("median:3")), middle, cv::NORM_INF), 0);
}

TEST(Degradations, FollowOneAnotherInTheirOrder) {
  const Picture picture = coloured(41, 30);
  Picture first;
  first.rgb = degrade(picture, parse_degradation("jpeg:50"));
  const cv::Mat both = degrade(picture, parse_degradation("jpeg:50+blur:1"));
  EXPECT_EQ(cv::norm(both, degrade(first, parse_degradation("blur:1")), cv::NORM_INF), 0);
  EXPECT_GT(cv::norm(both, degrade(picture, parse_degradation("blur:1+jpeg:50")), cv::NORM_INF), 0);
}

TEST(Degradations, OfTransparentPicturesAreOfTheirColours) {
  Picture picture = coloured(16, 16);
  const cv::Mat opaque = degrade(picture, parse_degradation("jpeg:75"));
  picture.alpha = cv::Mat(16, 16, CV_8UC1, cv::Scalar(7));
  EXPECT_EQ(cv::norm(degrade(picture, parse_degradation("jpeg:75")), opaque, cv::NORM_INF), 0);
}

TEST(Degradations, OfOtherNamesAreRefused) {
  for (const char* name :
       {"",         "jpg",        "png:1",      "jpeg",     "jpeg:0",   "jpeg:101",    "jpeg:75.5",       "jpeg:75x",
        "resize:0", "resize:1.5", "resize:nan", "blur:-1",  "blur:inf", "blur:1e9",    "median",          "median:1",
        "median:4", "median:51",  "+",          "jpeg:50+", "+blur:1",  "jpeg:50+png", "jpeg:50 + blur:1"}) {
    const std::string message = error_of<ConfigError>([&] { parse_degradation(name); });
    expect_in(message, "'" + std::string(name) + "'");
    expect_in(message, "jpeg:QUALITY");
  }
}

// ------------------------------------------------------------------------------------------------------------ answers

/// What the evaluation says of one picture with two faces, ann's and bea's, both to be taken for cat.
std::vector<EvaluationLine> two_faces() {
  const auto face = [](const char* person) {
    return Json{{"person", person}, {"target", "cat"}, {"models", Json::array()}};
  };
  return {
      line_of({{"picture", "a,\"b\".png"}, {"output", "out/1.png"}, {"faces", {face("ann"), face("bea")}}}),
      line_of({{"picture", "a,\"b\".png"}, {"output", "out/1.png"}, {"after", "jpeg:75"}, {"faces", {face("ann")}}})};
}

class AnswersOf : public testing::Test {
 protected:
  std::filesystem::path file(const std::string& text) const {
    std::ofstream(folder_ / "answers.csv", std::ios::binary) << text;
    return folder_ / "answers.csv";
  }
  std::string refusal(const std::string& text) const {
    try {
      std::vector<EvaluationLine> lines = two_faces();
      const Answers answers(file(text));
      answers.require({{"a,\"b\".png", "out/1.png", std::nullopt}}, {"faceres"});
      answers.add_to(lines);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "not refused";
  }
  TemporaryFolder folder_;
};

TEST_F(AnswersOf, OthersAreScoredByTheSameRules) {
  const Answers answers(
      file("\xEF\xBB\xBFrecogniser,identity,picture,face\r\n"
           "service,ann,\"a,\"\"b\"\".png\",1\r\n"
           "service,bea,\"a,\"\"b\"\".png\",2\r\n"
           "service,cat,out/1.png,1\r\n"
           "service,,out/1.png,2\r\n"
           "\r\n"));
  std::vector<EvaluationLine> lines = two_faces();
  answers.add_to(lines);
  const std::vector<FaceEvaluation>& faces = lines[0].seen.faces;
  ASSERT_EQ(faces[0].models.size(), 1U);
  const Recognition &ann = faces[0].models[0], &bea = faces[1].models[0];
  EXPECT_EQ(ann.name, "service");
  EXPECT_EQ(ann.outcome, Outcome::target);
  EXPECT_EQ(ann.best[1]->name, "cat");
  EXPECT_EQ(ann.not_the_person, (BeforeAfter<bool>{false, true}));
  EXPECT_EQ(ann.is_the_target, (BeforeAfter<bool>{false, true}));
  EXPECT_EQ(bea.outcome, Outcome::no_face);
  EXPECT_FALSE(bea.best[1]);
  EXPECT_EQ(bea.not_the_person, (BeforeAfter<bool>{false, true})) << "who is not found is not recognised";
  EXPECT_TRUE(lines[1].seen.faces[0].models.empty()) << "the answers are of the pictures as delivered";
}

TEST_F(AnswersOf, SpreadsheetsAreReadWithTheirSemicolonsAndSpaces) {
  const std::string clean = "\"a,\"\"b\"\".png\"";
  for (const std::string& text :
       {"picture;recogniser;identity\n" + clean + ";service;ann\nout/1.png;service;ann\n",
        "picture, recogniser, identity\n" + clean + ",service,ann\nout/1.png,service,ann\n"}) {
    std::vector<EvaluationLine> lines = two_faces();
    Answers(file(text)).add_to(lines);
    ASSERT_EQ(lines[0].seen.faces[0].models.size(), 1U) << text;
    EXPECT_EQ(lines[0].seen.faces[0].models[0].name, "service");
  }
}

TEST_F(AnswersOf, NobodyOrAboutNothingAreRefusedWithTheirPlace) {
  const std::string header = "picture,recogniser,identity,face\n", place = (folder_ / "answers.csv").string() + ":";
  expect_in(refusal(""), place + "1:1");
  expect_in(refusal("picture,identity\n"), "columns picture, recogniser, identity");
  expect_in(refusal(header + "out/1.png,faceres,ann,1\n"), place + "2:1: 'faceres' is the name of a model");
  expect_in(refusal(header + "out/1.png,s,ann\n"), place + "2:1: 3 fields, and the first line has 4");
  expect_in(refusal(header + "out/1.png,,ann,1\n"), "no recogniser's name");
  expect_in(refusal(header + "out/1.png,s,ann,0\n"), "'0' is no face's number");
  expect_in(refusal(header + "out/1.png,s,ann,-1\n"), "'-1' is no face's number");
  expect_in(refusal(header + "\"a,\"\"b\"\".png\",s,ann,3\nout/1.png,s,ann,3\n"),
            place + "2:1: face 3, and on a,\"b\".png are 2");
  expect_in(refusal(header + "out/1.png,s,ann,1\n\"a,\"\"b\"\".png\",s,ann,1\nout/1.png,s,bea,1\n"),
            place + "4:1: s answers twice for face 1 of out/1.png");
  expect_in(refusal(header + "out/2.png,s,ann,1\n"), "no picture 'out/2.png' is evaluated");
  expect_in(refusal(header + "out/1.png,s,ann,1\n"), "says nothing of the clean picture");
  expect_in(refusal(header + "\"out/1.png,s,ann,1\n"), place + "2:1: a quote is opened and never closed");
}

// --------------------------------------------------------------------------------------------------------------- sums

TEST(Tallies, AddUpFacesByVariantAndDegradation) {
  const auto line = [](const char* variant, const char* outcome, bool impersonated, double psnr) {
    const Json rates = {{"1e-3", {false, impersonated}}};
    const Json model = {{"name", "r"},       {"role", "held_out"},       {"outcome", outcome},
                        {"target", {0, .5}}, {"target_disjoint", false}, {"impersonated", rates},
                        {"dodged", nullptr}};
    const Json sighting = {{"faces", {{{"score", .9}, {"iou", .8}}}}, {"false_areas", {.25}}, {"boxes", {{.9, true}}}};
    const Json nothing = {
        {"faces", {{{"score", 0}, {"iou", 0}}}}, {"false_areas", Json::array()}, {"boxes", Json::array()}};
    const Json detector = {{"name", "d"}, {"role", "surrogate"}, {"minimum_score", .5}, {"seen", {sighting, nothing}}};
    return line_of({{"variant", variant},
                    {"after", "png"},
                    {"psnr", psnr},
                    {"ssim", 1},
                    {"changed", .5},
                    {"faces", {{{"models", {model}}}}},
                    {"detectors", {detector}}});
  };
  const std::vector<Tally> tallies =
      tally({line("a", "H", true, 30), line("b", "L", false, 40), line("a", "L", false, 40)});
  ASSERT_EQ(tallies.size(), 2U);
  EXPECT_EQ(tallies[0].variant, "a");
  EXPECT_EQ(tallies[0].pictures, 2);
  EXPECT_DOUBLE_EQ(tallies[0].mean_psnr(), 35);
  const RecogniserTally& recogniser = tallies[0].recognisers.at(0);
  EXPECT_EQ(recogniser.role, "held_out");
  EXPECT_EQ(recogniser.outcomes, (std::map<char, std::int64_t>{{'H', 1}, {'L', 1}}));
  EXPECT_EQ(recogniser.impersonated.at("1e-3").held, (std::array<std::int64_t, 2>{0, 1}));
  EXPECT_EQ(recogniser.impersonated.at("1e-3").n, 2);
  EXPECT_TRUE(recogniser.dodged.empty());
  const DetectorTally& detector = tallies[0].detectors.at(0);
  EXPECT_EQ(detector.found.held, (std::array<std::int64_t, 2>{2, 0}));
  EXPECT_DOUBLE_EQ(detector.false_area(0), .25);
  EXPECT_EQ(detector.false_area(1), 0);
  const std::string words = to_words(tallies);
  expect_in(words, "a, after png: 2 pictures, 35.0 dB on average");
  expect_in(words, "r (held_out), 2 faces: H 1 L 1 M 0 U 0 N 0");
  expect_in(words, "of 2 of the 2 targets there is no photo that the attack did not look at");
  expect_in(words, "found 0 of 2 faces, 2 of the clean ones; average precision 0.000, clean 1.000");
}

// -------------------------------------------------------------------------------------------------------------- grids

TEST(Grids, AreTheOriginalsTableWhereTargetAndBudgetAreSwept) {
  std::vector<EvaluationLine> lines;
  Choices choices;
  for (const char* target : {"furthest_", "random_draw_1_", "random_draw_2_"}) {
    for (const double epsilon : {16, 8}) {
      const Json face = {{"box", {0, 0, 1, 1}}, {"person", "ann"}, {"target", "bea"}, {"models", Json::array()}};
      const std::string name = "a name that says nothing " + std::to_string(lines.size());
      lines.push_back(line_of({{"variant", name}, {"epsilon", epsilon}, {"faces", {face}}}));
      choices[name] = {{"attack.epsilon", shortest(epsilon)}, {"attack.target", std::string("choice_") + target}};
    }
  }
  const Grid grid = make_grid(lines, choices);
  EXPECT_TRUE(grid.by_epsilon);
  std::vector<std::string> columns;
  for (const GridColumn& column : grid.columns) columns.push_back(column.group + ": " + column.epsilon);
  EXPECT_EQ(columns, (std::vector<std::string>{"furthest: 8", "furthest: 16", "random, draw 1: 8", "random, draw 1: 16",
                                               "random, draw 2: 8", "random, draw 2: 16"}));
  ASSERT_EQ(grid.rows.size(), 1U);
  EXPECT_EQ(grid.rows[0].person, "ann");
  EXPECT_EQ(std::ranges::count_if(grid.rows[0].cells, [](const auto& cell) { return cell.has_value(); }), 6);
}

}  // namespace
}  // namespace faceoff
