// Pictures of all kinds, and what is delivered of them.
#include <gtest/gtest.h>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "pictures.hpp"
#include "program.hpp"
#include "run_folder.hpp"

namespace system_test {
namespace {

class Deliveries : public RunFolder {};

TEST_F(Deliveries, AJpegSaysWhatItDidToTheBudgetAndToTheSuccess) {
  save("small.png", small_picture());
  const std::string steps = "[output]\nformat = \"jpeg\"\nquality = 60\n";
  const std::vector<Json> all =
      items(hide("[\"small.png\"]", steps, "ssd_mobilenet_v1"), {"--set", "optimizer.steps=12"});
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
  const Json lossless = items(hide("[\"small.png\"]", "", "ssd_mobilenet_v1"), {"--set", "optimizer.steps=12"}).at(0);
  EXPECT_FALSE(lossless.contains("lossless"));
  EXPECT_EQ(lossless["faces"], item["lossless"]["faces"]) << "the attack itself is the same";
}

TEST_F(Deliveries, AJpegIsNoneWhereThereIsNoFaceAndNotTransparent) {
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

TEST_F(Deliveries, APictureWithoutAFaceIsDeliveredUnchanged) {
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

TEST_F(Deliveries, AFileThatIsNoPictureFailsAloneAndSaysWhy) {
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

TEST_F(Deliveries, PicturesOfOneStemDoNotOverwriteEachOther) {
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

TEST_F(Deliveries, GreyStaysGrey) {
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

TEST_F(Deliveries, GreyStaysGreyWhereCropsArePasted) {
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

TEST_F(Deliveries, AlphaIsKept) {
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

TEST_F(Deliveries, ARotatedJpegComesBackAsAViewerShowsIt) {
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

TEST_F(Deliveries, OutsideOfTheFacesNothingChanges) {
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

}  // namespace
}  // namespace system_test
