// What scripts/demo made of the sample photos so that faces pass for other people's.
#include <gtest/gtest.h>
#include <opencv2/core.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "demo_run.hpp"
#include "faces/matching.hpp"
#include "system/pictures.hpp"
#include "system/program.hpp"

namespace system_test {
namespace {

constexpr double passes = .623;  // faceres, false accept rate 1e-3

/// The people of the experiment by the names that it gives them: the faces of each photo, left to right.
std::map<std::string, at::Tensor> people(const Judges& judges) {
  std::map<std::string, at::Tensor> found;
  for (const fs::path& photo : samples()) {
    const cv::Mat pixels = read_pixels(photo);
    int number = 0;
    for (const faceoff::Face& face : left_to_right(judges.found(pixels)))
      found[photo.stem().string() + "/" + std::to_string(++number)] = judges.faceres(pixels, face.box);
  }
  return found;
}

const Json& said_by(const Json& face, const std::string& model) {
  static const Json nobody;
  for (const Json& said : face["models"]) {
    if (said["name"] == model) return said;
  }
  ADD_FAILURE() << "nothing by " << model << " in " << face;
  return nobody;
}

double cosine(const at::Tensor& a, const at::Tensor& b) {
  return a.dot(b).item<double>();
}

/// What results.jsonl says of a face, against what the files say to this process's own models.
void expect_impersonated(const Json& face, const std::string& stem, const cv::Mat& original, const cv::Mat& delivered,
                         const std::map<std::string, at::Tensor>& everybody, const Judges& judges) {
  const std::string target = face["target"];
  EXPECT_FALSE(target.starts_with(stem + "/")) << "a target on the same photo";
  ASSERT_TRUE(everybody.contains(target)) << target;
  const Json& surrogate = said_by(face, "faceres");
  EXPECT_EQ(surrogate["role"], "surrogate");
  EXPECT_GE(surrogate["target"][1].get<double>(), passes);
  EXPECT_DOUBLE_EQ(surrogate["self"][0].get<double>(), 1);
  const Json& judge = said_by(face, "face_recognition");
  EXPECT_EQ(judge["role"], "held_out");
  EXPECT_TRUE(judge["target"][1].is_number());

  const faceoff::Box box{face["box"][0], face["box"][1], face["box"][2], face["box"][3]};
  const std::vector<faceoff::Face> anew = judges.found(delivered);
  const faceoff::Face* found = same_face(anew, box);
  ASSERT_NE(found, nullptr) << "not found on the delivered picture";
  const at::Tensor before = judges.faceres(original, box), after = judges.faceres(delivered, found->box);
  EXPECT_GE(cosine(after, everybody.at(target)), passes);
  EXPECT_NEAR(cosine(after, everybody.at(target)), surrogate["target"][1].get<double>(), 1e-4);
  EXPECT_NEAR(cosine(before, everybody.at(target)), surrogate["target"][0].get<double>(), 1e-4);
  EXPECT_NEAR(cosine(after, before), surrogate["self"][1].get<double>(), 1e-4);
  for (const auto& [name, embedding] : everybody) {
    if (!name.starts_with(stem + "/")) {
      EXPECT_GE(cosine(before, embedding), cosine(before, everybody.at(target)) - 1e-4) << name << " is further";
    }
  }
}

TEST(Impersonate, EveryFacePassesForTheFurthestPerson) {
  const fs::path run = demo_run("impersonate");
  const std::vector<Json> items = results(run);
  ASSERT_EQ(items.size(), demo_photos);
  const Judges judges;
  const std::map<std::string, at::Tensor> everybody = people(judges);
  ASSERT_EQ(everybody.size(), 22U);
  double lowest = 1;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const fs::path photo = samples()[i];
    SCOPED_TRACE(photo.string());
    EXPECT_EQ(items[i]["status"], "attacked");
    const cv::Mat original = read_pixels(photo);
    const cv::Mat delivered = read_pixels(run / items[i]["output"].get<std::string>());
    EXPECT_LE(largest_difference(original, delivered), 8);
    ASSERT_EQ(items[i]["faces"].size(), faces_on_samples[i]);
    for (const Json& face : items[i]["faces"]) {
      expect_impersonated(face, photo.stem().string(), original, delivered, everybody, judges);
      lowest = std::min(lowest, said_by(face, "faceres")["target"][1].get<double>());
    }
  }
  RecordProperty("lowest_similarity", std::to_string(lowest));
}

}  // namespace
}  // namespace system_test
