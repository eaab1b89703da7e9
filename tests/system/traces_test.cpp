// What a run keeps of each item's steps: CSV, and event files that TensorBoard's own code reads.
#include <gtest/gtest.h>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include "pictures.hpp"
#include "program.hpp"

namespace system_test {
namespace {

class Traces : public testing::Test {
 protected:
  void SetUp() override {
    save("small.png", small_picture());
    save("other.png", shifted_small_picture());
    save("nobody.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(90, 120, 30)));
    write_text(folder_ / "broken.png", "no picture");
    write_text(folder_ / "x.toml",
               "data = { pictures = [\"small.png\"] }\n"
               "models.tiny.plugin = \"tiny_face_detector\"\n"
               "faces.detector = \"tiny\"\n"
               "loss = [{ plugin = \"detection\", models = [\"tiny\"] }]\n"
               "augment = [{ plugin = \"uniform_noise\" }]\n"
               "optimizer = { plugin = \"pgd\", steps = 3, step_size = 2 }\n");
  }

  void save(const std::string& name, const cv::Mat& pixels) const {
    ASSERT_TRUE(cv::imwrite((folder_ / name).string(), pixels));
  }

  /// A run into this folder; where it is.
  fs::path run_into(const std::string& name, const Args& more = {}, int code = 0) const {
    Args args = {"run", "x.toml", "--out", name};
    args.insert(args.end(), more.begin(), more.end());
    const Outcome outcome = run_faceoff(args, folder_.path());
    EXPECT_EQ(outcome.code, code) << outcome.err;
    return folder_ / name;
  }

  TemporaryFolder folder_;
};

/// What a folder's files hold, by their names; nothing where there is no folder.
std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> all;
  if (!fs::exists(folder)) return all;
  for (const std::string& file : files_in(folder)) all[file] = read_text(folder / file);
  return all;
}

std::vector<std::string> names(const fs::path& folder) {
  std::vector<std::string> all;
  for (const auto& [name, text] : contents(folder)) all.push_back(name);
  return all;
}

/// "objective" or "margin" of a trace, by step.
std::map<int, double> column(const std::string& csv, const std::string& name) {
  std::map<int, double> values;
  const std::vector<std::string> rows = lines_of(csv);
  EXPECT_EQ(rows.at(0), "step,objective,margin");
  for (std::size_t i = 1; i < rows.size(); ++i) {
    std::smatch cells;
    EXPECT_TRUE(std::regex_match(rows[i], cells, std::regex("([0-9]+),([-+.e0-9]*),([-+.e0-9]*)"))) << rows[i];
    EXPECT_EQ(cells[1], std::to_string(i));
    const std::string cell = cells[name == "objective" ? 2 : 3];
    if (!cell.empty()) values[static_cast<int>(i)] = std::stod(cell);
  }
  return values;
}

const Args two_budgets = {"--set", "sweep={\"attack.epsilon\"=[2, 6]}", "--set",
                          "data.pictures=[\"small.png\", \"other.png\"]"};

TEST_F(Traces, HaveARowAStepOfEachItemOfEachVariant) {
  const fs::path run = run_into("run", two_budgets);
  const auto traces = contents(run / "traces");
  EXPECT_EQ(names(run / "traces"), (std::vector<std::string>{"epsilon=2/other.csv", "epsilon=2/small.csv",
                                                             "epsilon=6/other.csv", "epsilon=6/small.csv"}));
  for (const auto& [name, csv] : traces) {
    SCOPED_TRACE(name);
    EXPECT_EQ(column(csv, "objective").size(), 3U);
    EXPECT_EQ(column(csv, "margin").size(), 3U);
  }
  const std::string two = traces.at("epsilon=2/small.csv"), six = traces.at("epsilon=6/small.csv");
  EXPECT_EQ(lines_of(two).at(1), lines_of(six).at(1)) << "both begin at the clean picture";
  EXPECT_NE(lines_of(two).at(3), lines_of(six).at(3));
  EXPECT_LT(column(six, "objective").at(3), column(six, "objective").at(1)) << "the objective is minimised";
  EXPECT_LT(column(six, "margin").at(1), 0) << "the face is found at first";
}

TEST_F(Traces, TellOfDodgingHowFarAFaceIsBelowTheThreshold) {
  const fs::path run = run_into("run", {"--set", "models.faceres.plugin=faceres", "--set",
                                        "loss=[{plugin=\"dodging\", models=[\"faceres\"]}]", "--set", "augment=[]"});
  const Json environment = Json::parse(read_text(run / "environment.json"));
  const double threshold = environment["variants"]["base"]["judges"][0]["threshold"];
  const std::string trace = read_text(run / "traces/base/small.csv");
  EXPECT_NEAR(column(trace, "objective").at(1), 1, 1e-5);
  EXPECT_NEAR(column(trace, "margin").at(1), threshold - 1, 1e-5);
}

TEST_F(Traces, AreTheSameBitsAgainAndInAWorker) {
  const auto once = contents(run_into("once", two_budgets) / "traces");
  ASSERT_EQ(once.size(), 4U);
  EXPECT_EQ(contents(run_into("again", two_budgets) / "traces"), once);
  Args isolated = two_budgets;
  isolated.emplace_back("--isolate");
  EXPECT_EQ(contents(run_into("isolated", isolated) / "traces"), once);
}

TEST_F(Traces, AreNotKeptWhereNobodyWantsThemAndNothingElseChanges) {
  const fs::path with = run_into("with"), without = run_into("without", {"--set", "output.traces=false"});
  EXPECT_EQ(names(with / "traces"), (std::vector<std::string>{"base/small.csv"}));
  EXPECT_FALSE(fs::exists(without / "traces"));
  EXPECT_EQ(contents(with / "images"), contents(without / "images"));
}

TEST_F(Traces, AreThoseOfAttacksThatCameToAnEnd) {
  const fs::path run =
      run_into("run", {"--set", "data.pictures=[\"broken.png\", \"nobody.png\", \"small.png\"]", "--tensorboard"}, 1);
  const std::vector<Json> all = results(run);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0]["status"], "failed");
  EXPECT_EQ(all[1]["status"], "no_face");
  EXPECT_EQ(names(run / "traces"), (std::vector<std::string>{"base/small.csv"}));
  ASSERT_EQ(names(run / "tensorboard").size(), 1U);
  EXPECT_TRUE(names(run / "tensorboard").front().starts_with("base/small/"));
}

/// An item's event file as TensorBoard reads it; scripts/bootstrap --lint installs that.
Json read_events(const fs::path& folder, const fs::path& pictures) {
  const fs::path source = FACEOFF_SOURCE_FOLDER, python = source / ".venv-tensorboard/bin/python";
  if (!fs::exists(python)) throw std::runtime_error("no TensorBoard: scripts/bootstrap --lint installs it");
  fs::create_directories(pictures);
  const std::string script = (source / "tests/system/read_events.py").string();
  const Outcome outcome = run({{python.string(), script, folder.string(), pictures.string()}});
  if (outcome.code != 0) throw std::runtime_error(outcome.err);
  return Json::parse(outcome.out);
}

void expect_scalars(const Json& read, const std::map<int, double>& written) {
  ASSERT_EQ(read.size(), written.size());
  for (const Json& one : read) {
    const double expected = written.at(one[0].get<int>());
    EXPECT_NEAR(one[1].get<double>(), expected, 1e-5 * std::abs(expected) + 1e-12) << "step " << one[0];
  }
}

TEST_F(Traces, AreReadByTensorBoardAsTheyWereWritten) {
  Args args = two_budgets;
  args.emplace_back("--tensorboard");
  for (const bool isolated : {false, true}) {
    const std::string name = isolated ? "isolated" : "run";
    SCOPED_TRACE(name);
    if (isolated) args.emplace_back("--isolate");
    const fs::path run = run_into(name, args);
    ASSERT_EQ(names(run / "tensorboard").size(), 4U);
    for (const Json& item : results(run)) {
      const std::string variant = item["variant"], stem = fs::path(item["picture"].get<std::string>()).stem();
      SCOPED_TRACE(variant + "/" + stem);
      const fs::path events = run / "tensorboard" / variant / stem;
      ASSERT_EQ(names(events).size(), 1U);
      EXPECT_TRUE(std::regex_match(names(events).front(), std::regex("events\\.out\\.tfevents\\.[0-9]{10}\\.faceoff")));
      const Json read = read_events(events, folder_ / "pictures");
      EXPECT_EQ(read["version"], 2.0);
      EXPECT_EQ(read["events"], 1 + 3 * 2 + 3);
      ASSERT_EQ(read["scalars"].size(), 2U) << read["scalars"];
      const std::string csv = read_text(run / "traces" / variant / (stem + ".csv"));
      expect_scalars(read["scalars"]["objective"], column(csv, "objective"));
      expect_scalars(read["scalars"]["margin"], column(csv, "margin"));

      const cv::Mat before = read_pixels(folder_ / item["picture"].get<std::string>()),
                    after = read_pixels(run / item["output"].get<std::string>());
      const cv::Mat perturbation = read_pixels(folder_ / "pictures/perturbation.png");
      EXPECT_EQ(read["images"].size(), 3U) << read["images"];
      EXPECT_EQ(read["images"]["before"], (Json{{"step", 0}, {"width", before.cols}, {"height", before.rows}}));
      EXPECT_EQ(read["images"]["after"]["step"], 3);
      EXPECT_EQ(largest_difference(read_pixels(folder_ / "pictures/before.png"), before), 0);
      EXPECT_EQ(largest_difference(read_pixels(folder_ / "pictures/after.png"), after), 0);
      ASSERT_EQ(perturbation.size(), before.size());
      for (const auto& [y, x] : std::vector<std::pair<int, int>>{{7, 9}, {180, 180}, {350, 20}}) {
        const int change = after.at<cv::Vec3b>(y, x)[1] - before.at<cv::Vec3b>(y, x)[1];
        EXPECT_NEAR(perturbation.at<cv::Vec3b>(y, x)[1], 128 + change * 127. / item["linf"].get<double>(), 1);
      }
    }
  }
}

TEST_F(Traces, AreReadByTensorBoardWithoutAFileOfTheirOwnAndWithLargePicturesShrunk) {
  cv::Mat large;
  cv::resize(small_picture()(cv::Rect(0, 30, 360, 300)), large, {}, 2, 2, cv::INTER_CUBIC);
  save("large.png", large);
  const fs::path run = run_into("run", {"--tensorboard", "--set", "output.traces=false", "--set",
                                        "data.pictures=[\"large.png\"]", "--set", "output.format=\"jpeg\""});
  EXPECT_FALSE(fs::exists(run / "traces"));
  const Json read = read_events(run / "tensorboard/base/large", folder_ / "pictures");
  EXPECT_EQ(read["scalars"]["objective"].size(), 3U);
  for (const char* tag : {"before", "perturbation", "after"}) {
    EXPECT_EQ(read["images"][tag]["width"], 512) << tag;
    EXPECT_EQ(read["images"][tag]["height"], 427) << tag;
    EXPECT_EQ(read_pixels(folder_ / "pictures" / (tag + std::string(".png"))).size(), cv::Size(512, 427)) << tag;
  }
}

TEST_F(Traces, AFileForTensorBoardThatNobodyAskedForIsNotWritten) {
  EXPECT_FALSE(fs::exists(run_into("run") / "tensorboard"));
}

}  // namespace
}  // namespace system_test
