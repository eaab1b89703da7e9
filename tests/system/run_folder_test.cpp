// What a run leaves behind: other people's scripts read it.
#include "run_folder.hpp"

#include <gtest/gtest.h>
#include <opencv2/core.hpp>
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "faces/matching.hpp"
#include "pictures.hpp"
#include "program.hpp"

namespace system_test {
namespace {

bool matches(const Json& text, const std::string& pattern) {
  return text.is_string() && std::regex_match(text.get<std::string>(), std::regex(pattern));
}

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

void expect_similarities(const Json& change, bool clean_is_one) {
  ASSERT_TRUE(change.is_array()) << change;
  ASSERT_EQ(change.size(), 2U);
  for (const Json& similarity : change) EXPECT_LE(std::abs(similarity.get<double>()), 1 + 1e-6);
  if (clean_is_one) {
    EXPECT_NEAR(change[0].get<double>(), 1, 1e-5);
  }
}

TEST_F(RunFolder, EveryFieldOfAnItem) {
  save("small.png", small_picture());
  save("other.png", other_small_picture());
  const std::vector<Json> all = items(impersonate("[\"small.png\"]"));
  ASSERT_EQ(all.size(), 1U);
  const Json& item = all.front();
  EXPECT_EQ(keys(item), (std::vector<std::string>{
                            "bytes", "changed", "epsilon", "faces",  "finished",      "item",    "key",
                            "l2",    "linf",    "norm",    "output", "output_sha256", "picture", "picture_sha256",
                            "psnr",  "queries", "seconds", "ssim",   "started",       "status",  "variant"}));
  EXPECT_EQ(item["item"], 0);
  EXPECT_EQ(item["variant"], "base");
  EXPECT_EQ(item["picture"], "small.png");
  EXPECT_EQ(item["output"], "images/base/small.png");
  EXPECT_EQ(item["status"], "attacked");
  EXPECT_TRUE(matches(item["key"], "[0-9a-f]{32}"));
  EXPECT_EQ(item["picture_sha256"], faceoff::sha256_file(folder_ / "small.png"));
  EXPECT_EQ(item["output_sha256"], faceoff::sha256_file(delivered(item)));
  EXPECT_EQ(item["epsilon"], 6.5);
  EXPECT_EQ(item["norm"], "inf");
  EXPECT_EQ(item["queries"], 2);
  EXPECT_GT(item["seconds"].get<double>(), 0);
  for (const char* time : {"started", "finished"})
    EXPECT_TRUE(matches(item[time], R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"));
  EXPECT_LE(item["started"].get<std::string>(), item["finished"].get<std::string>());

  const cv::Mat before = read_pixels(folder_ / "small.png"), after = read_pixels(delivered(item));
  EXPECT_EQ(item["linf"], largest_difference(before, after));
  EXPECT_LE(largest_difference(before, after), 6);
  EXPECT_NEAR(item["l2"].get<double>(), cv::norm(before, after), 1e-3);
  EXPECT_GT(largest_difference(before, after), 0);
  EXPECT_NEAR(item["psnr"].get<double>(), cv::PSNR(before, after), 1e-3);
  EXPECT_GT(item["ssim"].get<double>(), .9);
  EXPECT_LT(item["ssim"].get<double>(), 1);
  cv::Mat moved;
  cv::transform(before != after, moved, cv::Matx13f(1, 1, 1));
  EXPECT_NEAR(item["changed"].get<double>(), cv::countNonZero(moved) / static_cast<double>(moved.total()), 1e-6);

  ASSERT_EQ(item["faces"].size(), 1U);
  const Json& face = item["faces"][0];
  EXPECT_EQ(keys(face), (std::vector<std::string>{"box", "detectors", "found", "iou", "known", "models", "person",
                                                  "score", "target"}));
  ASSERT_EQ(face["box"].size(), 4U);
  EXPECT_LT(face["box"][0].get<double>(), face["box"][2].get<double>());
  EXPECT_LE(face["box"][2].get<double>(), before.cols);
  EXPECT_LE(face["box"][3].get<double>(), before.rows);
  ASSERT_EQ(face["score"].size(), 2U);
  EXPECT_GT(face["score"][0].get<double>(), .5);
  EXPECT_GT(face["iou"].get<double>(), .5);
  EXPECT_LE(face["iou"].get<double>(), 1);
  ASSERT_EQ(face["detectors"].size(), 1U);  // that of [faces], which nothing attacks
  EXPECT_EQ(face["detectors"][0]["role"], "held_out");
  EXPECT_EQ(face["detectors"][0]["score"], face["score"]);
  EXPECT_EQ(face["detectors"][0]["iou"], face["iou"]);
  EXPECT_EQ(face["target"], "other/1");
  ASSERT_EQ(face["models"].size(), 2U);
  EXPECT_EQ(face["models"][0]["name"], "faceres");
  EXPECT_EQ(face["models"][0]["role"], "surrogate");
  EXPECT_EQ(face["models"][1]["name"], "dlib");
  EXPECT_EQ(face["models"][1]["role"], "held_out");
  for (const Json& said : face["models"]) {
    EXPECT_EQ(keys(said),
              (std::vector<std::string>{"best", "dodged", "found", "identified", "impersonated", "name", "outcome",
                                        "protected", "rank1", "role", "self", "target", "target_disjoint"}));
    expect_similarities(said["target"], false);
    expect_similarities(said["self"], true);
  }
  // The delivered file is what counts.
  const Judges judges;
  const faceoff::Box box{face["box"][0], face["box"][1], face["box"][2], face["box"][3]};
  const std::vector<faceoff::Face> found = judges.found(after);
  const faceoff::Face* again = same_face(found, box);
  ASSERT_NE(again, nullptr);
  EXPECT_NEAR(again->score, face["score"][1].get<double>(), 1e-5);
  EXPECT_NEAR(faceoff::iou(again->box, box), face["iou"].get<double>(), 1e-5);
}

TEST_F(RunFolder, WithoutATargetOrAnEmbedderThereIsNothingToSayOfThem) {
  save("small.png", small_picture());
  const std::vector<Json> all = items(hide("[\"small.png\"]", "[attack]\nepsilon = 4\nnorm = \"two\"\n"));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0]["norm"], "two");
  EXPECT_EQ(all[0]["epsilon"], 4.0);
  ASSERT_EQ(all[0]["faces"].size(), 1U);
  EXPECT_EQ(all[0]["faces"][0]["target"], nullptr);
  EXPECT_EQ(all[0]["faces"][0]["models"], Json::array());
}

TEST_F(RunFolder, EndsWithWhetherTheGoalIsReachedByWhoWasNotAttacked) {
  save("small.png", small_picture());
  save("other.png", other_small_picture());
  const auto told = [&](const Args& more) {
    fs::remove_all(folder_ / "run");
    return run(call(impersonate("[\"small.png\"]"), more)).err;
  };
  const std::string toward = told({});
  const Json said = results(folder_ / "run")[0]["faces"][0]["models"][1];
  EXPECT_EQ(said["name"], "dlib");
  const auto line = [&](const char* goal, const char* measure) {
    return std::string("success (") + goal + ") with those who were not attacked: dlib " +
           (said[measure][1].get<bool>() ? "1 of 1" : "0 of 1");
  };
  EXPECT_TRUE(contains(toward, line("impersonate", "rank1"))) << toward;
  const std::string away = told({"--set", "attack.goal=protect"});
  EXPECT_TRUE(contains(away, line("protect", "protected"))) << away;
  EXPECT_TRUE(contains(told({"--set", "evaluate.models=[]"}), "nobody can tell"));
}

TEST_F(RunFolder, HoldsTheExperimentWhatBecameOfItAndWhereItRan) {
  save("small.png", small_picture());
  save("other.png", other_small_picture());
  const std::string text = impersonate("[\"small.png\"]") + "# The last line has no end.";
  items(text, {"--set", "optimizer.steps=1"});
  EXPECT_EQ(files_in(folder_ / "run"),
            (std::vector<std::string>{"environment.json", "experiment.toml", "images/base/small.png", "resolved.toml",
                                      "results.jsonl", "traces/base/small.csv"}));
  EXPECT_EQ(read_text(folder_ / "run" / "experiment.toml"), text);

  const std::string resolved_text = read_text(folder_ / "run" / "resolved.toml");
  const toml::table resolved = toml::parse(resolved_text);
  EXPECT_EQ(resolved["optimizer"]["steps"].value<int>(), 1);
  EXPECT_EQ(resolved["optimizer"]["momentum"].value<double>(), .9);
  EXPECT_EQ(resolved["attack"]["target"]["choice"].value<std::string>(), "nearest");
  EXPECT_EQ(resolved["augment"][0]["probability"].value<double>(), .5);
  EXPECT_EQ(resolved["models"]["a landmark model"]["plugin"].value<std::string>(), "face_landmark_68");
  const std::vector<std::string> lines = lines_of(resolved_text);
  const auto origin = [&](const std::string& key) {
    const auto line = std::ranges::find_if(lines, [&](const std::string& l) { return l.starts_with(key + " = "); });
    return line != lines.end() ? line->substr(line->rfind("  # ") + 4) : "nowhere";
  };
  EXPECT_EQ(origin("steps"), "--set optimizer.steps=1");
  EXPECT_EQ(origin("momentum"), "default");
  EXPECT_EQ(origin("epsilon"), "x.toml:17:11");
  for (const std::string& line : lines) {
    if (line.empty() || line.starts_with("[") || line.starts_with("# thresholds of ")) continue;
    EXPECT_TRUE(contains(line, "  # ")) << "no origin: " << line;
  }
  ASSERT_GE(lines.size(), 2U);
  EXPECT_TRUE(lines[0].starts_with("# thresholds of dlib: ") && lines[0].ends_with("face_recognition.toml"))
      << lines[0];
  EXPECT_TRUE(lines[1].starts_with("# thresholds of faceres: ")) << lines[1];

  const Json environment = Json::parse(read_text(folder_ / "run" / "environment.json"));
  for (const char* version : {"faceoff", "libtorch", "opencv", "compiler"})
    EXPECT_TRUE(matches(environment[version], R"(\d+\.\d+.*)")) << version;
  EXPECT_EQ(environment["command"], (Args{"faceoff", "run", "x.toml", "--out", "run", "--set", "optimizer.steps=1"}));
  EXPECT_TRUE(matches(environment["plan"], "[0-9a-f]{64}"));
  EXPECT_EQ(environment["items"], 1);
  EXPECT_TRUE(environment["shard"].is_null());
  EXPECT_EQ(environment["variants"]["base"]["seed"], 0);
  EXPECT_EQ(environment["variants"]["base"]["false_accept_rate"], 1e-3);
  EXPECT_EQ(environment["device"], "cpu");
  EXPECT_FALSE(environment["host"]["system"].get<std::string>().empty());
  for (const char* plugin :
       {"model/ssd_mobilenet_v1", "model/face_landmark_68", "model/torchscript", "model/face_recognition",
        "loss/similarity", "augmentation/uniform_noise", "optimizer/momentum_pgd"}) {
    const Json& used = environment["plugins"][plugin];
    ASSERT_TRUE(used.is_object()) << plugin;
    const fs::path file = fs::path(FACEOFF_PLUGIN_FOLDER) / used["file"].get<std::string>();
    EXPECT_EQ(used["sha256"], faceoff::sha256_file(file)) << plugin;
  }
  EXPECT_EQ(environment["plugins"].size(), 7U);
  const std::map<std::string, std::string> weights = {{"ssd", "ssd_mobilenet_v1.safetensors"},
                                                      {"a landmark model", "face_landmark_68.safetensors"},
                                                      {"faceres", "faceres.pt"},
                                                      {"dlib", "face_recognition.safetensors"}};
  EXPECT_EQ(environment["models"].size(), weights.size());
  for (const auto& [model, file] : weights)
    EXPECT_EQ(environment["models"][model]["sha256"], faceoff::sha256_file(models_folder() / file)) << model;
}

TEST_F(RunFolder, TellsWhatWasLeftOutAndWhatReadingChanged) {
  fs::create_directories(folder_ / "album");
  fs::copy(fs::path(FACEOFF_GOLDEN_FOLDER) / "pictures/rgb_profile.png", folder_ / "album/flat.png");
  std::ofstream(folder_ / "album/IMG_1.HEIC") << std::string(
      "\0\0\0\x18"
      "ftypheic",
      12);
  std::ofstream(folder_ / "x.toml") << hide("[\"album\"]");
  const Outcome outcome = run_faceoff({"run", "x.toml", "--out", "run"}, folder_.path());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("1 file left out, and not protected"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("album/IMG_1.HEIC: HEIC"), std::string::npos) << outcome.err;
  const Json environment = Json::parse(read_text(folder_ / "run" / "environment.json"));
  ASSERT_EQ(environment["left_out"].size(), 1U);
  EXPECT_EQ(environment["left_out"][0]["file"], "album/IMG_1.HEIC");
  const std::vector<Json> lines = results(folder_ / "run");
  ASSERT_EQ(lines.size(), 1U);
  ASSERT_EQ(lines[0]["notes"].size(), 1U);
  EXPECT_NE(lines[0]["notes"][0].get<std::string>().find("its colour profile is kept"), std::string::npos)
      << lines[0]["notes"][0].get<std::string>();
}

TEST_F(RunFolder, NothingCountsAsDoneWhereNothingChanged) {
  save("small.png", small_picture());
  std::ofstream(folder_ / "x.toml") << hide("[\"small.png\"]");
  const Outcome outcome =
      run_faceoff({"run", "x.toml", "--out", "run", "--set", "optimizer.step_size=0.001"}, folder_.path());
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_NE(outcome.err.find("the attack changed nothing"), std::string::npos) << outcome.err;
  EXPECT_EQ(results(folder_ / "run").at(0)["status"], "unchanged");
}

TEST_F(RunFolder, WhatItResolvedToCanBeRunAgain) {
  save("small.png", small_picture());
  save("other.png", other_small_picture());
  const std::vector<Json> before = items(impersonate("[\"small.png\"]"), {"--set", "seed=5"});
  const Outcome outcome = run_faceoff({"run", "run/resolved.toml", "--out", "again"}, folder_.path());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::vector<Json> after = results(folder_ / "again");
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(timeless(before[0]), timeless(after[0]));
  EXPECT_EQ(read_text(folder_ / "run/images/base/small.png"), read_text(folder_ / "again/images/base/small.png"));
}

TEST_F(RunFolder, ASweepResolvesToTheSweep) {
  save("none.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(90, 120, 30)));
  const std::string experiment =
      hide("[\"none.png\"]", "[sweep]\n\"attack.epsilon\" = [4, 8]\n\"loss.0.area\" = [false, true]\n");
  const std::vector<Json> before = items(experiment, {"--set", "attack.epsilon=2"});
  ASSERT_EQ(before.size(), 2U);
  const Outcome outcome = run_faceoff({"run", "run/resolved.toml", "--out", "again"}, folder_.path());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::vector<Json> after = results(folder_ / "again");
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_EQ(timeless(before[i]), timeless(after[i]));
}

TEST_F(RunFolder, ASweepOverPluginsResolvesToWhatAllVariantsShare) {
  save("none.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(90, 120, 30)));
  const std::string experiment =
      hide("[\"none.png\"]", "[sweep]\n\"optimizer.plugin\" = [\"pgd\", \"momentum_pgd\"]\n");
  const std::vector<Json> before = items(experiment);
  const std::string resolved = read_text(folder_ / "run" / "resolved.toml");
  EXPECT_TRUE(contains(resolved, "\n# momentum = 0.9  # default, in plugin=momentum_pgd\n")) << resolved;
  const Outcome outcome = run_faceoff({"run", "run/resolved.toml", "--out", "again"}, folder_.path());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::vector<Json> after = results(folder_ / "again");
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_EQ(timeless(before[i]), timeless(after[i]));
}

TEST_F(RunFolder, AnExperimentWhoseNameHasTwoLinesResolvesToToml) {
  save("none.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(90, 120, 30)));
  write_text(folder_ / "x\ny = 1.toml", hide("[\"none.png\"]"));
  ASSERT_EQ(run_faceoff({"run", "x\ny = 1.toml", "--out", "run"}, folder_.path()).code, 0);
  const Outcome outcome = run_faceoff({"run", "run/resolved.toml", "--dry-run"}, folder_.path());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

TEST_F(RunFolder, NamesThatAreNoFitForATerminalOrAFolderAreMadeSo) {
  const std::string rude = "a\x1b[31m\nb.png", lengthy = std::string(240, 'n') + ".png",
                    other = std::string(241, 'n') + ".png";
  std::string umlauts = "u";
  for (int i = 0; i < 120; ++i) umlauts += "\xC3\xA4";
  for (const std::string& name : {rude, lengthy, other, umlauts + ".png"})
    save(name, cv::Mat(40, 40, CV_8UC3, cv::Scalar(90, 120, 30)));
  const Outcome outcome = run(call(hide("[\"*.png\"]")));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_FALSE(contains(outcome.err, "\x1b"));
  EXPECT_TRUE(contains(outcome.err, "a [31m b.png: no face found")) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "nobody was found on any picture")) << outcome.err;
  std::set<std::string> outputs;
  for (const Json& item : results(folder_ / "run")) {
    EXPECT_TRUE(fs::exists(delivered(item)));
    outputs.insert(item["output"]);
  }
  EXPECT_EQ(outputs.size(), 4U);
}

TEST_F(RunFolder, AWeightFileOfEveryVariantIsNamed) {
  save("none.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(90, 120, 30)));
  fs::copy_file(models_folder() / "tiny_face_detector.safetensors", folder_ / "other.safetensors");
  items(hide("[\"none.png\"]",
             "[sweep]\n\"models.detector.weights\" = [\"models/tiny_face_detector.safetensors\", "
             "\"other.safetensors\"]\n"));
  const std::string environment = read_text(folder_ / "run" / "environment.json");
  EXPECT_TRUE(contains(environment, "other.safetensors\"")) << environment;
  EXPECT_TRUE(contains(environment, "tiny_face_detector.safetensors\"")) << environment;
}

TEST_F(RunFolder, ADryRunWritesNothing) {
  save("none.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(90, 120, 30)));
  save("other.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(30, 120, 30)));
  const std::vector<std::string> before = files_in(folder_.path());
  const Outcome outcome =
      run(call(hide("[\"none.png\", \"other.png\"]", "[sweep]\n\"attack.epsilon\" = [4, 8]\n"), {"--dry-run"}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "epsilon=4\tnone.png\nepsilon=4\tother.png\nepsilon=8\tnone.png\nepsilon=8\tother.png\n");
  EXPECT_TRUE(contains(outcome.err, "all: about")) << outcome.err;
  EXPECT_FALSE(fs::exists(folder_ / "run"));
  EXPECT_EQ(files_in(folder_.path()).size(), before.size() + 1);  // the experiment itself
  const Outcome without_out = run_faceoff({"run", "x.toml", "--dry-run"}, folder_.path());
  EXPECT_EQ(without_out.code, 0) << without_out.err;
  EXPECT_FALSE(fs::exists(folder_ / "runs"));
}

TEST_F(RunFolder, ADryRunTellsTheTimeThoughPicturesCantBeDecoded) {
  save("small.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(90, 120, 30)));
  save("other.png", cv::Mat(60, 60, CV_8UC3, cv::Scalar(90, 120, 30)));
  for (const char* file : {"cut.png", "torn.png"}) save(file, cv::Mat(90, 90, CV_8UC3, cv::Scalar(30, 120, 30)));
  for (const char* file : {"cut.png", "torn.png"}) fs::resize_file(folder_ / file, fs::file_size(folder_ / file) - 30);
  const Outcome some = run(call(hide("[\"small.png\", \"other.png\", \"cut.png\", \"torn.png\"]"), {"--dry-run"}));
  EXPECT_EQ(some.code, 0) << some.err;
  EXPECT_TRUE(contains(some.err, "4 pictures, about")) << some.err;
  std::string pixels = read_text(folder_ / "other.png");
  pixels[pixels.size() - 20] ^= 1;  // its header is as good as ever
  write_text(folder_ / "other.png", pixels);
  const Outcome bad = run(call(hide("[\"small.png\", \"other.png\"]"), {"--dry-run"}));
  EXPECT_EQ(bad.code, 0) << bad.err;
  const Outcome none = run(call(hide("[\"cut.png\"]"), {"--dry-run"}));
  EXPECT_EQ(none.code, 1) << none.err;
  EXPECT_TRUE(contains(none.err, "no telling how long: none of its pictures can be read")) << none.err;
}

TEST_F(RunFolder, WithoutOutOneIsMadeInRuns) {
  save("none.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(90, 120, 30)));
  write_text(folder_ / "x.toml", hide("[\"none.png\"]"));
  const Outcome outcome = run_faceoff({"run", "x.toml"}, folder_.path());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string line = lines_of(outcome.out).at(0);
  EXPECT_TRUE(std::regex_match(line, std::regex(R"(runs/\d{8}-\d{6}-small-[0-9a-f]{8})"))) << line;
  EXPECT_EQ(results(folder_ / line).size(), 1U);
}

TEST_F(RunFolder, AnEmptyFolderMayBeUsed) {
  save("none.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(90, 120, 30)));
  fs::create_directory(folder_ / "run");
  EXPECT_EQ(items(hide("[\"none.png\"]")).size(), 1U);
}

}  // namespace
}  // namespace system_test
