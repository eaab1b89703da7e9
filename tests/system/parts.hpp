#pragma once

#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <string>
#include <vector>

#include "pictures.hpp"
#include "program.hpp"

namespace system_test {

/// A folder for one test that is called the same in all: the key of an item has its picture's folder in it.
class PartsFolder {
 public:
  PartsFolder() { fs::create_directory(path()); }
  fs::path path() const { return around_ / "parts"; }
  fs::path operator/(const fs::path& name) const { return path() / name; }

 private:
  TemporaryFolder around_;
};

/// Four small pictures, one of them without a face, and a quick attack on them.
class Parts : public testing::Test {
 protected:
  void SetUp() override {
    cv::Mat flipped;
    cv::flip(small_picture(), flipped, 1);
    save("a.png", small_picture());
    save("b.png", shifted_small_picture());
    save("c.png", cv::Mat(90, 120, CV_8UC3, cv::Scalar(90, 120, 150)));
    save("d.png", flipped);
    write_text(folder_ / "x.toml", experiment_);
  }

  void save(const std::string& name, const cv::Mat& pixels) const {
    ASSERT_TRUE(cv::imwrite((folder_ / name).string(), pixels));
  }

  Call call(const Args& more) const {
    Args args = {"run", "x.toml"};
    args.insert(args.end(), more.begin(), more.end());
    return faceoff(args, folder_.path());
  }

  Outcome done(const Args& more, int code = 0) const {
    Outcome outcome = run(call(more));
    EXPECT_EQ(outcome.code, code) << outcome.err;
    return outcome;
  }

  /// What `faceoff run x.toml` leaves as everything stands, made once and copied.
  void whole_run(const std::string& name) const {
    static const TemporaryFolder made;
    if (!fs::exists(made / "run")) {
      done({"--out", "run"});
      fs::rename(at("run"), made / "run");
    }
    fs::copy(made / "run", at(name), fs::copy_options::recursive);
  }

  fs::path at(const std::string& name) const { return folder_ / name; }

  /// Expects that a run left the same as another, but for times and its command.
  void expect_same(const std::string& run, const std::string& as) const {
    ASSERT_EQ(files_in(at(run)), files_in(at(as)));
    const std::vector<Json> those = results(at(as)), these = results(at(run));
    ASSERT_EQ(these.size(), those.size());
    for (std::size_t i = 0; i < those.size(); ++i) EXPECT_EQ(timeless(these[i]), timeless(those[i]));
    for (const std::string& file : files_in(at(as))) {
      if (file == "results.jsonl" || file == "environment.json") continue;
      EXPECT_EQ(read_text(at(run) / file), read_text(at(as) / file)) << file;
    }
  }

  const std::string experiment_ = R"(name = "parts"
[data]
pictures = ["?.png"]
[models.tiny]
plugin = "tiny_face_detector"
[faces]
detector = "tiny"
[[loss]]
plugin = "detection"
models = ["tiny"]
[optimizer]
plugin = "pgd"
steps = 1
[run]
batch = 1
[sweep]
"attack.epsilon" = [4, 8]
)";
  PartsFolder folder_;
};

}  // namespace system_test
