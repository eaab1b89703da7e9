// As many people as LFW has, in a gallery's file, and a run that a detector's own landmarks align.
#include <faceoff/safetensors.hpp>

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "base/files.hpp"
#include "pictures.hpp"
#include "program.hpp"

namespace system_test {
namespace {

constexpr int people = 5749, photos_each = 2;

/// Random embeddings of as many people behind those that a gallery's file holds already.
void add_strangers(const fs::path& file) {
  std::map<std::string, at::Tensor> tensors;
  std::map<std::string, std::string> about;
  {
    const faceoff::TensorFile few(file);
    about = few.metadata();
    at::manual_seed(1);
    for (const char* name : {"mobileface 7c00fa03a6448562 five_points 112"}) {
      const at::Tensor known = few.get(name, {-1, -1});
      const at::Tensor strangers = at::randn({people * photos_each, known.size(1)});
      tensors[name] = at::cat({known, strangers / strangers.norm(2, 1, true)});
    }
  }
  Json names = Json::parse(about.at("names")), photos = Json::parse(about.at("photos")),
       judges = Json::parse(about.at("judges"));
  for (int i = 0; i < people * photos_each; ++i) {
    names.push_back("stranger " + std::to_string(i / photos_each));
    photos.push_back(faceoff::sha256("photo " + std::to_string(i)));
    judges.push_back(i % photos_each == 1);
  }
  about["names"] = names.dump();
  about["photos"] = photos.dump();
  about["judges"] = judges.dump();
  faceoff::write_atomically(file, faceoff::to_safetensors(tensors, about));
}

TEST(ManyPeople, AreChosenFromAndJudgedAgainst) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "people/ann");
  for (int i = 1; i <= 2; ++i) {
    cv::imwrite((folder / "people/ann" / (std::to_string(i) + ".png")).string(),
                small_picture() * (1 - .03 * i) + cv::Scalar(i, i, i));
  }
  const Outcome embedded = run_faceoff(
      {"embed", "people", "-o", "many.safetensors", "--model", "mobileface", "--detector", "mtcnn"}, folder.path());
  ASSERT_EQ(embedded.code, 0) << embedded.err;
  add_strangers(folder / "many.safetensors");
  write_text(folder / "x.toml",
             "data = { pictures = [\"people/ann/1.png\"], people = \"many.safetensors\" }\n"
             "models.mtcnn.plugin = \"mtcnn\"\n"
             "models.mobileface.plugin = \"mobileface\"\n"
             "faces = { detector = \"mtcnn\" }\n"
             "attack.target = { choice = \"furthest\" }\n"
             "loss = [{ plugin = \"similarity\", models = [\"mobileface\"] }]\n"
             "optimizer = { plugin = \"pgd\", steps = 2 }\n"
             "evaluate.after = [\"png\"]\n");
  const Outcome made = run_faceoff({"run", "x.toml", "--out", "run"}, folder.path());
  ASSERT_EQ(made.code, 0) << made.err;
  const Json item = results(folder / "run").at(0);
  const std::string target = item["faces"][0]["target"];
  EXPECT_TRUE(target.starts_with("stranger ")) << target;

  const Outcome judged = run_faceoff({"evaluate", "run"}, folder.path());
  ASSERT_EQ(judged.code, 0) << judged.err;
  const Json line = Json::parse(lines_of(read_text(folder / "run/evaluation.jsonl")).at(0));
  const Json& face = line["faces"][0];
  EXPECT_EQ(face["person"], "ann") << "by the gallery's row of that very photo";
  EXPECT_EQ(face["known"], true);
  const Json& model = face["models"][0];
  EXPECT_EQ(model["best"][0]["name"], "ann") << "of all of them";
  EXPECT_GT(model["best"][0]["similarity"].get<double>(), .8);
  EXPECT_NEAR(model["self"][0].get<double>(), model["best"][0]["similarity"].get<double>(), 1e-4);
  EXPECT_LT(model["target"][0].get<double>(), .1);
}

TEST(ManyPeople, NeedALandmarkModelForRecognisersOfSixtyEightPoints) {
  const TemporaryFolder folder;
  cv::imwrite((folder / "1.png").string(), small_picture());
  write_text(folder / "x.toml",
             "data.pictures = [\"1.png\"]\n"
             "models.mtcnn.plugin = \"mtcnn\"\n"
             "models.recogniser.plugin = \"face_recognition\"\n"
             "faces = { detector = \"mtcnn\" }\n"
             "loss = [{ plugin = \"dodging\", models = [\"recogniser\"] }]\n"
             "optimizer = { plugin = \"pgd\", steps = 2 }\n");
  const Outcome refused = run_faceoff({"run", "x.toml", "--out", "run"}, folder.path());
  EXPECT_EQ(refused.code, 2) << refused.err;
  EXPECT_TRUE(contains(refused.err, "'recogniser' is aligned by 68 landmarks, and 'mtcnn' gives fewer")) << refused.err;
  const Outcome swapped =
      run_faceoff({"run", "x.toml", "--out", "run", "--set", "faces.landmarks=\"mtcnn\""}, folder.path());
  EXPECT_EQ(swapped.code, 2) << swapped.err;
  EXPECT_TRUE(contains(swapped.err, "not landmarks of a face alone")) << swapped.err;
}

}  // namespace
}  // namespace system_test
