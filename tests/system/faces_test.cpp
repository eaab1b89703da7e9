// The commands without an experiment: detect, verify, embed.
#include <faceoff/safetensors.hpp>

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "plugins/calibration.hpp"
#include "two_people.hpp"

namespace system_test {
namespace {

class Faces : public TwoPeople {};

TEST_F(Faces, OfASampleAreDetectedAsTheReferenceHasThem) {
  const Json golden = Json::parse(std::ifstream(std::string(FACEOFF_GOLDEN_FOLDER) + "/faces/face_api.json"));
  const Json expected = golden["pictures"]["sample1"]["faces"];
  const Json found = json({"detect", samples().front().string()});
  ASSERT_EQ(found["pictures"].size(), 1U);
  const Json& picture = found["pictures"][0];
  EXPECT_EQ(picture["width"], 1920);
  EXPECT_EQ(picture["height"], 1280);
  ASSERT_EQ(picture["faces"].size(), expected.size());
  for (std::size_t f = 0; f < expected.size(); ++f) {
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_NEAR(picture["faces"][f]["box"][i].get<double>(), expected[f]["box"][i].get<double>(), .01);
    EXPECT_NEAR(picture["faces"][f]["score"].get<double>(), expected[f]["score"].get<double>(), 1e-5);
    EXPECT_EQ(picture["faces"][f]["landmarks"].size(), 68U);
  }
}

TEST_F(Faces, AreDrawn) {
  const Json found = json({"detect", "people/ann/1.png", "nobody.png", "--draw", "drawn", "--landmarks", "none"});
  EXPECT_EQ(found["pictures"][0]["faces"].size(), 1U);
  EXPECT_TRUE(found["pictures"][0]["faces"][0]["landmarks"].is_null());
  EXPECT_EQ(found["pictures"][1]["faces"].size(), 0U);
  const cv::Mat plain = read_pixels(folder_ / "people/ann/1.png"), drawn = read_pixels(folder_ / "drawn/1.png");
  ASSERT_EQ(drawn.size(), plain.size());
  const Json& box = found["pictures"][0]["faces"][0]["box"];
  const cv::Point corner(static_cast<int>(std::lround(box[0].get<double>())),
                         static_cast<int>(std::lround(box[3].get<double>())));
  EXPECT_GT(cv::norm(drawn.at<cv::Vec3b>(corner), plain.at<cv::Vec3b>(corner)), 50);
  EXPECT_EQ(largest_difference(read_pixels(folder_ / "drawn/nobody.png"), read_pixels(folder_ / "nobody.png")), 0);
}

TEST_F(Faces, AreNeverDrawnOverAPicture) {
  refuse({"detect", "people/ann/1.png", "--draw", "people/ann"}, 2,
         "--draw people/ann: the drawing would replace the picture people/ann/1.png; name another folder");
  refuse({"detect", "people/ann/1.png", "--draw", "nobody.png/x"}, 4,
         "nobody.png/x: can't make the folder: Not a directory");
}

TEST_F(Faces, OneBadPictureCostsItselfAlone) {
  const Outcome outcome = run_faceoff({"detect", "text.png", "people/ann/1.png"}, folder_.path());
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(lines_of(outcome.err).size(), 1U) << outcome.err;
  const Json found = Json::parse(outcome.out);
  EXPECT_TRUE(contains(found["pictures"][0]["error"], "not a picture"));
  EXPECT_EQ(found["pictures"][1]["faces"].size(), 1U);
}

TEST_F(Faces, AreVerified) {
  const Json same = json({"verify", "people/ann/1.png", "people/ann/2.png", "--json", "--model", "faceres"});
  const Json other = json({"verify", "people/ann/1.png", "people/bea/1.png", "--json", "--model", "faceres"});
  ASSERT_EQ(same["models"].size(), 1U);
  EXPECT_EQ(same["models"][0]["name"], "faceres");
  EXPECT_EQ(same["models"][0]["same"], true);
  EXPECT_EQ(other["models"][0]["same"], false);
  EXPECT_EQ(same["models"][0]["threshold"], .623);
  EXPECT_GT(same["models"][0]["cosine"], other["models"][0]["cosine"]);
  const Outcome unmeasured = run_faceoff(
      {"verify", "people/ann/1.png", "people/ann/3.png", "--model", "faceres", "--false-accept-rate", "0.5"},
      folder_.path());
  EXPECT_TRUE(contains(unmeasured.out, "no threshold at a false accept rate of 0.5 was measured")) << unmeasured.out;
  const Outcome text = run_faceoff({"verify", "people/ann/1.png", "people/ann/3.png"}, folder_.path());
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_TRUE(contains(text.out, "face_recognition: cosine ")) << text.out;
  EXPECT_TRUE(contains(text.out, "at a false accept rate of 0.001: the same person")) << text.out;
}

TEST_F(Faces, BadInputGetsOneLine) {
  refuse({"detect"}, 2, "detect needs a picture: faceoff detect PICTURE…");
  refuse({"detect", "nowhere.png"}, 2, "no picture nowhere.png");
  refuse({"detect", "nobody.png", "--model", "faceres"}, 2,
         "'faceres' provides embedding, and this needs scores, boxes");
  refuse({"detect", "nobody.png", "--model", "ssd_mobilenet"}, 2,
         "no model 'ssd_mobilenet'; did you mean 'ssd_mobilenet_v1'?");
  refuse({"detect", "nobody.png", "--minimum-score", "2"}, 2, "--minimum-score: a number from 0 to less than 1");
  refuse({"verify", "nobody.png"}, 2, "verify needs two pictures: faceoff verify A B");
  refuse({"verify", "nobody.png", "people/ann/1.png"}, 1, "nobody.png: no face found");
  refuse({"verify", "text.png", "people/ann/1.png"}, 1,
         "text.png: not a picture that is read (its first bytes are none of PNG, JPEG, WebP, BMP or TIFF)");
  refuse({"verify", "nowhere.png", "people/ann/1.png"}, 2, "no picture nowhere.png");
  refuse({"verify", "people", "people/ann/1.png"}, 2, "people: not a regular file, and verify compares two pictures");
  for (const char* rate : {"0", "1", "-1", "nan"}) {
    refuse({"verify", "people/ann/1.png", "people/ann/2.png", "--false-accept-rate", rate}, 2,
           "--false-accept-rate: a number between 0 and 1, such as 0.001");
  }
  refuse({"embed", "people", "-o", "gallery"}, 2, "--output gallery: name a file .safetensors");
  refuse({"embed", "people", "-o", "nowhere/x.safetensors"}, 4,
         "nowhere/x.safetensors: cannot be written into its folder: No such file or directory");
  refuse({"detect", "nobody.png", "--draw", ""}, 2, "--draw: name a folder");
  refuse({"calibrate"}, 2, "calibrate needs people: faceoff calibrate --people DIR");
  refuse({"embed"}, 2, "embed needs pictures: faceoff embed PICTURE…|DIR");
}

TEST_F(Faces, AreEmbeddedIntoAGalleryThatAnExperimentReads) {
  const auto embed = [&](const std::string& file) {
    const Outcome outcome = run_faceoff(
        {"embed", "people", "-o", file, "--model", "faceres", "--model", "face_recognition"}, folder_.path());
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, file + "\n");
    EXPECT_TRUE(contains(outcome.err, "faces found on 6 of 6 pictures")) << outcome.err;
  };
  embed("gallery.safetensors");
  embed("again.safetensors");
  EXPECT_TRUE(read_text(folder_ / "gallery.safetensors") == read_text(folder_ / "again.safetensors"));

  // A photo's half depends on its place in the folder, not on which others show a face.
  fs::copy(folder_ / "nobody.png", folder_ / "people/ann/0.png");
  EXPECT_EQ(run_faceoff({"embed", "people", "-o", "shifted.safetensors", "--model", "faceres"}, folder_.path()).code,
            0);
  EXPECT_TRUE(contains(read_text(folder_ / "shifted.safetensors"), "[true,false,true,false,true,false]"));
  EXPECT_TRUE(contains(read_text(folder_ / "gallery.safetensors"), "[false,true,false,false,true,false]"));
  fs::remove(folder_ / "people/ann/0.png");

  write_text(folder_ / "x.toml",
             "data.pictures = [\"people/ann/1.png\"]\n"
             "models.ssd.plugin = \"ssd_mobilenet_v1\"\n"
             "models.marks.plugin = \"face_landmark_68\"\n"
             "models.faceres.plugin = \"faceres\"\n"
             "faces = { detector = \"ssd\", landmarks = \"marks\" }\n"
             "attack.target = { choice = \"named\", name = \"bea\" }\n"
             "loss = [{ plugin = \"similarity\", models = [\"faceres\"] }]\n"
             "optimizer = { plugin = \"pgd\", steps = 2 }\n");
  std::vector<Json> items;
  for (const char* people : {"people", "gallery.safetensors"}) {
    fs::remove_all(folder_ / "run");
    const Outcome outcome = run_faceoff(
        {"run", "x.toml", "--out", "run", "--set", std::string("data.people=\"") + people + "\""}, folder_.path());
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    items.push_back(timeless(results(folder_ / "run").at(0)));
  }
  EXPECT_NE(items[0]["key"], items[1]["key"]);  // nobody has looked at the photos that a gallery was made of
  for (Json& item : items) item.erase("key");
  EXPECT_EQ(items[0], items[1]);
  EXPECT_EQ(items[0]["faces"][0]["target"], "bea");

  const Outcome other = run_faceoff({"run", "x.toml", "--out", "other", "--set", "data.people=\"gallery.safetensors\"",
                                     "--set", "models.faceres.weights=\"models/faceres_deep.safetensors\""},
                                    folder_.path());
  EXPECT_EQ(other.code, 2) << other.err;
  EXPECT_TRUE(contains(other.err, "has no embeddings of 'faceres' with these weights and this view")) << other.err;
  const Outcome damaged =
      run_faceoff({"run", "x.toml", "--out", "other", "--set",
                   "data.people=\"" + (models_folder() / "face_recognition.safetensors").string() + "\""},
                  folder_.path());
  EXPECT_EQ(damaged.code, 4) << damaged.err;
  EXPECT_TRUE(contains(damaged.err, "no gallery that faceoff embed made")) << damaged.err;
}

TEST_F(Faces, AreEmbeddedAlikeByOneProcessBySeveralAndFromTheCache) {
  for (int more = 4; more < 9; ++more)  // enough for several processes
    fs::copy(folder_ / "people/ann/1.png", folder_ / "people/bea" / (std::to_string(more) + ".png"));
  for (int more = 4; more < 9; ++more)
    cv::imwrite((folder_ / "people/ann" / (std::to_string(more) + ".png")).string(),
                small_picture() * (1 - .02 * more) + cv::Scalar(1, 1, 1));
  write_text(folder_ / "people/ann/text.png", "no picture\n");
  const auto embedded = [&](const std::string& threads, const std::string& cache, const std::string& out) {
    Call call = faceoff({"embed", "people", "--model", "mobileface", "-o", out + ".safetensors"}, folder_.path());
    call.environment = {{"OMP_NUM_THREADS", threads}, {"FACEOFF_CACHE", cache}};
    const Outcome outcome = run(call);
    EXPECT_EQ(outcome.code, 1) << "of text.png: " << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "people/ann/text.png")) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "5.png: the same file as another photo of bea; left out")) << outcome.err;
    return read_text(folder_ / (out + ".safetensors"));
  };
  const std::string cache = (folder_ / "cache").string();
  const std::string alone = embedded("1", "", "alone");
  EXPECT_FALSE(fs::exists(cache));
  EXPECT_EQ(embedded("2", cache, "together"), alone);
  const std::vector<std::string> kept = files_in(cache);
  EXPECT_EQ(kept.size(), 11U) << "ann's eight photos, and bea's three: the copies are of one of ann's";
  EXPECT_EQ(embedded("2", cache, "again"), alone);
  EXPECT_EQ(files_in(cache), kept);
  // What is damaged, or can't be written, costs time alone.
  write_text(fs::path(cache) / kept[0], "no tensors");
  fs::resize_file(fs::path(cache) / kept[1], fs::file_size(fs::path(cache) / kept[1]) / 2);
  EXPECT_EQ(embedded("1", cache, "mended"), alone);
  EXPECT_EQ(embedded("2", "/dev/null/nowhere", "nowhere"), alone);
}

/// The control of every attack: strangers on whom no threshold was measured pass for one another about as often as the
/// rate says. Of 231 pairs, ten at 1e-2 or four at 1e-3 would be chance less than once in 3,000 times. face_recognition
/// is not held to it: it takes these photos for more alike than those of LFW (docs/reading-a-report.md).
TEST_F(Faces, OfStrangersPassForOneAnotherAsOftenAsTheFalseAcceptRateSays) {
  Args args = {"embed", "-o", "samples.safetensors", "--model", "faceres", "--model", "mobileface"};
  for (const fs::path& sample : samples()) args.push_back(sample.string());
  const Outcome outcome = run_faceoff(args, folder_.path());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const faceoff::TensorFile file(folder_ / "samples.safetensors");
  const std::map<std::string, std::string> rows = {{"faceres_safetensors", "faceres 6be2466fcf3ec0d4 box 224 1.1 0.0"},
                                                   {"mobileface", "mobileface 7c00fa03a6448562 five_points 112"}};
  for (const auto& [calibration, name] : rows) {
    SCOPED_TRACE(name);
    const at::Tensor faces = file.get(name, {22, -1});
    const at::Tensor cosines = at::matmul(faces, faces.t());
    const auto thresholds =
        faceoff::read_calibration_file(fs::path(FACEOFF_PLUGIN_FOLDER) / "calibration" / (calibration + ".toml"));
    const auto passing = [&](double rate) {
      const double threshold = *thresholds.at(0).threshold(rate);
      return (cosines.triu(1) >= threshold).sum().item<std::int64_t>();
    };
    EXPECT_GE(passing(1e-2), 1);
    EXPECT_LE(passing(1e-2), 9);
    EXPECT_LE(passing(1e-3), 3);
  }
}

TEST_F(Faces, OfPicturesAreNumberedFromLeftToRight) {
  const Json embedded = json({"embed", samples().front().string(), "--model", "faceres"});
  EXPECT_EQ(embedded["pictures"], 1);
  std::vector<std::string> names;
  for (const Json& person : embedded["people"]) {
    names.push_back(person["name"]);
    double square = 0;
    for (const double value : person["embeddings"]["faceres"][0]) square += value * value;
    EXPECT_NEAR(square, 1, 1e-4);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"sample1/1", "sample1/2", "sample1/3"}));
}

TEST_F(Faces, OfWhatCanBeReadAreEmbeddedAllTheSame) {
  write_text(folder_ / "two\nlines.png", "no picture\n");
  const Outcome outcome =
      run_faceoff({"embed", "people/ann/1.png", "nobody.png", "two\nlines.png", "--model", "faceres"}, folder_.path());
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(lines_of(outcome.err).size(), 3U) << outcome.err;
  EXPECT_EQ(Json::parse(outcome.out)["people"].size(), 1U);
  EXPECT_EQ(run_faceoff({"embed", "people/ann/1.png", "nobody.png", "--model", "faceres"}, folder_.path()).code, 0)
      << "no face is no failure";
  refuse({"verify", "two\nlines.png", "nobody.png"}, 1,
         "two lines.png: not a picture that is read (its first bytes are none of PNG, JPEG, WebP, BMP or TIFF)");
  refuse({"detect", "no\nwhere.png"}, 2, "no picture no where.png");
}

TEST_F(Faces, OfPicturesOfOneNameAreOtherPeople) {
  const Json embedded =
      json({"embed", "people/ann/1.png", "people/bea/1.png", "people/bea/2.png", "--model", "faceres"});
  std::vector<std::string> names;
  for (const Json& person : embedded["people"]) names.push_back(person["name"]);
  ASSERT_EQ(names.size(), 3U);
  EXPECT_TRUE(names[0].starts_with("1-") && names[0].ends_with("/1")) << names[0];
  EXPECT_TRUE(names[1].starts_with("1-") && names[1].ends_with("/1")) << names[1];
  EXPECT_NE(names[0], names[1]);
  EXPECT_EQ(names[2], "2/1");
}

}  // namespace
}  // namespace system_test
