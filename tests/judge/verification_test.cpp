// Thresholds and what they are worth: against scikit-learn (tests/golden/calibration.py), and by their definitions.
#include "judge/verification.hpp"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <fstream>

#include "plugins/calibration.hpp"
#include "plugins/plugin_files.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

/// The people of tests/golden/calibration.py.
std::vector<at::Tensor> made_up_people() {
  const auto number = [](std::int64_t a, std::int64_t b, std::int64_t c) {
    return static_cast<double>((a * 7919 + b * 104729 + c * 1299709 + (a * b + c) * 31) % 20011) / 20011 * 2 - 1;
  };
  std::vector<at::Tensor> people;
  for (std::int64_t person = 0; person < 30; ++person) {
    std::vector<at::Tensor> faces;
    for (std::int64_t photo = 0; photo < 1 + person % 5; ++photo) {
      std::vector<double> row;
      for (std::int64_t i = 0; i < 16; ++i)
        row.push_back(number(person + 1, 0, i) + .8 * number(person + 1, photo + 1, i + 100));
      const at::Tensor face = at::tensor(row, at::kDouble);
      faces.push_back(face / face.norm());
    }
    people.push_back(at::stack(faces));
  }
  return people;
}

TEST(Calibrate, AgreesWithScikitLearn) {
  const nlohmann::json expected =
      nlohmann::json::parse(std::ifstream(std::string(FACEOFF_GOLDEN_FOLDER) + "/calibration.json"));
  const Performance performance = verify_all_pairs(made_up_people(), {.1, .01, .001, 1e-6});
  EXPECT_EQ(performance.people, expected.at("people").get<std::int64_t>());
  EXPECT_EQ(performance.faces, expected.at("faces").get<std::int64_t>());
  EXPECT_EQ(performance.same, expected.at("same").get<std::int64_t>());
  EXPECT_EQ(performance.different, expected.at("different").get<std::int64_t>());
  EXPECT_NEAR(performance.auc.value, expected.at("auc").get<double>(), 1e-6);
  EXPECT_NEAR(performance.accuracy.value, expected.at("accuracy").get<double>(), 1e-9);
  ASSERT_EQ(performance.at_rate.size(), 3U) << "one false accept in a million can't be seen here";
  for (const auto& [rate, at] : performance.at_rate) {
    SCOPED_TRACE(rate);
    const auto key = rate == .1 ? "0.1" : rate == .01 ? "0.01" : "0.001";
    EXPECT_NEAR(at.tar.value, expected.at("tar").at(key).get<double>(), 1e-9);
    EXPECT_LE(at.tar.low, at.tar.value);
    EXPECT_GE(at.tar.high, at.tar.value);
    EXPECT_LT(at.tar.low, at.tar.high);
  }
  EXPECT_LT(performance.auc.low, performance.auc.value);
  EXPECT_GT(performance.auc.high, performance.auc.value);
}

TEST(Calibrate, AThresholdLetsNoMorePassThanItsRate) {
  const std::vector<at::Tensor> people = made_up_people();
  const Performance performance = verify_all_pairs(people, {.1, .01});
  for (const auto& [rate, at] : performance.at_rate) {
    std::int64_t passed = 0;
    for (std::size_t a = 0; a < people.size(); ++a) {
      for (std::size_t b = a + 1; b < people.size(); ++b)
        passed += (at::matmul(people[a], people[b].t()).to(at::kFloat) >= at.threshold).sum().item<std::int64_t>();
    }
    const auto allowed = static_cast<std::int64_t>(rate * static_cast<double>(performance.different));
    EXPECT_EQ(passed, allowed) << rate;
  }
}

TEST(Calibrate, TheSamePeopleGiveTheSameFigures) {
  const Performance first = verify_all_pairs(made_up_people(), {.01}),
                    second = verify_all_pairs(made_up_people(), {.01});
  EXPECT_EQ(first.auc.low, second.auc.low);
  EXPECT_EQ(first.at_rate.at(.01).tar.high, second.at_rate.at(.01).tar.high);
}

TEST(Calibrate, NeedsTwoPeopleAndTwoFacesOfOne) {
  const at::Tensor one = at::eye(4, at::kDouble).narrow(0, 0, 1), two = at::eye(4, at::kDouble).narrow(0, 1, 2);
  EXPECT_EQ(error_of<Error>([&] {
              verify_all_pairs({one, one}, {.1});
            }),
            "nobody has two faces, so nothing can be said of the same person");
  EXPECT_EQ(error_of<Error>([&] { verify_all_pairs({two}, {.1}); }),
            "there is one person alone, so nothing can be said of different people");
}

std::string view_text(const std::string& sha256, const std::string& crop, double threshold) {
  return "[[view]]\nsha256 = \"" + sha256 + "\"\nfamily = \"f\"\ncrop = \"" + crop +
         "\"\nsize = 150\nauc = 0.99\n[view.far]\n\"1e-3\" = { threshold = " + std::to_string(threshold) + " }\n";
}

class CalibrationFile : public testing::Test {
 protected:
  /// Of these weights under this crop, at a false accept rate of 1e-3; 0 where there is none.
  double threshold(const std::string& sha256, const Crop& crop) const {
    const std::vector<Calibration> all = read_calibration_file(file_);
    const Calibration* const found = find_calibration(all, sha256, ViewSpec{150, 150, crop});
    return found != nullptr ? *found->threshold(1e-3) : 0;
  }

  const TemporaryFolder folder_;
  const std::filesystem::path file_ = folder_ / "w.toml";
};

TEST_F(CalibrationFile, KeepsWhatOtherWeightsAndViewsHave) {
  keep_calibration(file_, view_text("aa", "box", .1));
  keep_calibration(file_, view_text("aa", "dlib_rect", .2));
  keep_calibration(file_, view_text("bb", "box", .3));
  keep_calibration(file_, view_text("aa", "box", .4));
  EXPECT_EQ(read_calibration_file(file_).size(), 3U);
  EXPECT_EQ(threshold("aa", BoxCrop{1, 0}), .4);
  EXPECT_EQ(threshold("aa", DlibRect{}), .2);
  EXPECT_EQ(threshold("bb", BoxCrop{1, 0}), .3);
  EXPECT_EQ(threshold("bb", DlibRect{}), 0);
}

TEST_F(CalibrationFile, KeepsEveryLineOfOthersAlsoOfAFileThatShips) {
  const std::string ships =
      read_bytes(std::filesystem::path(FACEOFF_SOURCE_FOLDER) / "plugins/models/calibration/face_recognition.toml");
  write_bytes(file_, ships);
  const std::string sha256 = read_calibration_file(file_).front().sha256;
  keep_calibration(file_, view_text("bb", "box", .3));
  EXPECT_EQ(read_bytes(file_).substr(0, ships.size()), ships);
  EXPECT_EQ(threshold(sha256, DlibRect{}), .928);
  EXPECT_EQ(threshold("bb", BoxCrop{1, 0}), .3);
  keep_calibration(file_, view_text(sha256, "dlib_rect", .5));
  EXPECT_EQ(threshold(sha256, DlibRect{}), .5);
  EXPECT_EQ(threshold(sha256, BoxCrop{.91, .057}), .939);
}

TEST_F(CalibrationFile, IsLeftAsItIsWhereItIsDamaged) {
  for (const std::string text :
       {"", "[[view]\n", "view = 3\n", "[[view]]\nsize = 3\n", "[[view]]\nfar = {}\n",
        "view = [{ sha256 = \"aa\", family = \"f\", crop = \"box\", size = 1, far = {} }]\n"}) {
    write_bytes(file_, text);
    const std::string message = error_of<ConfigError>([&] { keep_calibration(file_, view_text("aa", "box", .1)); });
    expect_in(message, file_.string());
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_EQ(read_bytes(file_), text);
  }
}

}  // namespace
}  // namespace faceoff
