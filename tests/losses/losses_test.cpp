// The detection loss against loops written from its definition, optimizers on a toy whose optimum is known, and
// augmentations.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <set>

#include "support.hpp"

namespace faceoff {
namespace {

// --------------------------------------------------------------------------------------------------------- detection

struct Boxes {
  at::Tensor scores, boxes, faces, extent;
};

/// Two pictures of 100 × 80 and of 60 × 40 that lie shifted in their views, with boxes of every kind.
Boxes boxes() {
  const at::Tensor middle = noise({2, 40, 2}, -20, 120, 1), size = noise({2, 40, 2}, 1, 90, 2);
  at::Tensor all = at::cat({middle - size / 2, middle + size / 2}, 2);
  all[0][0] = at::tensor({20., 20., 40., 60.}, at::kDouble);      // the first true face itself
  all[0][1] = at::tensor({-50., -50., -10., -10.}, at::kDouble);  // outside of the picture
  all[0][2] = at::tensor({-500., -500., 500., 500.}, at::kDouble);
  all[1][0] = at::tensor({30., 30., 20., 35.}, at::kDouble);  // turned inside out: it covers nothing
  const at::Tensor faces = at::tensor({20., 20., 40., 60., 70., 30., 90., 45., 60., 70., 95., 80.,  //
                                       30., 20., 50., 30., 0.,  0.,  0.,  0.,  0.,  0.,  0.,  0.},
                                      at::kDouble)
                               .view({2, 3, 4});
  return {noise({2, 40}, 0, 1, 3), all, faces,
          at::tensor({0., 0., 100., 80., 10., 5., 70., 45.}, at::kDouble).view({2, 4})};
}

struct DetectionForm {
  bool area = false, tanh = false;
  double threshold = .5, width = .1;
};

/// The loss of one row as its definition says it.
double detection_by_hand(const Boxes& all, std::int64_t row, const DetectionForm& form) {
  const auto scores = all.scores.accessor<double, 2>();
  const auto box = all.boxes.accessor<double, 3>(), face = all.faces.accessor<double, 3>();
  const auto extent = all.extent.accessor<double, 2>();
  double loss = 0;
  for (std::int64_t b = 0; b < all.boxes.size(1); ++b) {
    const double x = (box[row][b][0] + box[row][b][2]) / 2, y = (box[row][b][1] + box[row][b][3]) / 2;
    double distance = 1e30;
    for (std::int64_t f = 0; f < all.faces.size(1); ++f) {
      const double w = face[row][f][2] - face[row][f][0], h = face[row][f][3] - face[row][f][1];
      if (w <= 0 || h <= 0) continue;
      const double dx = x - (face[row][f][0] + face[row][f][2]) / 2, dy = y - (face[row][f][1] + face[row][f][3]) / 2;
      distance = std::min(distance, std::hypot(dx, dy) / std::max(w, h));
    }
    double side = distance > form.threshold ? 1 : -1;
    if (form.tanh) side = std::tanh((distance - form.threshold) / form.width);
    double weight = scores[row][b];
    if (form.area) {
      const double w = std::min(box[row][b][2], extent[row][2]) - std::max(box[row][b][0], extent[row][0]);
      const double h = std::min(box[row][b][3], extent[row][3]) - std::max(box[row][b][1], extent[row][1]);
      weight *=
          std::max(w, 0.) * std::max(h, 0.) / ((extent[row][2] - extent[row][0]) * (extent[row][3] - extent[row][1]));
    }
    loss -= weight * side;
  }
  return loss;
}

Output output_of(const Boxes& all) {
  Output output;
  output.scores = all.scores;
  output.boxes = all.boxes;
  return output;
}

Reference reference_of(const Boxes& all) {
  Reference reference;
  reference.boxes = all.faces;
  reference.extent = all.extent;
  return reference;
}

TEST(Detection, IsWhatItsDefinitionSays) {
  const Boxes all = boxes();
  for (const DetectionForm& form :
       {DetectionForm{}, DetectionForm{.area = true}, DetectionForm{.tanh = true},
        DetectionForm{.area = true, .tanh = true, .threshold = 1.2, .width = .4}, DetectionForm{.threshold = .2}}) {
    const auto loss = make<Loss>("detection", {{"area", form.area},
                                               {"sign", std::string(form.tanh ? "tanh" : "hard")},
                                               {"threshold", form.threshold},
                                               {"width", form.width}});
    const at::Tensor values = (*loss)(output_of(all), reference_of(all));
    ASSERT_EQ(values.sizes(), (std::vector<std::int64_t>{2}));
    for (std::int64_t row = 0; row < 2; ++row) {
      EXPECT_NEAR(values[row].item<double>(), detection_by_hand(all, row, form), 1e-9)
          << "row " << row << (form.area ? " area" : "") << (form.tanh ? " tanh" : "");
    }
  }
}

TEST(Detection, NeedsWhatItReads) {
  EXPECT_EQ(make<Loss>("detection")->needs(), Field::scores | Field::boxes);
}

TEST(Detection, LowersTrueFacesAndRaisesFalseOnes) {
  Boxes all = boxes();
  all.scores.requires_grad_(true);
  all.boxes.requires_grad_(true);
  const auto gradients = [&](const Parameters& parameters) {
    const at::Tensor loss = (*make<Loss>("detection", parameters))(output_of(all), reference_of(all)).sum();
    return torch::autograd::grad({loss}, {all.scores, all.boxes}, {}, {}, false, /*allow_unused=*/true);
  };
  const auto hard = gradients({});
  EXPECT_EQ(hard[0][0][0].item<double>(), 1);   // on the true face: minimising lowers its score
  EXPECT_EQ(hard[0][0][1].item<double>(), -1);  // far away
  EXPECT_TRUE(!hard[1].defined() || hard[1].abs().max().item<double>() == 0);  // a hard sign moves no box
  const auto area = gradients({{"area", true}});
  EXPECT_LT(area[1][0][0][0].item<double>(), 0);  // a true face shrinks: minimising moves its left side to the right
  EXPECT_GT(area[1].abs().max().item<double>(), 0);
  const auto soft = gradients({{"sign", std::string("tanh")}});
  EXPECT_GT(soft[1].abs().max().item<double>(), 0);
}

// --------------------------------------------------------------------------------------------------------- optimizers

/// Σ weight·(x − optimum)² a row.
class Quadratic : public Objective {
 public:
  Quadratic(at::Tensor optimum, at::Tensor weight, std::vector<std::uint64_t> keys)
      : optimum_(std::move(optimum)), weight_(std::move(weight)), random_(1, std::move(keys), at::kDouble) {}

  at::Tensor reached(const at::Tensor& x) override { return at::zeros({x.size(0)}, at::kBool); }
  Random& random() override { return random_; }

  std::vector<at::Tensor> seen;
  std::int64_t last = 1 << 20;

 protected:
  Evaluation answer(const at::Tensor& x, bool gradient, Draw) override {
    if (gradient) seen.push_back(x.clone());
    return {(weight_ * (x - optimum_).square()).flatten(1).sum(1),
            gradient ? 2 * weight_ * (x - optimum_) : at::Tensor(),
            {}};
  }
  bool start_step(std::int64_t step, std::int64_t) override {
    random_.start_step(step);
    return step <= last;
  }

 private:
  at::Tensor optimum_, weight_;
  Random random_;
};

struct Problem {
  Budget budget;
  at::Tensor optimum, weight;

  Quadratic objective() const { return {optimum, weight, keys()}; }
  /// One of the batch alone.
  Problem single(std::int64_t row) const {
    return {Budget(budget.origin.narrow(0, row, 1), budget.mask.narrow(0, row, 1), budget.epsilon, budget.norm),
            optimum.narrow(0, row, 1), weight.narrow(0, row, 1)};
  }
  std::vector<std::uint64_t> keys() const {
    std::vector<std::uint64_t> all;
    // A row's key is its own, not its place's.
    for (std::int64_t r = 0; r < optimum.size(0); ++r) {
      all.push_back(hash(std::to_string(optimum[r].sum().item<double>())));
    }
    return all;
  }
};

/// Three samples whose gradients differ by twelve orders of magnitude, and whose optimum lies partly out of reach.
Problem problem(Norm norm = Norm::inf, double epsilon = 8) {
  const at::Tensor origin = noise({3, 3, 6, 5}, 0, 255, 1).round();
  const at::Tensor mask = (noise({3, 1, 6, 5}, 0, 1, 2) < .8).to(at::kDouble);
  const at::Tensor scale = at::tensor({1e-6, 1., 1e6}, at::kDouble).view({3, 1, 1, 1});
  return {Budget(origin, mask, epsilon, norm), origin + noise({3, 3, 6, 5}, -16, 16, 3),
          scale * noise({3, 3, 6, 5}, .5, 2, 4)};
}

at::Tensor run(const std::string& optimizer, const Parameters& parameters, const Problem& problem) {
  Quadratic objective = problem.objective();
  return make<Optimizer>(optimizer, parameters)->run(objective, problem.budget);
}

void expect_within(const Budget& budget, const at::Tensor& x) {
  EXPECT_LE(budget.excess(x).max().item<double>(), 1e-9);
  EXPECT_EQ(((x - budget.origin) * (1 - budget.mask)).abs().max().item<double>(), 0);
}

TEST(Pgd, EndsWithinAStepOfTheBestThatTheBudgetAllows) {
  const Problem p = problem();
  const at::Tensor x = run("pgd", {{"steps", std::int64_t{100}}, {"step_size", .25}}, p);
  expect_within(p.budget, x);
  EXPECT_LE(largest_difference(x, p.budget.project(p.optimum)), .25);
}

TEST(Pgd, TakesStepsOfItsSizeAlongTheSign) {
  const Problem p = problem();
  Quadratic objective = p.objective();
  const at::Tensor x =
      make<Optimizer>("pgd", {{"steps", std::int64_t{3}}, {"step_size", 1.5}})->run(objective, p.budget);
  ASSERT_EQ(objective.seen.size(), 3U);
  EXPECT_TRUE(same_bits(objective.seen[0], p.budget.origin));
  at::Tensor expected = p.budget.origin;
  for (int step = 0; step < 3; ++step) expected = p.budget.project(expected + 1.5 * (p.optimum - expected).sign());
  EXPECT_TRUE(same_bits(x, expected));
}

TEST(Pgd, FindsTheNearestPointOfTheBallForTheTwoNorm) {
  const Problem p{Budget(at::full({3, 3, 6, 5}, 120., at::kDouble), at::ones({3, 1, 6, 5}, at::kDouble), 20, Norm::two),
                  120 + noise({3, 3, 6, 5}, -16, 16, 3),
                  at::tensor({1e-6, 1., 1e6}, at::kDouble).view({3, 1, 1, 1}).expand({3, 3, 6, 5})};
  const at::Tensor x = run("pgd", {{"steps", std::int64_t{200}}, {"step_size", .5}}, p);
  expect_within(p.budget, x);
  const at::Tensor toward = p.optimum - 120;
  const at::Tensor nearest = 120 + 20 * toward / toward.flatten(1).norm(2, 1).view({3, 1, 1, 1});
  EXPECT_LT((x - nearest).flatten(1).norm(2, 1).max().item<double>(), .5);
}

TEST(Pgd, StartsAtARandomPointOfTheBudgetWhereAsked) {
  for (const Norm norm : {Norm::inf, Norm::two}) {
    const Problem p = problem(norm, norm == Norm::inf ? 8 : 40);
    Quadratic objective = p.objective();
    make<Optimizer>("pgd", {{"random_start", true}, {"steps", std::int64_t{1}}})->run(objective, p.budget);
    const at::Tensor start = objective.seen.front();
    expect_within(p.budget, start);
    EXPECT_GT(((start - p.budget.origin).abs() > 1).to(at::kDouble).mean().item<double>(), .3);
    // Where a sample starts is its own affair.
    const Problem alone = p.single(2);
    Quadratic single = alone.objective();
    make<Optimizer>("pgd", {{"random_start", true}, {"steps", std::int64_t{1}}})->run(single, alone.budget);
    EXPECT_TRUE(same_bits(single.seen.front()[0], start[2]));
  }
}

TEST(MomentumPgd, EndsAtTheBestThatTheBudgetAllowsWhereThatIsAtItsBorder) {
  Problem p = problem();
  p.optimum = p.budget.origin + at::where(p.optimum > p.budget.origin, 400., -400.);
  const at::Tensor x = run("momentum_pgd", {{"steps", std::int64_t{30}}, {"step_size", 1.}}, p);
  expect_within(p.budget, x);
  EXPECT_LT(largest_difference(x, p.budget.project(p.optimum)), 1e-9);
}

TEST(MomentumPgd, FollowsTheAccumulatedGradientEachOverItsSamplesMean) {
  const Problem p = problem();
  const at::Tensor x = run("momentum_pgd", {{"steps", std::int64_t{25}}, {"step_size", .7}, {"momentum", .8}}, p);
  for (std::int64_t row = 0; row < 3; ++row) {
    const Problem one = p.single(row);
    at::Tensor at = one.budget.origin, momentum = at::zeros_like(at);
    for (int step = 0; step < 25; ++step) {
      const at::Tensor gradient = 2 * one.weight * (at - one.optimum);
      momentum = .8 * momentum + gradient / gradient.abs().mean();
      at = one.budget.project(at - .7 * momentum.sign());
    }
    EXPECT_LT(largest_difference(x.narrow(0, row, 1), at), 1e-9) << "row " << row;
  }
}

TEST(MomentumPgd, WithoutMomentumIsPgd) {
  const Problem p = problem();
  const Parameters parameters = {{"steps", std::int64_t{20}}, {"step_size", .7}};
  Parameters none = parameters;
  none.emplace_back("momentum", 0.);
  EXPECT_TRUE(same_bits(run("momentum_pgd", none, p), run("pgd", parameters, p)));
  none.back().second = .9;
  EXPECT_FALSE(same_bits(run("momentum_pgd", none, p), run("pgd", parameters, p)));
}

TEST(Optimizers, ABatchIsItsSamplesStackedAndEachKeepsItsBudget) {
  for (const std::string name : {"pgd", "momentum_pgd"}) {
    for (const Norm norm : {Norm::inf, Norm::two}) {
      const Problem p = problem(norm, norm == Norm::inf ? 8 : 30);
      const Parameters parameters = {{"steps", std::int64_t{25}}, {"step_size", .9}};
      const at::Tensor together = run(name, parameters, p);
      expect_within(p.budget, together);
      for (std::int64_t row = 0; row < 3; ++row) {
        const Problem alone = p.single(row);
        EXPECT_TRUE(same_bits(run(name, parameters, alone)[0], together[row])) << name << ", row " << row;
      }
    }
  }
}

TEST(Optimizers, StayWhereTheyAreWithoutAGradient) {
  for (const std::string name : {"pgd", "momentum_pgd"}) {
    for (const Norm norm : {Norm::inf, Norm::two}) {
      Problem p = problem(norm);
      p.weight = at::zeros_like(p.weight);
      EXPECT_TRUE(same_bits(run(name, {}, p), p.budget.origin)) << name;
    }
  }
}

TEST(Optimizers, StopWhereTheHostSaysSo) {
  for (const std::string name : {"pgd", "momentum_pgd"}) {
    const Problem p = problem();
    Quadratic objective = p.objective();
    objective.last = 2;
    make<Optimizer>(name)->run(objective, p.budget);
    EXPECT_EQ(objective.seen.size(), 3U) << name;
  }
}

// ------------------------------------------------------------------------------------------------------ augmentations

/// Black images with a bright square each, and a landmark in its middle.
Images marked(std::int64_t rows, std::int64_t height = 60, std::int64_t width = 80) {
  at::Tensor pixels = at::zeros({rows, 3, height, width}, at::kDouble);
  std::vector<double> middles;
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t top = 20 + 3 * r, left = 24 + 4 * r;
    pixels[r].narrow(1, top, 10).narrow(2, left, 10).fill_(200);
    middles.insert(middles.end(), {static_cast<double>(left) + 5, static_cast<double>(top) + 5});
  }
  const at::Tensor map = at::eye(2, 3, at::kDouble).unsqueeze(0).repeat({rows, 1, 1});
  return {pixels, map, at::tensor(middles, at::kDouble).view({rows, 1, 2})};
}

/// Where the light of each image is: [R,1,2], x and y.
at::Tensor centres(const at::Tensor& pixels) {
  const at::Tensor light = pixels.mean(1), total = light.sum({1, 2});
  const at::Tensor xs = at::arange(pixels.size(3), at::kDouble) + .5, ys = at::arange(pixels.size(2), at::kDouble) + .5;
  return at::stack({(light.sum(1) * xs).sum(1) / total, (light.sum(2) * ys).sum(1) / total}, 1).unsqueeze(1);
}

Random random_rows(std::int64_t rows, std::uint64_t seed = 3) {
  std::vector<std::uint64_t> keys;
  for (std::int64_t r = 0; r < rows; ++r) keys.push_back(100 + static_cast<std::uint64_t>(r));
  return {seed, keys, at::TensorOptions(at::kDouble)};
}

const std::vector<std::string> all_augmentations = {"random_scale", "random_crop", "uniform_noise"};

TEST(Augmentations, KeepTheShapeAndMoveTheMapAndTheLandmarksWithThePixels) {
  const Images images = marked(4);
  for (const std::string& name : all_augmentations) {
    const auto augmentation = make<Augmentation>(name, {}, at::kDouble);
    Random random = random_rows(4);
    for (std::int64_t step = 0; step < 10; ++step) {
      random.start_step(step);
      const Images out = (*augmentation)(images, random);
      ASSERT_EQ(out.pixels.sizes(), images.pixels.sizes()) << name;
      ASSERT_EQ(out.map.sizes(), images.map.sizes()) << name;
      EXPECT_EQ(out.pixels.scalar_type(), at::kDouble) << name;
      // Light that was not cut off lies where the map says; nearest shrinking may miss by up to a pixel.
      const double tolerance = name == "random_scale" ? 1 : .05;
      const at::Tensor light = name == "uniform_noise" ? images.pixels : out.pixels;
      EXPECT_LT(largest_difference(centres(light), apply_map(out.map, centres(images.pixels))), tolerance) << name;
      EXPECT_LT(largest_difference(out.landmarks, apply_map(out.map, images.landmarks)), 1e-9) << name;
    }
  }
}

TEST(Augmentations, AddTheirMapToTheOneThatIsThere) {
  for (const std::string& name : all_augmentations) {
    const auto augmentation = make<Augmentation>(name, {}, at::kDouble);
    Images images = marked(2);
    Random first = random_rows(2), second = random_rows(2);
    const at::Tensor own = (*augmentation)(images, first).map;
    images.map = noise({2, 2, 3}, -2, 2, 9);
    EXPECT_LT(largest_difference((*augmentation)(images, second).map, compose(own, images.map)), 1e-12) << name;
  }
}

TEST(Augmentations, GiveTheSameBitsAgainAndTreatARowOnItsOwn) {
  const Images images = marked(3);
  for (const std::string& name : all_augmentations) {
    const auto augmentation = make<Augmentation>(name, {}, at::kDouble);
    Random random = random_rows(3), again = random_rows(3), other = random_rows(3, 4);
    const Images out = (*augmentation)(images, random), same = (*augmentation)(images, again);
    EXPECT_TRUE(same_bits(out.pixels, same.pixels)) << name;
    EXPECT_TRUE(same_bits(out.map, same.map)) << name;
    EXPECT_FALSE(same_bits(out.pixels, (*augmentation)(images, other).pixels)) << name;
    Random alone(3, {101}, at::TensorOptions(at::kDouble));
    const Images second = (*augmentation)(
        {images.pixels.narrow(0, 1, 1), images.map.narrow(0, 1, 1), images.landmarks.narrow(0, 1, 1)}, alone);
    EXPECT_TRUE(same_bits(second.pixels[0], out.pixels[1])) << name;
    EXPECT_TRUE(same_bits(second.map[0], out.map[1])) << name;
    EXPECT_TRUE(same_bits(second.landmarks[0], out.landmarks[1])) << name;
    EXPECT_FALSE(second.pixels.requires_grad());
  }
}

TEST(Augmentations, WorkWithoutLandmarks) {
  for (const std::string& name : all_augmentations) {
    Images images = marked(2);
    images.landmarks = at::Tensor();
    Random random = random_rows(2);
    EXPECT_FALSE((*make<Augmentation>(name, {}, at::kDouble))(images, random).landmarks.defined()) << name;
  }
}

TEST(Augmentations, LetTheGradientReachTheInput) {
  for (const std::string& name : all_augmentations) {
    const auto augmentation = make<Augmentation>(name, {}, at::kDouble);
    Images images = marked(2);
    const at::Tensor pixels = images.pixels.clone().requires_grad_(true);
    images.pixels = pixels;
    Random random = random_rows(2);
    const at::Tensor out = (*augmentation)(images, random).pixels;
    const at::Tensor weights = noise(out.sizes(), .5, 1.5, 4);
    const at::Tensor gradient = torch::autograd::grad({(out * weights).sum()}, {pixels}).front();
    // They are linear up to the noise, so that the gradient gives the very change of any input.
    const at::Tensor change = noise(pixels.sizes(), -5, 5, 5);
    images.pixels = pixels.detach() + change;
    Random again = random_rows(2);
    const double difference = (((*augmentation)(images, again).pixels - out) * weights).sum().item<double>();
    EXPECT_NEAR((gradient * change).sum().item<double>(), difference, 1e-8 * std::abs(difference)) << name;
  }
}

TEST(RandomScale, ShrinksToItsRangeAndPadsWithZeros) {
  const auto augmentation = make<Augmentation>("random_scale", {{"low", .5}, {"high", .75}}, at::kDouble);
  Images images = marked(2, 160, 160);
  images.pixels = noise({2, 3, 160, 160}, 1, 255, 7);
  Random random = random_rows(2);
  std::set<std::pair<double, double>> places;
  for (std::int64_t step = 0; step < 20; ++step) {
    random.start_step(step);
    const Images out = (*augmentation)(images, random);
    for (std::int64_t r = 0; r < 2; ++r) {
      const double scale = out.map[r][0][0].item<double>();
      EXPECT_GE(scale, .5 - .5 / 160);
      EXPECT_LE(scale, .75 + .5 / 160);
      const at::Tensor kept = (out.pixels[r].sum(0) > 0).to(at::kDouble);
      EXPECT_NEAR(kept.sum().item<double>(), std::pow(scale * 160, 2), 1e-6);
      // Nearest: every value that is there is one of the input's.
      EXPECT_LE(out.pixels[r].max().item<double>(), images.pixels[r].max().item<double>());
      const at::Tensor values = out.pixels[r].masked_select(out.pixels[r] > 0);
      EXPECT_TRUE(at::isin(values, images.pixels[r]).all().item<bool>());
      places.emplace(out.map[r][0][2].item<double>(), out.map[r][1][2].item<double>());
    }
  }
  EXPECT_GT(places.size(), 30U);
}

TEST(RandomScale, OfTheWholeSideChangesNothing) {
  const auto augmentation = make<Augmentation>("random_scale", {{"low", 1.}, {"high", 1.}}, at::kDouble);
  const Images images = marked(2);
  Random random = random_rows(2);
  const Images out = (*augmentation)(images, random);
  EXPECT_TRUE(same_bits(out.pixels, images.pixels));
  EXPECT_TRUE(same_bits(out.map, images.map));
}

TEST(RandomCrop, EnlargesAPartOfItsRange) {
  const auto augmentation = make<Augmentation>("random_crop", {{"low", .5}, {"high", .75}}, at::kDouble);
  Images images = marked(2, 160, 160);
  const at::Tensor xs = (at::arange(160, at::kDouble) + .5).expand({2, 3, 160, 160});
  images.pixels = xs;
  Random random = random_rows(2);
  for (std::int64_t step = 0; step < 20; ++step) {
    random.start_step(step);
    const Images out = (*augmentation)(images, random);
    for (std::int64_t r = 0; r < 2; ++r) {
      const double scale = out.map[r][0][0].item<double>(), shift = out.map[r][0][2].item<double>();
      EXPECT_GE(1 / scale, .5 - .5 / 160);
      EXPECT_LE(1 / scale, .75 + .5 / 160);
      // Bilinear on a ramp: each pixel's value is the place that it is taken from, up to the part's border.
      const at::Tensor from = (xs[0][0][0] - shift) / scale;
      EXPECT_LT(largest_difference(out.pixels[r][0][80].narrow(0, 2, 156), from.narrow(0, 2, 156)), 1e-9);
      EXPECT_GE(from.min().item<double>(), 0);
      EXPECT_LE(from.max().item<double>(), 160);
    }
  }
}

TEST(UniformNoise, AddsNoiseOfItsAmplitudeToEveryValue) {
  const auto augmentation = make<Augmentation>("uniform_noise", {{"amplitude", 4.}}, at::kDouble);
  const Images images = marked(2);
  Random random = random_rows(2);
  const Images out = (*augmentation)(images, random);
  const at::Tensor added = out.pixels - images.pixels;
  EXPECT_LE(added.abs().max().item<double>(), 4);
  EXPECT_GT(added.max().item<double>(), 3.9);
  EXPECT_LT(added.min().item<double>(), -3.9);
  EXPECT_NEAR(added.mean().item<double>(), 0, .1);
  EXPECT_GT((added.select(1, 0) - added.select(1, 1)).abs().max().item<double>(), 1);  // each channel its own
  EXPECT_TRUE(same_bits(out.map, images.map));
}

TEST(Augmentations, RefuseARangeThatIsTurnedRound) {
  for (const std::string name : {"random_scale", "random_crop"}) {
    expect_in(error_of<ConfigError>([&] { make<Augmentation>(name, {{"low", .9}, {"high", .8}}); }), "above high");
  }
}

}  // namespace
}  // namespace faceoff
