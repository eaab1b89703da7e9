#pragma once

#include <gtest/gtest.h>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include <string>
#include <vector>

#include "pictures.hpp"
#include "program.hpp"

namespace system_test {

/// Small pictures and small experiments in a folder of their own, which is also where the program is started.
class RunFolder : public testing::Test {
 protected:
  void save(const std::string& name, const cv::Mat& pixels) const {
    ASSERT_TRUE(cv::imwrite((folder_ / name).string(), pixels));
  }

  /// Attacks a detector; quick, and any picture will do.
  std::string hide(const std::string& pictures, const std::string& rest = "",
                   const std::string& plugin = "tiny_face_detector") const {
    return "# A small experiment.\n"
           "name = \"small\"\n"
           "seed = 7\n"
           "[data]\n"
           "pictures = " +
           pictures +
           "\n"
           "[models.detector]\n"
           "plugin = \"" +
           plugin +
           "\"\n"
           "[faces]\n"
           "detector = \"detector\"\n"
           "[[loss]]\n"
           "plugin = \"detection\"\n"
           "models = [\"detector\"]\n"
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

}  // namespace system_test
