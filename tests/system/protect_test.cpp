// faceoff protect: photos in, photos out, and what those who were never attacked make of them.
#include <gtest/gtest.h>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include <map>
#include <string>
#include <vector>

#include "pictures.hpp"
#include "program.hpp"
#include "two_people.hpp"

namespace system_test {
namespace {

const Args few_steps = {"--set", "optimizer.steps=1", "--set", "evaluate.models=[\"face_recognition\"]"};

class ProtectCommand : public testing::Test {
 protected:
  void save(const std::string& name, const cv::Mat& pixels) const {
    fs::create_directories((folder_ / name).parent_path());
    ASSERT_TRUE(cv::imwrite((folder_ / name).string(), pixels));
  }

  /// The small picture as a JPEG that says more than its pixels.
  static std::string with_exif() {
    std::vector<unsigned char> jpeg;
    cv::imencode(".jpg", small_picture(), jpeg);
    return with_orientation(jpeg, 1);
  }

  Outcome protect(Args args) const {
    args.insert(args.begin(), "protect");
    args.insert(args.end(), few_steps.begin(), few_steps.end());
    return run_faceoff(args, folder_.path());
  }

  /// What `--json` says, by the photo's name.
  static std::map<std::string, Json> by_photo(const Outcome& outcome) {
    std::map<std::string, Json> photos;
    const Json all = Json::parse(outcome.out);
    for (const Json& one : all["photos"]) photos[one["photo"]] = one;
    return photos;
  }

  TemporaryFolder folder_;
};

TEST_F(ProtectCommand, AFolderIsDoneOnceAndNothingIsOverwritten) {
  fs::create_directories(folder_ / "album" / "deep [1]");
  write_text(folder_ / "album" / "deep [1]" / "a.jpg", with_exif());
  save("album/b.png", other_small_picture());
  save("album/empty.jpg", cv::Mat(200, 200, CV_8UC3, cv::Scalar(90, 120, 60)));
  write_text(folder_ / "album" / "notes.txt", "no picture\n");
  write_text(folder_ / "album" / "torn.jpg", "no picture either\n");
  const Outcome first = protect({"album", "--json"});
  EXPECT_EQ(first.code, 1) << "one of them is no picture\n" << first.err;
  std::map<std::string, Json> photos = by_photo(first);
  ASSERT_EQ(photos.size(), 4U);
  const fs::path jpeg = folder_ / "album.faceoff" / "deep [1]" / "a.faceoff.jpg",
                 png = folder_ / "album.faceoff" / "b.faceoff.png";
  const Json& done = photos["album/deep [1]/a.jpg"];
  EXPECT_EQ(done["status"], "delivered");
  EXPECT_EQ(done["output"], "album.faceoff/deep [1]/a.faceoff.jpg");
  EXPECT_EQ(done["recognised"][0]["name"], "face_recognition");
  EXPECT_EQ(done["recognised"][0]["faces"], 1);
  EXPECT_EQ(done["recognised"][0]["before"], 1);
  EXPECT_EQ(done["bytes"][1], fs::file_size(jpeg));
  EXPECT_EQ(read_text(jpeg).substr(0, 2), "\xFF\xD8");
  EXPECT_FALSE(contains(read_text(jpeg), "Exif")) << "it may say where the photo was taken";
  EXPECT_EQ(photos["album/b.png"]["status"], "delivered");
  EXPECT_LE(largest_difference(read_pixels(png), other_small_picture()), 8);
  EXPECT_EQ(photos["album/empty.jpg"]["status"], "no_face");
  EXPECT_TRUE(photos["album/empty.jpg"]["output"].is_null());
  EXPECT_EQ(photos["album/torn.jpg"]["status"], "failed");
  EXPECT_TRUE(contains(first.out, "notes.txt"));
  // In plain words, each with who says so.
  for (const char* word : {"recognised by face_recognition (never attacked)", "no face found", "PSNR", "SSIM", "kB"})
    EXPECT_TRUE(contains(first.err, word)) << word << "\n" << first.err;
  for (const std::string& line : lines_of(first.err)) EXPECT_FALSE(contains(line, " protected")) << line;

  fs::remove(folder_ / "album" / "torn.jpg");
  const std::vector<std::string> before = files_in(folder_.path());
  const Outcome second = protect({"album"});
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_TRUE(contains(second.err, "2 done already, 1 without a face")) << second.err;
  EXPECT_TRUE(contains(second.err, "nothing was written")) << second.err;
  EXPECT_EQ(files_in(folder_.path()), before);

  // The name that it has, not the one that it would get beside another of its name.
  save("album/b.jpg", cv::Mat(200, 200, CV_8UC3, cv::Scalar(90, 120, 60)));
  for (const auto& [photo, said] : by_photo(protect({"album", "--json"}))) {
    if (said["output"].is_null()) continue;
    EXPECT_TRUE(fs::exists(folder_ / said["output"].get<std::string>())) << said;
  }
  fs::remove(folder_ / "album" / "b.jpg");

  const std::string delivered = read_text(jpeg);
  const std::vector<std::string> now = files_in(folder_.path());
  const Outcome otherwise = protect({"album/deep [1]/a.jpg", "-o", "album.faceoff/deep [1]", "--strength", "high"});
  EXPECT_EQ(otherwise.code, 1);
  EXPECT_TRUE(contains(otherwise.err, "is there already")) << otherwise.err;
  EXPECT_EQ(read_text(jpeg), delivered);
  EXPECT_EQ(files_in(folder_.path()), now);
}

TEST_F(ProtectCommand, APhotosIsBesideItAndLeavesThePlaceToWhatIsThere) {
  save("a.jpg", small_picture());
  write_text(folder_ / "a.faceoff.jpg", "mine");
  const Outcome blocked = protect({"a.jpg", "--json", "--quiet"});
  EXPECT_EQ(blocked.code, 1);
  EXPECT_EQ(blocked.err, "");
  EXPECT_EQ(by_photo(blocked)["a.jpg"]["status"], "blocked");
  EXPECT_EQ(read_text(folder_ / "a.faceoff.jpg"), "mine");
  fs::remove(folder_ / "a.faceoff.jpg");
  const Outcome done = protect({"a.jpg", "--quiet"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.out, "a.faceoff.jpg\n");
  EXPECT_EQ(done.err, "");
  // What was delivered is no photo to start from, and a photo that changed is not what was done.
  const Outcome again = protect({"a.faceoff.jpg"});
  EXPECT_TRUE(contains(again.err, "what faceoff delivered")) << again.err;
  save("a.jpg", other_small_picture());
  EXPECT_EQ(by_photo(protect({"a.jpg", "--json"}))["a.jpg"]["status"], "blocked");
}

TEST_F(ProtectCommand, MetadataAreKeptWhereTheyAreAskedFor) {
  write_text(folder_ / "a.jpg", with_exif());
  ASSERT_EQ(protect({"a.jpg", "-o", "kept", "--keep-metadata"}).code, 0);
  EXPECT_TRUE(contains(read_text(folder_ / "kept" / "a.faceoff.jpg"), "Exif"));
}

TEST_F(ProtectCommand, WhatCantBeWishedIsRefusedBeforeAnything) {
  save("a.jpg", small_picture());
  fs::create_directories(folder_ / "people" / "ann");
  const std::vector<std::string> before = files_in(folder_.path());
  const std::vector<std::pair<Args, std::string>> wishes = {
      {{"a.jpg", "--strength", "hgih"}, "did you mean 'high'?"},
      {{"a.jpg", "--from", "detectors", "--gallery", "people"}, "--from detectors"},
      {{"a.jpg", "--as", "ann"}, "--gallery"},
      {{"a.jpg", "--gallery", "people"}, "two people"},
      {{"a.jpg", "--gallery", "nowhere"}, "nowhere"},
      {{"b.jpg"}, "b.jpg"},
      {{}, "needs a photo"}};
  for (const auto& [args, words] : wishes) {
    SCOPED_TRACE(testing::PrintToString(args));
    const Outcome outcome = protect(args);
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, words)) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
  EXPECT_EQ(files_in(folder_.path()), before);
}

class ProtectAs : public TwoPeople {};

TEST_F(ProtectAs, AFaceIsLedToWhoeverIsNamed) {
  fs::copy(folder_ / "people" / "ann" / "2.png", folder_ / "me.png");
  const Json all = json({"protect", "me.png", "--gallery", "people", "--as", "bea", "--json", "--quiet", "--set",
                         "optimizer.steps=2", "--set", "evaluate.models=[\"face_recognition\"]"});
  EXPECT_EQ(all["photos"][0]["status"], "delivered");
  EXPECT_EQ(all["photos"][0]["taken_for_target"][0]["faces"], 1);
  const Outcome nobody = run_faceoff({"protect", "me.png", "--gallery", "people", "--as", "bae"}, folder_.path());
  EXPECT_EQ(nobody.code, 2);
  EXPECT_TRUE(contains(nobody.err, "did you mean 'bea'?")) << nobody.err;
}

}  // namespace
}  // namespace system_test
