// What judges that are told what to see make of a picture.
#include <ATen/ATen.h>
#include <opencv2/core.hpp>

#include <array>

#include "faces/matching.hpp"
#include "judge/evaluation.hpp"
#include "support.hpp"
#include "told.hpp"

namespace faceoff {
namespace {

/// Two people, one red and one green, on black; the detector scores a candidate by the light at its middle, and the
/// embedder sees a face's mean colour.
class Judging : public ::testing::Test {
 protected:
  Judging() {
    const auto light = [this](const at::Tensor& images) {
      ++looks_;
      std::vector<Candidate> found;
      for (const Candidate& c : candidates_) {
        const auto x = static_cast<std::int64_t>((c.box.x0 + c.box.x1) / 2);
        const auto y = static_cast<std::int64_t>((c.box.y0 + c.box.y1) / 2);
        found.push_back({c.box, c.score * images[0].select(1, y).select(1, x).max().item<double>() / 250});
      }
      return found;
    };
    detector_ = detector(light);
    blind_ = detector([](const at::Tensor&) { return std::vector<Candidate>{}; });
    blind_.name = "blind";
    embedder_.name = "colour";
    embedder_.view = {4, 4, BoxCrop{.scale = .5}};
    embedder_.provides = Field::embedding;
    embedder_.model = std::make_unique<Told>(Field::embedding, embedder_.view, [](const at::Tensor& images) {
      const at::Tensor mean = images.mean({2, 3}) + 1e-9;
      Output output;
      output.embedding = mean / mean.norm(2, 1, true);
      return output;
    });
    judges_.recognisers = {{&embedder_, Role::surrogate}};
    judges_.detectors = {{&detector_, Role::surrogate}, {&blind_, Role::held_out}};
    judges_.finder = &detector_;
    // The mean of the cosines with the two that judge counts, and not the one that may be attacked.
    people_ = Gallery({{"blue",
                        {"1", "2", "3"},
                        {false, true, true},
                        {{&embedder_, at::tensor({1.F, 0.F, 0.F, 0.F, 0.F, 1.F, 0.F, .6F, .8F}).view({3, 3})}},
                        {}}});
  }

  static Picture people(const cv::Scalar& first, const cv::Scalar& second) {
    Picture picture;
    picture.rgb = cv::Mat(80, 120, CV_8UC3, cv::Scalar(0, 0, 0));
    picture.rgb(cv::Rect(10, 10, 30, 40)).setTo(first);
    picture.rgb(cv::Rect(60, 20, 40, 50)).setTo(second);
    picture.sha256 = "a picture";
    return picture;
  }

  Judgement judged(const Picture& delivered, const std::string& target = "blue") {
    CleanPicture clean{clean_, "folder/picture.png", std::vector<CleanPicture::Attacked>()};
    for (const Box& box : boxes_) clean.faces->push_back({box, target});
    Evaluator evaluator(examination(judges_, {parse_degradation("png")}));
    return evaluator.evaluate(clean, delivered, judges_, people_).front();
  }

  static bool found(const Detection::Sighting& seen) { return still_found(seen.score, seen.iou, .5); }

  const std::array<Box, 2> boxes_ = {{{10, 10, 40, 50}, {60, 20, 100, 70}}};
  std::vector<Candidate> candidates_ = {{boxes_[0], .9}, {boxes_[1], .8}};
  const Picture clean_ = people({250, 0, 0}, {0, 250, 0});
  int looks_ = 0;  ///< how often the detector was asked
  LoadedModel detector_, blind_, embedder_;
  Judges judges_;
  Gallery people_;
};

TEST_F(Judging, AnUnchangedPictureIsFoundAsItWas) {
  const Judgement seen = judged(clean_);
  ASSERT_EQ(seen.faces.size(), 2U);
  ASSERT_EQ(seen.detectors.size(), 2U);
  for (const Detection& looked : seen.detectors[0].seen) {
    EXPECT_NEAR(looked.faces[0].score, .9, 1e-6);
    EXPECT_NEAR(looked.faces[1].score, .8, 1e-6);
    EXPECT_EQ(looked.faces[0].iou, 1);
  }
  ASSERT_EQ(seen.faces[0].models.size(), 1U);
  const Recognition &first = seen.faces[0].models[0], &second = seen.faces[1].models[0];
  EXPECT_EQ(first.name, "colour");
  EXPECT_EQ(first.found, (BeforeAfter<bool>{true, true}));
  EXPECT_NEAR(first.self.value()[0].value(), 1, 1e-6);
  EXPECT_NEAR(first.self.value()[1].value(), 1, 1e-6);
  EXPECT_NEAR(first.target.value()[0].value(), 0, 1e-6);
  EXPECT_NEAR(second.target.value()[0].value(), .3, 1e-6);  // green: (0 + .6)/2
  EXPECT_TRUE(first.target_disjoint.value());
  EXPECT_EQ(first.is_the_target.value()[0], first.best[0]->name == "blue");
}

TEST_F(Judging, LooksOnceAtAPictureAndRemembersTheCleanOne) {
  CleanPicture clean{clean_, "folder/picture.png", std::vector<CleanPicture::Attacked>()};
  for (const Box& box : boxes_) clean.faces->push_back({box, "blue"});
  Evaluator evaluator(examination(judges_, {parse_degradation("png"), parse_degradation("jpeg:90")}));
  evaluator.evaluate(clean, clean_, judges_, people_);
  EXPECT_EQ(looks_, 4) << "at each of two pictures as it is and as a JPEG";
  evaluator.evaluate(clean, people({0, 0, 250}, {0, 250, 0}), judges_, people_);
  EXPECT_EQ(looks_, 6) << "at another one that was delivered";
}

TEST_F(Judging, EachDetectorSpeaksForItself) {
  const Judgement seen = judged(clean_);
  EXPECT_EQ(seen.detectors[0].role, "surrogate");
  EXPECT_EQ(seen.detectors[1].role, "held_out");
  for (const Detection& looked : seen.detectors[1].seen) {
    EXPECT_EQ(looked.faces[0].score, 0);
    EXPECT_FALSE(found(looked.faces[0]));
  }
}

TEST_F(Judging, AFaceThatWasTakenForTheTargetSaysSo) {
  const Judgement seen = judged(people({0, 0, 250}, {0, 250, 0}));
  const Recognition &first = seen.faces[0].models[0], &second = seen.faces[1].models[0];
  EXPECT_NEAR(first.self.value()[1].value(), 0, 1e-6);
  EXPECT_NEAR(first.target.value()[1].value(), .9, 1e-6);  // (1 + .8)/2
  EXPECT_TRUE(first.is_the_target.value()[1]);
  EXPECT_TRUE(first.not_the_person.value()[1]);
  EXPECT_NEAR(second.self.value()[1].value(), 1, 1e-6);  // the other is nobody else's affair
}

TEST_F(Judging, AFaceThatIsNotFoundIsProtectedAndHasNoSimilarity) {
  const Judgement seen = judged(people({0, 0, 0}, {0, 250, 0}));
  const std::array<Detection, 2>& sight = seen.detectors[0].seen;
  EXPECT_NEAR(sight[0].faces[0].score, .9, 1e-6);
  EXPECT_FALSE(found(sight[1].faces[0]));
  EXPECT_TRUE(found(sight[1].faces[1]));
  const Recognition& first = seen.faces[0].models[0];
  EXPECT_EQ(first.found, (BeforeAfter<bool>{true, false}));
  EXPECT_FALSE(first.self.value()[1].has_value());
  EXPECT_FALSE(first.target.value()[1].has_value());
  EXPECT_TRUE(first.not_the_person.value()[1]);
  EXPECT_FALSE(first.is_the_target.value()[1]);
}

TEST_F(Judging, WithoutATargetOnlyOneselfIsReported) {
  const Judgement seen = judged(clean_, "");
  EXPECT_EQ(seen.faces[0].who.target, "");
  EXPECT_FALSE(seen.faces[0].models[0].target.has_value());
  EXPECT_FALSE(seen.faces[0].models[0].is_the_target.has_value());
}

TEST_F(Judging, ABoxBesideTheFaceIsNotTheFace) {
  // On the delivered picture the face's own box is dark in the middle; another is found half beside it.
  const auto with_box = [&](int shift) {
    candidates_ = {{boxes_[0], .9}, {{10. + shift, 10, 40. + shift, 50}, .9}, {boxes_[1], .8}};
    Picture delivered = people({0, 0, 0}, {0, 250, 0});
    delivered.rgb.at<cv::Vec3b>(30, 25 + shift) = {250, 0, 0};
    return judged(delivered);
  };
  const Judgement near = with_box(6);  // IoU 24/36
  EXPECT_NEAR(near.detectors[0].seen[1].faces[0].iou, 2. / 3, 1e-6);
  EXPECT_TRUE(found(near.detectors[0].seen[1].faces[0]));
  EXPECT_TRUE(near.faces[0].models[0].self.value()[1].has_value());
  const Judgement far = with_box(16);  // IoU 14/46
  EXPECT_FALSE(found(far.detectors[0].seen[1].faces[0]));
  EXPECT_FALSE(far.faces[0].models[0].self.value()[1].has_value());
}

TEST(StillFound, NeedsAScoreAboveTheMinimumAndHalfTheFace) {
  EXPECT_TRUE(still_found(.6, .5, .5));
  EXPECT_FALSE(still_found(.6, .5, .6));
  EXPECT_FALSE(still_found(.6, .49, .5));
}

}  // namespace
}  // namespace faceoff
