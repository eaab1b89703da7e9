// What is kept of an attack's steps: the objective, the margin, and the files that hold them.
#include "attack/trace.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "attack/margin.hpp"
#include "attack/objective.hpp"
#include "attack/subject.hpp"
#include "experiment/experiment_files.hpp"
#include "faces/faces.hpp"
#include "faces/gallery.hpp"
#include "faces/matching.hpp"
#include "faces/targets.hpp"
#include "faces/views.hpp"
#include "judge/detection.hpp"
#include "picture/picture.hpp"
#include "report/tensorboard.hpp"
#include "run/run_folder.hpp"

namespace faceoff {
namespace {

using testing::ElementsAre;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

at::Tensor row(const std::vector<double>& values) {
  return at::tensor(values, at::kDouble).unsqueeze(0);
}

// ------------------------------------------------------------------------------------------------------------ tracer

TEST(Tracer, LeavesACellEmptyWhereThereIsNothingToTell) {
  const auto value = [](double number) { return at::tensor({number}, at::kDouble); };
  Tracer tracer;
  EXPECT_EQ(to_csv(tracer.trace(0)), "step,objective,margin\n");
  tracer.start_step();
  tracer.record(value(-1234.5678), value(.1234567891));
  tracer.start_step();  // which evaluates nothing
  tracer.start_step();
  tracer.record(value(2.5e-9).to(at::kFloat), value(not_a_number));
  tracer.start_step();
  tracer.record(value(std::numeric_limits<double>::infinity()), value(0));
  tracer.start_step();
  tracer.record(value(1), {});
  EXPECT_EQ(to_csv(tracer.trace(0)), "step,objective,margin\n1,-1234.57,0.123457\n2,,\n3,2.5e-09,\n4,,0\n5,1,\n");
}

// ----------------------------------------------------------------------------------------------------------- margins

TEST(Margin, UnderAnEmbedderIsHowMuchNearerTheTargetIs) {
  const at::Tensor embedding = row({.6, .8});
  Reference reference;
  reference.own = row({1, 0}).unsqueeze(0);
  // Two embeddings of the target, and zeros that pad.
  reference.targets = at::tensor({0., 1., .8, .6, 0., 0.}, at::kDouble).view({1, 1, 3, 2});
  const double nearer = (.8 + .96) / 2 - .6;
  EXPECT_NEAR(embedder_margin(embedding, reference, Goal::impersonate, .95).item<double>(), nearer, 1e-12);
  EXPECT_NEAR(embedder_margin(embedding, reference, Goal::protect, .7).item<double>(), nearer, 1e-12);
  EXPECT_NEAR(embedder_margin(embedding, reference, Goal::protect, std::nullopt).item<double>(), nearer, 1e-12);
  EXPECT_NEAR(embedder_margin(embedding, reference, Goal::protect, .95).item<double>(), .95 - .6, 1e-12)
      << "below the threshold nobody takes it for oneself, whoever is nearer";
}

TEST(Margin, WithoutATargetIsHowFarTheFaceIsBelowTheThreshold) {
  Reference reference;
  reference.own = row({1, 0}).unsqueeze(0);
  EXPECT_NEAR(embedder_margin(row({.6, .8}), reference, Goal::protect, .7).item<double>(), .1, 1e-12);
  EXPECT_NEAR(embedder_margin(row({.6, .8}), reference, Goal::protect, .5).item<double>(), -.1, 1e-12);
  EXPECT_TRUE(std::isnan(embedder_margin(row({.6, .8}), reference, Goal::protect, std::nullopt).item<double>()));
}

TEST(Margin, UnderADetectorIsHowFarTheBestBoxOfAFaceIsBelowTheMinimumScore) {
  Output found;
  // On the first face; on it by an IoU of a half; beside it by a third; on the second face, and far from both.
  found.boxes = at::tensor({0.,  0.,  10., 10., 0., 0., 10., 5., 5.,  0., 15., 10.,  //
                            50., 50., 60., 60., 0., 0., 0.,  0., 80., 0., 90., 10.},
                           at::kDouble)
                    .view({1, 6, 4});
  const at::Tensor faces =
      at::tensor({0., 0., 10., 10., 50., 50., 60., 60., 30., 30., 40., 40., 0., 0., 0., 0.}, at::kDouble)
          .view({1, 4, 4});
  const auto margins = [&](const std::vector<double>& scores) {
    found.scores = row(scores);
    const at::Tensor all = detector_margin(found, faces, .5);
    EXPECT_EQ(all.sizes(), (std::vector<std::int64_t>{1, 4}));
    EXPECT_TRUE(std::isnan(all[0][3].item<double>())) << "an empty box pads";
    EXPECT_NEAR(all[0][2].item<double>(), .5, 1e-12) << "nothing is left of a face that no box is on";
    return std::vector<double>{all[0][0].item<double>(), all[0][1].item<double>()};
  };
  using testing::DoubleNear;
  EXPECT_THAT(margins({.9, .2, .3, .4, 0, 1}), ElementsAre(DoubleNear(-.4, 1e-12), DoubleNear(.1, 1e-12)));
  EXPECT_THAT(margins({.2, .7, .95, .4, 1, 1}), ElementsAre(DoubleNear(-.2, 1e-12), DoubleNear(.1, 1e-12)));
  found.boxes = found.boxes.narrow(1, 0, 0);
  found.scores = found.scores.narrow(1, 0, 0);
  EXPECT_NEAR(detector_margin(found, faces, .5)[0][0].item<double>(), .5, 1e-12) << "no box at all";
}

TEST(Margin, SaysNothingOfFacesThatAViewShowsLessThanHalf) {
  const at::Tensor boxes =
      at::tensor({10., 10., 20., 20., -5., 0., 5., 10., -6., 0., 4., 10., 25., 15., 45., 25., 0., 0., 0., 0.},
                 at::kDouble)
          .view({1, 5, 4});
  at::Tensor expected = boxes.clone();
  expected[0][2].zero_();
  expected[0][3].zero_();
  EXPECT_TRUE(at::equal(boxes_in_view(boxes, 20, 40), expected));
}

TEST(Margin, OfASubjectIsTheWorstOverFacesAndModelsAndOfAGroupTheMean) {
  Margins margins(2, 2);
  EXPECT_FALSE(margins.worst().defined());
  EXPECT_FALSE(margins.mean_by_group({0, 0}, 1).defined());
  // An embedder's views: two draws of the first row's first face, its second face, and nothing of the second row.
  margins.add_views(at::tensor({.1, .3, .8, not_a_number}, at::kDouble), {0, 0, 0, 1}, {0, 0, 1, 0});
  EXPECT_NEAR(margins.worst()[0].item<double>(), .2, 1e-12);
  EXPECT_TRUE(std::isnan(margins.worst()[1].item<double>()));
  EXPECT_NEAR(margins.mean_by_group({0, 0}, 1)[0].item<double>(), .5, 1e-12);
  // A detector's: both faces of both rows, of which one pads.
  margins.add_pictures(at::tensor({-.1, .5, .4, not_a_number}, at::kDouble).view({2, 2}), {0, 1});
  EXPECT_NEAR(margins.worst()[0].item<double>(), -.1, 1e-12);
  EXPECT_NEAR(margins.worst()[1].item<double>(), .4, 1e-12);
  EXPECT_NEAR(margins.mean_by_group({0, 1}, 2)[0].item<double>(), (.5 + .2) / 2, 1e-12);
  EXPECT_NEAR(margins.mean_by_group({0, 1}, 2)[1].item<double>(), .4, 1e-12);
}

// ------------------------------------------------------------------------------------------------------------- chain

std::string experiment(const std::string& rest) {
  return "[data]\npictures = [\"models/samples/sample1.jpg\"]\npeople = [\"models/samples/sample2.jpg\"]\n"
         "[models.ssd]\nplugin = \"ssd_mobilenet_v1\"\n[models.faceres]\nplugin = \"torchscript\"\n"
         "[faces]\ndetector = \"ssd\"\n[optimizer]\nplugin = \"pgd\"\n" +
         rest;
}

const std::string toward_somebody =
    "[attack]\ntarget = { choice = \"furthest\" }\n[[loss]]\nplugin = \"similarity\"\nmodels = [\"faceres\"]\n";
const std::string hiding = "[[loss]]\nplugin = \"detection\"\nmodels = [\"ssd\"]\n";

/// An experiment's chain on a part of sample1 with two faces.
class Chain {
 public:
  explicit Chain(const std::string& rest) : built_(experiment(rest)) {
    const at::Tensor whole = to_tensor(read_picture("models/samples/sample1.jpg"), at::kFloat);
    AttackInput input{whole.narrow(2, 280, 480).narrow(3, 340, 760).contiguous(), {}, {}, {}, false, 17};
    input.faces = find_faces(ssd(), nullptr, input.clean, .5);
    EXPECT_EQ(input.faces.size(), 2U);
    for (std::size_t f = 0; f < input.faces.size() && !built_.assembly.experiment.targets.empty(); ++f) {
      const at::Tensor raw = noise({2, 1024}, -1, 1, 40 + f, at::kFloat);
      input.targets.push_back({{"somebody", {{&faceres(), raw / raw.norm(2, 1, true)}}}});
    }
    inputs_.push_back(std::move(input));
    subjects_ = make_subjects(built_.assembly, inputs_);
  }

  const LoadedModel& ssd() const { return *built_.assembly.detector; }
  const LoadedModel& faceres() const { return *built_.assembly.measure(); }
  const at::Tensor& x() const { return subjects_.pixels; }
  const std::vector<Face>& faces() const { return inputs_.front().faces; }
  const Target& target(std::size_t face) const { return inputs_.front().targets[face].front(); }
  at::Tensor embedding(const at::Tensor& picture, std::size_t face) const {
    const at::NoGradGuard no_grad;
    const View view = make_view(faceres().view, picture.size(2), picture.size(3), &faces()[face]);
    return forward(faceres(), view(picture)).embedding[0];
  }
  ChainObjective objective() const { return {built_.assembly, subjects_, inputs_}; }

 private:
  Built built_;
  std::vector<AttackInput> inputs_;
  Subjects subjects_;
};

at::Tensor moved(const at::Tensor& x, std::uint64_t seed) {
  return (x + noise(x.sizes(), -20, 20, seed, at::kFloat)).clamp(0, 255);
}

TEST(TraceOfAChain, HasTheFirstEvaluationOfEachStepOfAllLoops) {
  const Chain chain(toward_somebody + "[[augment]]\nplugin = \"uniform_noise\"\n");
  ChainObjective objective = chain.objective();
  objective.value(chain.x());  // before any step
  std::vector<double> expected;
  for (const auto step : objective.steps(3)) {
    if (step == 2) continue;  // a step that asks for nothing
    expected.push_back(objective.value_and_grad(moved(chain.x(), 1)).value.sum().item<double>());
    objective.value(chain.x());
  }
  for ([[maybe_unused]] const auto step : objective.steps(1))
    expected.push_back(objective.value(chain.x()).sum().item<double>());
  const Trace trace = objective.trace(0);
  ASSERT_EQ(trace.size(), 4U);
  EXPECT_NEAR(trace[0].objective.value(), expected[0], 1e-6);
  EXPECT_NEAR(trace[1].objective.value(), expected[1], 1e-6);
  EXPECT_FALSE(trace[2].objective || trace[2].margin);
  EXPECT_NEAR(trace[3].objective.value(), expected[2], 1e-6);
  EXPECT_NE(expected[0], expected[1]) << "each step draws its own noise";
}

TEST(TraceOfAChain, AddsUpSubjectsAndAveragesCopies) {
  const Chain chain(
      "[attack]\nsubject = \"crop\"\ntarget = { choice = \"furthest\" }\n"
      "[[loss]]\nplugin = \"similarity\"\nmodels = [\"faceres\"]\n");
  ASSERT_EQ(chain.x().size(0), 2);
  const auto step_at = [&](const at::Tensor& x) {
    ChainObjective objective = chain.objective();
    for ([[maybe_unused]] const auto step : objective.steps(1)) objective.value(x);
    return objective.trace(0).at(0);
  };
  const at::Tensor other = moved(chain.x(), 2);
  const TraceStep one = step_at(chain.x()), two = step_at(other);
  const TraceStep both = step_at(at::stack({chain.x()[0], other[0], chain.x()[1], other[1]}));
  EXPECT_GT(std::abs(*one.objective - *two.objective), 1e-3);
  EXPECT_NEAR(*both.objective, (*one.objective + *two.objective) / 2, 1e-5);
  EXPECT_NEAR(*both.margin, (*one.margin + *two.margin) / 2, 1e-5);
}

TEST(TraceOfAChain, HasTheMarginThatTheEmbedderGives) {
  const Chain chain(toward_somebody + "[[augment]]\nplugin = \"uniform_noise\"\namplitude = 0\ndraws = 3\n");
  const at::Tensor x = moved(chain.x(), 3);
  double expected = 0;
  for (std::size_t f = 0; f < 2; ++f) {
    const at::Tensor is = chain.embedding(x, f), was = chain.embedding(chain.x(), f);
    const at::Tensor target = at::matmul(chain.target(f).attacked.at(&chain.faceres()), is).mean();
    expected += (target - at::dot(was, is)).item<double>() / 2;
  }
  ChainObjective objective = chain.objective();
  for ([[maybe_unused]] const auto step : objective.steps(1)) objective.value_and_grad(x);
  EXPECT_NEAR(objective.trace(0).at(0).margin.value(), expected, 1e-5);
}

TEST(TraceOfAChain, HasTheMarginThatTheDetectorGives) {
  const Chain chain(hiding);
  const at::Tensor x = moved(chain.x(), 3);
  double expected = 0;
  for (const Face& face : chain.faces()) expected += (.5 - nearest(detect(chain.ssd(), x, .01), face.box)->score) / 2;
  EXPECT_LT(expected, 0);
  ChainObjective objective = chain.objective();
  for ([[maybe_unused]] const auto step : objective.steps(2)) objective.value_and_grad(step == 0 ? x : 0 * x);
  EXPECT_NEAR(objective.trace(0).at(0).margin.value(), expected, 1e-5);
  EXPECT_GT(objective.trace(0).at(1).margin.value(), .3) << "nobody is found on black";
}

TEST(TraceOfAChain, HasNoMarginWhereNoThresholdIsKnown) {
  const Chain chain("[evaluate]\nfalse_accept_rate = 0.123\n[[loss]]\nplugin = \"dodging\"\nmodels = [\"faceres\"]\n");
  ChainObjective objective = chain.objective();
  for ([[maybe_unused]] const auto step : objective.steps(1)) objective.value(chain.x());
  EXPECT_NEAR(objective.trace(0).at(0).objective.value(), 2, 1e-5);
  EXPECT_FALSE(objective.trace(0).at(0).margin.has_value());
}

// ------------------------------------------------------------------------------------------------------- tensorboard

TEST(EventFiles, HaveTheChecksumsOfRfc3720) {
  EXPECT_EQ(crc32c(""), 0U);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
}

// ------------------------------------------------------------------------------------------------------------- files

TEST(TraceFiles, LieBesideThePictureUnderItsName) {
  EXPECT_EQ(trace_place("images/epsilon=0.5/a.b.png"), "traces/epsilon=0.5/a.b.csv");
  EXPECT_EQ(tensorboard_place("images/epsilon=0.5/a.b.jpg"), "tensorboard/epsilon=0.5/a.b");
}

TEST(TraceFiles, OfAnEarlierAttemptAreRemovedAndNothingElse) {
  const TemporaryFolder run;
  const auto write = [&](const std::string& name) {
    std::filesystem::create_directories((run / name).parent_path());
    write_bytes(run / name, "x");
  };
  for (const char* name : {"traces/base/a.csv", "traces/base/b.csv", "tensorboard/base/a/events.out.tfevents.1.faceoff",
                           "tensorboard/base/b/events.out.tfevents.1.faceoff", "results.jsonl"})
    write(name);
  remove_traces(run.path(), "images/base/a.png");
  remove_traces(run.path(), "images/base/not_there.png");
  remove_traces(run.path(), "");
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(run.path())) {
    if (entry.is_regular_file()) left.push_back(entry.path().lexically_relative(run.path()).string());
  }
  EXPECT_THAT(left, testing::UnorderedElementsAre("traces/base/b.csv", "results.jsonl",
                                                  "tensorboard/base/b/events.out.tfevents.1.faceoff"));
  EXPECT_FALSE(std::filesystem::exists(run / "tensorboard/base/a"));
}

}  // namespace
}  // namespace faceoff
