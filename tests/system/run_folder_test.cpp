// What a run leaves behind: other people's scripts read it.
#include <gtest/gtest.h>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <toml++/toml.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/files.hpp"
#include "faces/matching.hpp"
#include "pictures.hpp"
#include "program.hpp"

namespace system_test {
namespace {

/// Small pictures and small experiments in a folder of their own, which is also where the program is started.
class RunFolder : public testing::Test {
 protected:
  void save(const std::string& name, const cv::Mat& pixels) const {
    ASSERT_TRUE(cv::imwrite((folder_ / name).string(), pixels));
  }

  /// Attacks the detector; quick, and any picture will do.
  std::string hide(const std::string& pictures, const std::string& rest = "") const {
    return "# A small experiment.\n"
           "name = \"small\"\n"
           "seed = 7\n"
           "[data]\n"
           "pictures = " +
           pictures +
           "\n"
           "[models.ssd]\n"
           "plugin = \"ssd_mobilenet_v1\"\n"
           "[faces]\n"
           "detector = \"ssd\"\n"
           "[[loss]]\n"
           "plugin = \"detection\"\n"
           "models = [\"ssd\"]\n"
           "[optimizer]\n"
           "plugin = \"pgd\"\n"
           "steps = 2\n" +
           rest;
  }

  /// Attacks an embedder toward somebody on other.png.
  std::string impersonate(const std::string& pictures) const {
    return "[data]\n"
           "pictures = " +
           pictures +
           "\n"
           "people = [\"other.png\"]\n"
           "[models.ssd]\n"
           "plugin = \"ssd_mobilenet_v1\"\n"
           "[models.\"a landmark model\"]\n"
           "plugin = \"face_landmark_68\"\n"
           "[models.faceres]\n"
           "plugin = \"torchscript\"\n"
           "[models.dlib]\n"
           "plugin = \"face_recognition\"\n"
           "[faces]\n"
           "detector = \"ssd\"\n"
           "landmarks = \"a landmark model\"\n"
           "[attack]\n"
           "subject = \"crop\"\n"
           "epsilon = 6.5\n"
           "target = { choice = \"nearest\" }\n"
           "[[loss]]\n"
           "plugin = \"similarity\"\n"
           "models = [\"faceres\"]\n"
           "[[augment]]\n"
           "plugin = \"uniform_noise\"\n"
           "probability = 0.5\n"
           "[optimizer]\n"
           "plugin = \"momentum_pgd\"\n"
           "steps = 2\n"
           "[evaluate]\n"
           "models = [\"dlib\"]\n";
  }

  Call call(const std::string& experiment, const Args& more = {}) const {
    write_text(folder_ / "x.toml", experiment);
    Args args = {"run", "x.toml", "--out", "run"};
    args.insert(args.end(), more.begin(), more.end());
    return faceoff(args, folder_.path());
  }

  /// Runs, and expects that all went well.
  std::vector<Json> items(const std::string& experiment, const Args& more = {}) const {
    const Outcome outcome = run(call(experiment, more));
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return results(folder_ / "run");
  }

  fs::path delivered(const Json& item) const { return folder_ / "run" / item["output"].get<std::string>(); }

  /// The pixels as they are in the file, whatever their channels.
  cv::Mat raw(const fs::path& path) const {
    cv::Mat pixels = cv::imread(path.string(), cv::IMREAD_UNCHANGED);
    EXPECT_FALSE(pixels.empty()) << path;
    return pixels;
  }

  TemporaryFolder folder_;
};

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
  fs::copy_file(models_folder() / "ssd_mobilenet_v1.safetensors", folder_ / "other.safetensors");
  items(hide("[\"none.png\"]",
             "[sweep]\n\"models.ssd.weights\" = [\"models/ssd_mobilenet_v1.safetensors\", "
             "\"other.safetensors\"]\n"));
  const std::string environment = read_text(folder_ / "run" / "environment.json");
  EXPECT_TRUE(contains(environment, "other.safetensors\"")) << environment;
  EXPECT_TRUE(contains(environment, "ssd_mobilenet_v1.safetensors\"")) << environment;
}

TEST_F(RunFolder, ADryRunWritesNothing) {
  save("none.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(90, 120, 30)));
  save("other.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(30, 120, 30)));
  const std::vector<std::string> before = files_in(folder_.path());
  const Outcome outcome =
      run(call(hide("[\"none.png\", \"other.png\"]", "[sweep]\n\"attack.epsilon\" = [4, 8]\n"), {"--dry-run"}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "epsilon=4\tnone.png\nepsilon=4\tother.png\nepsilon=8\tnone.png\nepsilon=8\tother.png\n");
  EXPECT_FALSE(fs::exists(folder_ / "run"));
  EXPECT_EQ(files_in(folder_.path()).size(), before.size() + 1);  // the experiment itself
  const Outcome without_out = run_faceoff({"run", "x.toml", "--dry-run"}, folder_.path());
  EXPECT_EQ(without_out.code, 0) << without_out.err;
  EXPECT_FALSE(fs::exists(folder_ / "runs"));
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

TEST_F(RunFolder, AJpegSaysWhatItDidToTheBudgetAndToTheSuccess) {
  save("small.png", small_picture());
  const std::string steps = "[output]\nformat = \"jpeg\"\nquality = 60\n";
  const std::vector<Json> all = items(hide("[\"small.png\"]", steps), {"--set", "optimizer.steps=12"});
  ASSERT_EQ(all.size(), 1U);
  const Json& item = all[0];
  EXPECT_EQ(item["output"], "images/base/small.jpg");
  EXPECT_TRUE(read_text(delivered(item)).starts_with("\xFF\xD8\xFF"));
  EXPECT_EQ(largest_difference(raw(delivered(item)), small_picture()), item["linf"].get<int>());
  EXPECT_GT(item["linf"], 8) << "a JPEG keeps to no budget";
  EXPECT_LE(item["lossless"]["linf"], 8);
  EXPECT_GT(item["lossless"]["psnr"], item["psnr"]);
  ASSERT_EQ(item["lossless"]["faces"].size(), 1U);
  const double before = item["lossless"]["faces"][0]["score"][1], after = item["faces"][0]["score"][1];
  EXPECT_LT(before, after) << "the hidden face comes back";

  fs::remove_all(folder_ / "run");
  const Json lossless = items(hide("[\"small.png\"]"), {"--set", "optimizer.steps=12"}).at(0);
  EXPECT_FALSE(lossless.contains("lossless"));
  EXPECT_EQ(lossless["faces"], item["lossless"]["faces"]) << "the attack itself is the same";
}

TEST_F(RunFolder, AJpegIsNoneWhereThereIsNoFaceAndNotTransparent) {
  cv::Mat landscape(48, 64, CV_8UC3), transparent;
  cv::randu(landscape, 0, 256);
  save("none.png", landscape);
  cv::cvtColor(small_picture(), transparent, cv::COLOR_BGR2BGRA);
  save("transparent.png", transparent);
  const Outcome outcome = run(call(hide("[\"none.png\", \"transparent.png\"]", "[output]\nformat = \"jpeg\"\n")));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const std::vector<Json> all = results(folder_ / "run");
  EXPECT_EQ(all[0]["output"], "images/base/none.png");
  EXPECT_EQ(largest_difference(raw(delivered(all[0])), landscape), 0);
  EXPECT_TRUE(contains(outcome.err, "transparent.png: its transparency is lost in a JPEG")) << outcome.err;
  EXPECT_EQ(raw(delivered(all[1])).channels(), 3);
}

// Pictures of all kinds.

TEST_F(RunFolder, APictureWithoutAFaceIsDeliveredUnchanged) {
  cv::Mat landscape(48, 64, CV_8UC3);
  cv::randu(landscape, 0, 256);
  save("none.png", landscape);
  const std::vector<Json> all = items(hide("[\"none.png\"]"));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0]["status"], "no_face");
  EXPECT_EQ(all[0]["faces"], Json::array());
  EXPECT_EQ(all[0]["linf"], 0);
  EXPECT_EQ(all[0]["psnr"], nullptr);
  EXPECT_EQ(all[0]["ssim"], 1.0);
  EXPECT_EQ(all[0]["queries"], 0);
  EXPECT_EQ(largest_difference(raw(delivered(all[0])), landscape), 0);
}

TEST_F(RunFolder, AFileThatIsNoPictureFailsAloneAndSaysWhy) {
  save("small.png", small_picture());
  write_text(folder_ / "text.jpg", "no picture at all\n");
  const std::string whole = read_text(folder_ / "small.png");
  write_text(folder_ / "torn.png", whole.substr(0, whole.size() / 2));
  const Outcome outcome = run(call(hide("[\"text.jpg\", \"small.png\", \"torn.png\"]")));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(contains(outcome.err, "[1/3] text.jpg: failed: text.jpg: ")) << outcome.err;
  const std::vector<Json> all = results(folder_ / "run");
  ASSERT_EQ(all.size(), 3U);
  for (const std::size_t failed : {0U, 2U}) {
    EXPECT_EQ(all[failed]["status"], "failed");
    for (const char* nothing : {"output", "linf", "psnr", "ssim", "changed"})
      EXPECT_EQ(all[failed][nothing], nullptr) << nothing;
    EXPECT_EQ(all[failed]["faces"], Json::array());
    const std::string error = all[failed]["error"];
    EXPECT_TRUE(error.starts_with(all[failed]["picture"].get<std::string>() + ": ")) << error;
    EXPECT_FALSE(contains(error, "\n"));
  }
  EXPECT_EQ(all[1]["status"], "attacked");
  EXPECT_FALSE(all[1].contains("error"));
  EXPECT_EQ(files_in(folder_ / "run" / "images"), (std::vector<std::string>{"base/small.png"}));
}

TEST_F(RunFolder, PicturesOfOneStemDoNotOverwriteEachOther) {
  for (const char* place : {"a", "b"}) fs::create_directory(folder_ / place);
  save("a/same.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(1, 1, 1)));
  save("b/same.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(2, 2, 2)));
  save("b/same.bmp", cv::Mat(40, 40, CV_8UC3, cv::Scalar(3, 3, 3)));
  save("b/SAME.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(4, 4, 4)));
  save("b/other.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(5, 5, 5)));
  const std::vector<Json> all = items(
      hide("[\"a/same.png\", \"b/same.png\", \"b/same.bmp\", \"b/SAME.png\", \"b/other.png\", \"a/../a/same.png\"]"));
  ASSERT_EQ(all.size(), 5U) << "a picture that is named twice counts once";
  for (std::size_t i = 0; i < all.size(); ++i) {
    const cv::Mat pixels = raw(delivered(all[i]));
    EXPECT_EQ(pixels.at<cv::Vec3b>(0, 0)[0], i + 1) << all[i]["output"];
  }
  EXPECT_EQ(all[4]["output"], "images/base/other.png");
  EXPECT_EQ(files_in(folder_ / "run" / "images").size(), 5U);
}

TEST_F(RunFolder, GreyStaysGrey) {
  cv::Mat grey;
  cv::cvtColor(small_picture(), grey, cv::COLOR_BGR2GRAY);
  save("grey.png", grey);
  const std::vector<Json> all = items(hide("[\"grey.png\"]"));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0]["status"], "attacked");
  const cv::Mat pixels = raw(delivered(all[0]));
  ASSERT_EQ(pixels.channels(), 1);
  EXPECT_EQ(pixels.size(), grey.size());
  EXPECT_GT(largest_difference(pixels, grey), 0);
  EXPECT_LE(largest_difference(pixels, grey), 8);
  EXPECT_EQ(all[0]["linf"], largest_difference(pixels, grey));
}

TEST_F(RunFolder, GreyStaysGreyWhereCropsArePasted) {
  cv::Mat grey;
  cv::cvtColor(small_picture(), grey, cv::COLOR_BGR2GRAY);
  save("grey.png", grey);
  save("other.png", other_small_picture());
  const std::vector<Json> all = items(impersonate("[\"grey.png\"]"));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0]["status"], "attacked");
  const cv::Mat pixels = raw(delivered(all[0]));
  ASSERT_EQ(pixels.channels(), 1);
  EXPECT_GT(largest_difference(pixels, grey), 0);
  EXPECT_LE(largest_difference(pixels, grey), 6);
}

TEST_F(RunFolder, AlphaIsKept) {
  cv::Mat picture, alpha(360, 360, CV_8UC1);
  cv::cvtColor(small_picture(), picture, cv::COLOR_BGR2BGRA);
  cv::randu(alpha, 0, 256);
  cv::insertChannel(alpha, picture, 3);
  save("alpha.png", picture);
  const std::vector<Json> all = items(hide("[\"alpha.png\"]"));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0]["status"], "attacked");
  const cv::Mat pixels = raw(delivered(all[0]));
  ASSERT_EQ(pixels.channels(), 4);
  cv::Mat kept;
  cv::extractChannel(pixels, kept, 3);
  EXPECT_EQ(largest_difference(kept, alpha), 0);
  EXPECT_GT(largest_difference(pixels, picture), 0);
  EXPECT_LE(largest_difference(pixels, picture), 8);
}

TEST_F(RunFolder, ARotatedJpegComesBackAsAViewerShowsIt) {
  // Wider than high when upright, stored lying: orientation 6 turns it clockwise by a quarter for showing.
  const cv::Mat shown = small_picture()(cv::Rect(0, 20, 360, 320));
  cv::Mat stored;
  cv::rotate(shown, stored, cv::ROTATE_90_COUNTERCLOCKWISE);
  std::vector<unsigned char> jpeg;
  ASSERT_TRUE(cv::imencode(".jpg", stored, jpeg, {cv::IMWRITE_JPEG_QUALITY, 98}));
  write_text(folder_ / "turned.jpg", with_orientation(jpeg, 6));
  const cv::Mat as_a_viewer = read_pixels(folder_ / "turned.jpg");
  ASSERT_EQ(as_a_viewer.size(), cv::Size(360, 320));
  const std::vector<Json> all = items(hide("[\"turned.jpg\"]"));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0]["status"], "attacked");
  EXPECT_EQ(all[0]["faces"].size(), 1U);
  const cv::Mat pixels = raw(delivered(all[0]));  // without orientation: a PNG here has none
  EXPECT_GT(largest_difference(pixels, as_a_viewer), 0);
  EXPECT_LE(largest_difference(pixels, as_a_viewer), 8);
}

TEST_F(RunFolder, OutsideOfTheFacesNothingChanges) {
  save("small.png", small_picture());
  const std::vector<Json> all = items(hide("[\"small.png\"]", "[attack]\nmask = \"faces\"\n"));
  ASSERT_EQ(all.size(), 1U);
  ASSERT_EQ(all[0]["faces"].size(), 1U);
  cv::Mat before = read_pixels(folder_ / "small.png"), after = read_pixels(delivered(all[0]));
  EXPECT_GT(largest_difference(before, after), 0);
  // A square about the face, 1.1 times its longer side.
  const Json& box = all[0]["faces"][0]["box"];
  const double x0 = box[0], y0 = box[1], x1 = box[2], y1 = box[3];
  const double half = 1.1 * std::max(x1 - x0, y1 - y0) / 2;
  const cv::Point from(static_cast<int>((x0 + x1) / 2 - half), static_cast<int>((y0 + y1) / 2 - half));
  const int side = static_cast<int>(std::ceil(2 * half)) + 2;
  const cv::Rect square = cv::Rect(from.x, from.y, side, side) & cv::Rect({}, before.size());
  ASSERT_LT(square.area(), before.rows * before.cols / 2);
  before(square).setTo(0);
  after(square).setTo(0);
  EXPECT_EQ(largest_difference(before, after), 0);
}

// Targets and judges.

TEST_F(RunFolder, TargetsByNameByPhotosAndByChance) {
  save("small.png", small_picture());
  save("other.png", other_small_picture());
  const std::vector<Json> all =
      items(impersonate("[\"small.png\"]"),
            {"--set", "optimizer.steps=1", "--set",
             "sweep={\"attack.target\"=[{choice=\"named\", name=\"other/1\"}, {choice=\"photos\", "
             "photos=[\"other.png\", \"small.png\"]}, {choice=\"random\"}, {choice=\"photos\", "
             "photos=[\"small.png\", \"other.png\"]}]}"});
  ASSERT_EQ(all.size(), 4U);
  const auto face = [&](std::size_t i) { return all[i]["faces"][0]; };
  EXPECT_EQ(face(0)["target"], "other/1");
  for (const std::size_t photos : {1U, 3U})
    EXPECT_TRUE(face(photos)["target"].is_null()) << "nobody is taken for oneself, whom one of the photos shows";
  EXPECT_EQ(face(2)["target"], "other/1");
  const auto before = [&](std::size_t i) { return face(i)["models"][0]["target"][0].get<double>(); };
  EXPECT_EQ(before(2), before(0));

  const Outcome unknown = run_faceoff(
      {"run", "x.toml", "--out", "other", "--set", "attack.target={choice=\"named\",name=\"othr/1\"}"}, folder_.path());
  EXPECT_EQ(unknown.code, 2);
  EXPECT_TRUE(contains(unknown.err, "nobody is named 'othr/1' in [data] people; did you mean 'other/1'?"))
      << unknown.err;
  EXPECT_FALSE(fs::exists(folder_ / "other"));
  const Outcome swept = run_faceoff(
      {"run", "x.toml", "--out", "other", "--set",
       "sweep={\"attack.target\"=[{choice=\"named\",name=\"other/1\"},{choice=\"named\",name=\"othr/1\"}]}"},
      folder_.path());
  EXPECT_EQ(swept.code, 2) << "people who were read for the first variant are there for the second as well";
  EXPECT_TRUE(contains(swept.err, "nobody is named 'othr/1' in [data] people")) << swept.err;
  EXPECT_FALSE(fs::exists(folder_ / "other"));
}

TEST_F(RunFolder, NobodyIsTakenForSomebodyOnTheSamePicture) {
  save("small.png", small_picture());
  save("other.png", other_small_picture());
  const Outcome outcome = run(call(impersonate("[\"other.png\", \"small.png\"]"), {"--set", "optimizer.steps=1"}));
  EXPECT_EQ(outcome.code, 1);
  const std::vector<Json> all = results(folder_ / "run");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0]["status"], "failed");
  EXPECT_EQ(all[0]["error"], "nobody is left to be taken for: everybody in [data] people is on this picture");
  EXPECT_EQ(all[1]["status"], "attacked");
}

TEST_F(RunFolder, AJudgeOfTheSurrogatesFamilyIsRelated) {
  save("small.png", small_picture());
  save("other.png", other_small_picture());
  const std::vector<Json> all = items(
      impersonate("[\"small.png\"]"),
      {"--set", "optimizer.steps=1", "--set", "models.deep={plugin=\"torchscript\", weights=\"faceres_deep.pt\"}",
       "--set", "models.same={plugin=\"torchscript\"}", "--set", "evaluate.models=[\"deep\", \"same\", \"dlib\"]"});
  ASSERT_EQ(all.size(), 1U);
  std::map<std::string, std::string> roles;
  for (const Json& said : all[0]["faces"][0]["models"]) roles[said["name"]] = said["role"];
  EXPECT_EQ(roles, (std::map<std::string, std::string>{
                       {"faceres", "surrogate"}, {"deep", "related"}, {"same", "related"}, {"dlib", "held_out"}}));
}

TEST_F(RunFolder, DetectorsAreAttackedTogetherAndJudgeToo) {
  save("small.png", small_picture());
  const std::string experiment = hide("[\"small.png\"]",
                                      "[models.tiny]\nplugin = \"tiny_face_detector\"\n"
                                      "[models.mtcnn]\nplugin = \"mtcnn\"\n"
                                      "[models.again]\nplugin = \"ssd_mobilenet_v1\"\n"
                                      "[evaluate]\nmodels = [\"mtcnn\", \"again\"]\n");
  const std::vector<Json> all = items(experiment, {"--set", "loss.0.models=[\"tiny\", \"ssd\"]"});
  ASSERT_EQ(all.size(), 1U);
  ASSERT_EQ(all[0]["faces"].size(), 1U);
  const Json& face = all[0]["faces"][0];
  const std::vector<std::pair<std::string, std::string>> roles = {
      {"tiny", "surrogate"}, {"ssd", "surrogate"}, {"mtcnn", "held_out"}, {"again", "related"}};
  ASSERT_EQ(face["detectors"].size(), roles.size());
  const Json environment = Json::parse(read_text(folder_ / "run" / "environment.json"));
  const Json& listed = environment["variants"]["base"]["detectors"];
  for (std::size_t i = 0; i < roles.size(); ++i) {
    SCOPED_TRACE(roles[i].first);
    const Json& said = face["detectors"][i];
    EXPECT_EQ(said["name"], roles[i].first);
    EXPECT_EQ(said["role"], roles[i].second);
    EXPECT_GT(said["score"][0].get<double>(), .5);
    EXPECT_EQ(listed[i], (Json{{"name", roles[i].first}, {"role", roles[i].second}}));
  }
  EXPECT_EQ(face["detectors"][1]["score"], face["detectors"][3]["score"]) << "the same weights saw the same picture";
  EXPECT_EQ(face["models"], Json::array());
}

TEST_F(RunFolder, AnAttackMayStopAtItsGoal) {
  save("small.png", small_picture());
  const std::string experiment = hide("[\"small.png\"]", "[attack]\nstop_at = 1000\n");
  const std::vector<Json> all = items(experiment);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0]["status"], "attacked");
  EXPECT_EQ(all[0]["queries"], 1) << "the goal is met at the first look";
}

// Variants.

TEST_F(RunFolder, ASweepIsTheProductOfItsLists) {
  save("none.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(90, 120, 30)));
  const std::vector<Json> all =
      items(hide("[\"none.png\"]", "[sweep]\n\"attack.epsilon\" = [4, 8]\n\"loss.0.area\" = [false, true]\n"));
  std::vector<std::string> variants;
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i]["item"], i);
    variants.push_back(all[i]["variant"]);
    EXPECT_EQ(all[i]["output"], "images/" + variants.back() + "/none.png");
    EXPECT_TRUE(fs::exists(delivered(all[i])));
    EXPECT_EQ(all[i]["epsilon"], contains(variants.back(), "epsilon=4") ? 4. : 8.);
  }
  EXPECT_EQ(variants, (std::vector<std::string>{"epsilon=4,area=false", "epsilon=4,area=true", "epsilon=8,area=false",
                                                "epsilon=8,area=true"}));
}

TEST_F(RunFolder, SetTakesTheListsPlaceInASweep) {
  save("none.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(90, 120, 30)));
  const std::vector<Json> all =
      items(hide("[\"none.png\"]", "[sweep]\n\"attack.epsilon\" = [4, 8]\n"), {"--set", "attack.epsilon=3"});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0]["variant"], "base");
  EXPECT_EQ(all[0]["epsilon"], 3.0);
}

TEST_F(RunFolder, SetTakesListsTablesAndStrings) {
  save("none.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(90, 120, 30)));
  save("with space.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(90, 120, 30)));
  const std::vector<Json> all =
      items(hide("[\"absent.png\"]"),
            {"--set", "data.pictures=[\"none.png\",\n\"with space.png\"]", "--set", "attack={epsilon=5, norm=\"two\"}",
             "--set", "name=plain", "--set", "loss.0.sign=tanh"});
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1]["picture"], "with space.png");
  EXPECT_EQ(all[1]["output"], "images/base/with space.png");
  EXPECT_EQ(all[0]["epsilon"], 5.0);
  EXPECT_EQ(all[0]["norm"], "two");
  const toml::table resolved = toml::parse(read_text(folder_ / "run" / "resolved.toml"));
  EXPECT_EQ(resolved["name"].value<std::string>(), "plain");
  EXPECT_EQ(resolved["loss"][0]["sign"].value<std::string>(), "tanh");
}

// Stopping.

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
      save(picture, list.empty() ? small_picture() : other_small_picture());
      list += (list.empty() ? "\"" : ", \"") + picture + "\"";
    }
    Args args = {"--set", "optimizer.steps=8"};
    args.insert(args.end(), more.begin(), more.end());
    process_.emplace(call(hide("[" + list + "]"), args));
    const fs::path images = folder_ / "run" / "images" / "base";
    EXPECT_TRUE(wait_until([&] { return fs::exists(images) || !process_->running(); }));
    return *process_;
  }

  void expect_first_saved(const Outcome& outcome) const {
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
  Process& process = start();
  process.send(SIGINT);
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.code, 130) << outcome.err;
  expect_first_saved(outcome);
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
  Process& process = start({"--isolate"});
  process.send(SIGINT);
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.code, 130) << outcome.err;
  expect_first_saved(outcome);
}

TEST_F(Stopping, SoDoesSigterm) {
  Process& process = start();
  process.send(SIGTERM);
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.code, 143) << outcome.err;
  expect_first_saved(outcome);
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
            (std::vector<std::string>{"environment.json", "experiment.toml", "resolved.toml"}));
}

}  // namespace
}  // namespace system_test
