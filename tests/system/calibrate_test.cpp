// faceoff calibrate: what it writes, keeps and refuses.
#include <string>
#include <vector>

#include "plugins/calibration.hpp"
#include "two_people.hpp"

namespace system_test {
namespace {

/// A folder with weights of its own, beside which thresholds may be written.
class Calibrating : public TwoPeople {
 protected:
  Calibrating() {
    fs::create_directory(folder_ / "models");
    for (const char* name : {"ssd_mobilenet_v1", "face_landmark_68", "face_recognition"})
      fs::copy(models_folder() / (std::string(name) + ".safetensors"), folder_ / "models");
  }

  const Args calibrate_ = {"calibrate", "--people", "people", "--models", "face_recognition"};
  const fs::path file_ = folder_ / "models" / "face_recognition.toml";
};

TEST_F(Calibrating, AnEmbedderWhoseThresholdsARunThenPrefers) {
  fs::copy(models_folder() / "faceres.safetensors", folder_ / "models");
  const Json worth = json({"calibrate", "--people", "people", "--models", "faceres", "--json"});
  ASSERT_EQ(worth.size(), 1U);
  const Json& faceres = worth["faceres"];
  EXPECT_EQ(faceres["accuracy"], 1) << "two people, and photos that are nearly the same";
  EXPECT_EQ(faceres["auc"], 1);
  EXPECT_EQ(faceres["faces_found"], 6);
  EXPECT_EQ(faceres["pictures"], 6);
  EXPECT_EQ(faceres["same_pairs"], 6);
  EXPECT_EQ(faceres["different_pairs"], 9);
  for (const char* rate : {"1e-2", "1e-3", "1e-4"}) EXPECT_TRUE(faceres["far"][rate].is_null()) << "of nine pairs";
  EXPECT_TRUE(fs::exists(folder_ / "models" / "faceres.toml"));
  EXPECT_TRUE(contains(read_text(folder_ / "models" / "calibration.html"), "class=\"spec\""));

  // As if it had been measured on more people.
  write_text(folder_ / "models" / "faceres.toml",
             read_text(folder_ / "models" / "faceres.toml") + "\"1e-3\" = { threshold = 0.5125, tar = 0.9 }\n");
  const Json verified = json({"verify", "people/ann/1.png", "people/ann/2.png", "--json", "--model", "faceres"});
  EXPECT_EQ(verified["models"][0]["threshold"], .5125);
}

TEST_F(Calibrating, OneViewKeepsAnother) {
  run_faceoff(calibrate_, folder_.path());
  const std::string first = read_text(file_);
  Args other = calibrate_;
  other.insert(other.end(), {"--set", "face_recognition.align=box"});
  const Outcome outcome = run_faceoff(other, folder_.path());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(contains(first, "crop = \"dlib_rect\"\nsize = 150\npeople = 2\npictures = 6\nfaces_found = 6\n"))
      << first;
  const std::string both = read_text(file_);
  EXPECT_TRUE(both.starts_with(first)) << both;
  EXPECT_TRUE(contains(both, "crop = \"box\"")) << both;
  EXPECT_EQ(run_faceoff(other, folder_.path()).code, 0);
  EXPECT_EQ(read_text(file_), both) << "measured again";
}

TEST_F(Calibrating, ThresholdsHoldForAModelThatDropsFeaturesWhereItIsAttacked) {
  Args verify = {"verify", "people/ann/1.png", "people/ann/2.png", "--json", "--model", "face_recognition"};
  const Json ships = json(verify)["models"][0]["threshold"];
  EXPECT_TRUE(ships.is_number());
  verify.insert(verify.end(), {"--set", "face_recognition.dropout=0.1"});
  EXPECT_EQ(json(verify)["models"][0]["threshold"], ships);
}

TEST_F(Calibrating, WhatOtherWeightsHaveIsNotUsedAndToldOf) {
  const Args verify = {"verify", "people/ann/1.png", "people/ann/2.png", "--json", "--model", "face_recognition"};
  const double ships = json(verify)["models"][0]["threshold"].get<double>();
  const auto view = [](const std::string& sha256) {
    return "[[view]]\nsha256 = \"" + sha256 +
           "\"\nfamily = \"f\"\ncrop = \"dlib_rect\"\nsize = 150\n[view.far]\n\"1e-3\" = { threshold = 0.5 }\n";
  };
  write_text(file_, view("aa"));
  const Outcome outcome = run_faceoff(verify, folder_.path());
  EXPECT_EQ(
      outcome.err,
      "warning: models/face_recognition.toml: holds thresholds of other weights than face_recognition.safetensors "
      "has now; they are not used\n");
  EXPECT_EQ(Json::parse(outcome.out)["models"][0]["threshold"], ships);
  std::string of_another = view("aa");
  of_another.insert(of_another.find("sha256"), "weights = \"face_recognition.pt\"\n");
  write_text(file_, of_another);
  EXPECT_EQ(run_faceoff(verify, folder_.path()).err, "") << "it never held any of these";
  write_text(file_, view("aa") + view("eeea8582f0c9a5a6f7afc6f9e4ef0260544c74a5572054bb89a4c808d3f4f8d3"));
  const Outcome own = run_faceoff(verify, folder_.path());
  EXPECT_EQ(own.err, "");
  EXPECT_EQ(Json::parse(own.out)["models"][0]["threshold"], .5);
}

TEST_F(Calibrating, IsRefusedBeforeItIsMeasuredWhereTheFileIsDamaged) {
  write_text(file_, "[[view]\n");
  refuse(calibrate_, 2,
         "models/face_recognition.toml:1:8: not TOML: Error while parsing table header: expected ']', saw '\\n'");
  EXPECT_EQ(read_text(file_), "[[view]\n");
}

TEST_F(Calibrating, NeedsAFolderToWriteInAndPairsToMeasure) {
  const auto with = [&](const Args& more) {
    Args args = calibrate_;
    args.insert(args.end(), more.begin(), more.end());
    return args;
  };
  refuse(with({"--out", "nobody.png"}), 4, "nobody.png: can't make the folder: Not a directory");
  refuse(with({"--out", ""}), 2, "--out: name a folder");
  fs::create_directories(folder_ / "out" / "calibration.html");
  refuse(with({"--out", "out"}), 4, "out/calibration.html: cannot be written: it is a folder");
  refuse({"calibrate", "--people", "nowhere"}, 2, "no picture nowhere");

  const auto says = [&](const std::string& message) {
    const Outcome outcome = run_faceoff(calibrate_, folder_.path());
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_TRUE(outcome.err.ends_with("\nfaceoff: " + message + "\n")) << outcome.err;
    EXPECT_FALSE(fs::exists(file_));
  };
  fs::remove_all(folder_ / "people" / "bea");
  says("there is one person alone, so nothing can be said of different people");
  save_photos("bea", other_small_picture());
  for (const char* person : {"ann", "bea"}) {
    for (const char* photo : {"2.png", "3.png"}) fs::remove(folder_ / "people" / person / photo);
  }
  says("nobody has two faces, so nothing can be said of the same person");
}

}  // namespace
}  // namespace system_test
