#pragma once

#include <gtest/gtest.h>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include <string>
#include <vector>

#include "pictures.hpp"
#include "program.hpp"

namespace system_test {

/// Two people with three photos each, and a picture on which nobody is.
class TwoPeople : public testing::Test {
 protected:
  TwoPeople() {
    save_photos("ann", small_picture());
    save_photos("bea", other_small_picture());
    cv::imwrite((folder_ / "nobody.png").string(), cv::Mat(200, 200, CV_8UC3, cv::Scalar(90, 120, 60)));
    write_text(folder_ / "text.png", "no picture\n");
  }

  void save_photos(const std::string& person, const cv::Mat& face) const {
    fs::create_directories(folder_ / "people" / person);
    cv::Mat mirrored;
    cv::flip(face, mirrored, 1);
    cv::imwrite((folder_ / "people" / person / "1.png").string(), face);
    cv::imwrite((folder_ / "people" / person / "2.png").string(), mirrored);
    cv::imwrite((folder_ / "people" / person / "3.png").string(), face * .9 + cv::Scalar(10, 10, 10));
  }

  Json json(const Args& args) const {
    const Outcome outcome = run_faceoff(args, folder_.path());
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return Json::parse(outcome.out);
  }

  void refuse(const Args& args, int code, const std::string& message) const {
    SCOPED_TRACE(testing::PrintToString(args));
    const std::vector<std::string> before = files_in(folder_.path());
    const Outcome outcome = run_faceoff(args, folder_.path());
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err, "faceoff: " + message + "\n");
    EXPECT_EQ(files_in(folder_.path()), before);
  }

  TemporaryFolder folder_;
};

}  // namespace system_test
