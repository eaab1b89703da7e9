#include "plugins/contract/probe.hpp"

#include <faceoff/augmentation.hpp>
#include <faceoff/images.hpp>
#include <faceoff/loss.hpp>
#include <faceoff/model.hpp>
#include <faceoff/optimizer.hpp>

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>

#include "plugins/check_answer.hpp"

namespace faceoff {

namespace {

constexpr std::int64_t rows = 3;

std::vector<std::uint64_t> keys(std::uint64_t seed) {
  std::vector<std::uint64_t> all;
  for (std::uint64_t r = 0; r < rows; ++r) all.push_back(mix(seed, r));
  return all;
}

/// Something like photos: large patches of colour and some grain, [R,3,H,W] in [0,255].
at::Tensor photos(std::uint64_t seed, std::int64_t height, std::int64_t width) {
  Random random(seed, keys(seed));
  const at::Tensor patches = at::upsample_bilinear2d(random.uniform(20, 235, {3, 7, 7}), {height, width}, false);
  return (patches + random.uniform(-10, 10, {3, height, width})).clamp(0, 255);
}

at::Tensor unit(const at::Tensor& vectors) {
  return vectors / vectors.norm(2, -1, true);
}

/// Boxes within a square of this side.
at::Tensor boxes(Random& random, std::int64_t count, double side) {
  const at::Tensor corner = random.uniform(0, .6 * side, {count, 2});
  return at::cat({corner, corner + random.uniform(.1 * side, .4 * side, {count, 2})}, 2);
}

class ModelProbe : public Probe {
 public:
  explicit ModelProbe(Model& model)
      : model_(model), view_(model.view()), provides_(without(model.provides(), Field::picture)) {
    require(provides_ != Field::none, "it provides nothing");
  }

  Inputs inputs(std::uint64_t seed) const override {
    const std::int64_t height = view_.height > 0 ? view_.height : 96, width = view_.width > 0 ? view_.width : 128;
    return {{{"images", photos(seed, height, width)}}, keys(seed)};
  }

  std::vector<at::Tensor> answer(const Inputs& inputs) const override { return provided(attacked(inputs)); }

  void check_answer(const Inputs& inputs) const override {
    check_output("forward()", provides_, attacked(inputs), inputs["images"]);
  }

  std::vector<std::string> differentiable() const override {
    return model_.differentiable() ? std::vector<std::string>{"images"} : std::vector<std::string>{};
  }

  std::vector<Check> more() const override {
    return {{"judges as if it had never been attacked", [this] {
               require(std::ranges::equal(*never_attacked_, judged(), at::equal),
                       "forward() gives another answer once it was attacked: keep nothing of that");
             }}};
  }

 private:
  std::vector<at::Tensor> provided(const Output& output) const {
    std::vector<at::Tensor> all;
    for (const auto& [field, tensor] : output_parts) {
      if (includes(provides_, field)) all.push_back(output.*tensor);
    }
    return all;
  }

  Output attacked(const Inputs& inputs) const {
    if (!never_attacked_) never_attacked_ = judged();
    Random random = inputs.random();
    return model_.forward_attacked(inputs["images"], random);
  }

  /// What forward() says, the same bits before and after it is attacked.
  std::vector<at::Tensor> judged() const {
    std::vector<at::Tensor> all = provided(model_.forward(inputs(1)["images"]));
    std::erase_if(all, [](const at::Tensor& tensor) { return !tensor.defined(); });
    for (at::Tensor& tensor : all) tensor = tensor.detach().clone();
    return all;
  }

  Model& model_;
  ViewSpec view_;
  Field provides_;
  mutable std::optional<std::vector<at::Tensor>> never_attacked_;  ///< what it said before it was
};

class LossProbe : public Probe {
 public:
  explicit LossProbe(const Loss& loss) : loss_(loss), needs_(loss.needs()) {
    require(needs_ != Field::none, "it needs nothing of a model, so there is nothing to attack");
  }

  /// Only what the loss says it needs is there, as in an experiment.
  Inputs inputs(std::uint64_t seed) const override {
    constexpr std::int64_t candidates = 12, points = 68, length = 32, targets = 2, photos_each = 3, side = 64;
    Random random(seed, keys(seed));
    Inputs all{{}, keys(seed)};
    const auto add = [&](const std::string& name, const at::Tensor& tensor) { all.tensors.emplace_back(name, tensor); };
    for (const std::string whose : {"adversarial", "clean"}) {
      if (includes(needs_, Field::scores)) add(whose + ".scores", random.uniform(.05, .95, {candidates}));
      if (includes(needs_, Field::boxes)) add(whose + ".boxes", boxes(random, candidates, side));
      if (includes(needs_, Field::landmarks)) add(whose + ".landmarks", random.uniform(0, side, {points, 2}));
      if (includes(needs_, Field::embedding)) add(whose + ".embedding", unit(random.normal(0, 1, {length})));
      if (includes(needs_, Field::picture)) add(whose + ".picture", photos(mix(seed, whose.size()), side, side));
    }
    // The last true face pads: it is nobody's.
    add("boxes", at::constant_pad_nd(boxes(random, 2, side), {0, 0, 0, 1}));
    add("extent", at::tensor({0.F, 0.F, static_cast<float>(side), static_cast<float>(side)}).expand({rows, 4}).clone());
    if (includes(needs_, Field::embedding)) add("own", unit(random.normal(0, 1, {photos_each, length})));
    if (includes(needs_, Field::targets)) add("targets", unit(random.normal(0, 1, {targets, photos_each, length})));
    return all;
  }

  std::vector<at::Tensor> answer(const Inputs& inputs) const override {
    Reference reference;
    reference.clean = output("clean", inputs);
    reference.boxes = inputs["boxes"];
    reference.extent = inputs["extent"];
    reference.targets = inputs["targets"];
    reference.own = inputs["own"];
    reference.subject = at::arange(inputs["boxes"].size(0), at::kLong);
    // Of everybody, not of a row.
    if (includes(needs_, Field::mean)) reference.mean = at::full({inputs["adversarial.embedding"].size(1)}, .05);
    return {loss_(output("adversarial", inputs), reference)};
  }

  void check_answer(const Inputs& inputs) const override {
    check_values("its value", answer(inputs).front(), inputs["boxes"], rows);
  }

  std::vector<std::string> differentiable() const override {
    std::vector<std::string> names;
    for (const OutputPart& part : output_parts) names.push_back("adversarial." + to_string(part.field));
    return names;
  }

 private:
  static Output output(const std::string& whose, const Inputs& inputs) {
    Output output;
    for (const auto& [field, tensor] : output_parts) output.*tensor = inputs[whose + "." + to_string(field)];
    return output;
  }

  const Loss& loss_;
  Field needs_;
};

class AugmentationProbe : public Probe {
 public:
  explicit AugmentationProbe(Augmentation& augmentation)
      : augmentation_(augmentation), partners_(augmentation.partners()) {}

  Inputs inputs(std::uint64_t seed) const override {
    Random random(seed, keys(seed));
    const at::Tensor map = at::eye(2, 3, at::kDouble).expand({rows, 2, 3}).clone();
    Inputs all{{{"pixels", photos(seed, height_, width_)},
                {"map", map},
                {"landmarks", random.uniform(10, 30, {5, 2}).to(at::kDouble)}},
               keys(seed)};
    if (partners_ > 0) all.tensors.emplace_back("partners", random.uniform(20, 235, {partners_, 3, height_, width_}));
    return all;
  }

  std::vector<at::Tensor> answer(const Inputs& inputs) const override {
    const Images images = apply(inputs);
    std::vector<at::Tensor> all = {images.pixels};
    for (const at::Tensor& part : {images.map, images.landmarks}) {
      if (part.defined()) all.push_back(part);
    }
    return all;
  }

  void check_answer(const Inputs& inputs) const override {
    check_images("its images", apply(inputs), {inputs["pixels"], inputs["map"], inputs["landmarks"]});
  }

  std::vector<std::string> differentiable() const override { return {"pixels"}; }

  std::vector<Check> more() const override {
    return {{"moves map and landmarks along with the pixels", [this] { check_map(); }}};
  }

 private:
  Images apply(const Inputs& inputs) const {
    Random random = inputs.random();
    return augmentation_({inputs["pixels"], inputs["map"], inputs["landmarks"], inputs["partners"]}, random);
  }

  /// Where a spot's light ends up is where the map says that its place ends up: the place about which most of it lies.
  /// What an augmentation adds far from there (compression's blocks, a filter's ringing) is no move.
  void check_map() const {
    const Inputs plain = inputs(1), spotted = inputs(1);
    const std::int64_t x = width_ / 2 + 2, y = height_ / 2 - 3;
    const at::Tensor spot = spotted["pixels"].narrow(2, y - 2, 4).narrow(3, x - 2, 4);
    spot.copy_(at::where(spot > 127, spot - 100, spot + 100));
    const Images before = apply(plain), after = apply(spotted);
    if (!after.map.defined()) return;  // it says that it is no affine map
    const at::Tensor light = (after.pixels - before.pixels).abs().sum(1).to(at::kDouble);
    const at::Tensor place = at::tensor({x, y}, at::kDouble).view({1, 1, 2}).expand({light.size(0), 1, 2});
    const at::Tensor said = apply_map(after.map.to(at::kDouble), place);
    const at::Tensor points =
        apply_map(after.map.to(at::kDouble), plain["landmarks"].repeat_interleave(light.size(0) / rows, 0));
    constexpr double tolerance = 2;  // pixels: an interpolation
    for (std::int64_t r = 0; r < light.size(0); ++r) {
      const double u = said[r][0][0].item<double>(), v = said[r][0][1].item<double>();
      const bool inside =
          u > 6 && v > 6 && u < static_cast<double>(light.size(2)) - 6 && v < static_cast<double>(light.size(1)) - 6;
      if (!inside || light[r].sum().item<double>() < 60) continue;  // cut away, or faded
      const auto [seen_u, seen_v] = brightest(light[r]);
      require(std::abs(seen_u - u) < tolerance && std::abs(seen_v - v) < tolerance,
              "a spot at " + c10::str(x) + ", " + c10::str(y) + " is moved to " + c10::str(seen_u) + ", " +
                  c10::str(seen_v) + ", and the map says " + c10::str(u) + ", " + c10::str(v));
      require(after.landmarks.defined(), "it gives a map, and no landmarks");
      const double apart = (points[r] - after.landmarks[r].to(at::kDouble)).abs().max().item<double>();
      require(apart < tolerance, "landmarks are " + c10::str(apart) + " pixels from where the map says");
    }
  }

  /// Where the light [H,W] is strongest: the middle of the light within a few pixels of the window that holds most.
  static std::pair<double, double> brightest(const at::Tensor& light) {
    constexpr std::int64_t side = 5;
    const at::Tensor windows = at::avg_pool2d(light.view({1, 1, light.size(0), light.size(1)}), {side, side}, {1, 1});
    const auto best = windows.flatten().argmax().item<std::int64_t>();
    const std::int64_t top = std::max<std::int64_t>(best / windows.size(3) - 2, 0),
                       left = std::max<std::int64_t>(best % windows.size(3) - 2, 0);
    const std::int64_t height = std::min(side + 4, light.size(0) - top),
                       width = std::min(side + 4, light.size(1) - left);
    const at::Tensor about = light.narrow(0, top, height).narrow(1, left, width);
    const double all = about.sum().item<double>();
    const at::Tensor columns = at::arange(width, at::kDouble) + (static_cast<double>(left) + .5),
                     lines = at::arange(height, at::kDouble) + (static_cast<double>(top) + .5);
    return {(about.sum(0) * columns).sum().item<double>() / all, (about.sum(1) * lines).sum().item<double>() / all};
  }

  Augmentation& augmentation_;
  std::int64_t partners_;
  std::int64_t height_ = 40, width_ = 56;
};

/// Half the squared distance to a goal for each sample: smooth, and lowest beyond the budget.
class Bowl : public Objective {
 public:
  Bowl(at::Tensor goal, Random random) : goal_(std::move(goal)), random_(std::move(random)) {}

  at::Tensor reached(const at::Tensor& x) override { return at::zeros({x.size(0)}, at::kBool); }
  Random& random() override { return random_; }
  std::int64_t steps_begun() const { return steps_begun_; }

 protected:
  Evaluation answer(const at::Tensor& x, bool gradient, Draw) override {
    require(
        x.dim() == 4 && x.size(0) % goal_.size(0) == 0 && x.sizes().slice(1) == goal_.sizes().slice(1),
        "it asked for the objective at the shape " + c10::str(x.sizes()) + " instead of " + c10::str(goal_.sizes()));
    const at::Tensor away = x.detach() - goal_.repeat_interleave(x.size(0) / goal_.size(0), 0);
    return {away.square().flatten(1).sum(1) / 2, gradient ? away : at::Tensor(), {}};
  }
  bool start_step(std::int64_t, std::int64_t) override {
    random_.start_step(++steps_begun_);
    return true;
  }

 private:
  at::Tensor goal_;
  Random random_;
  std::int64_t steps_begun_ = 0;
};

class OptimizerProbe : public Probe {
 public:
  explicit OptimizerProbe(Optimizer& optimizer) : optimizer_(optimizer) {}

  Inputs inputs(std::uint64_t seed) const override {
    constexpr std::int64_t side = 12;
    Random random(seed, keys(seed));
    // White and black pixels, too, where the valid range binds before epsilon does; a part that may not change.
    const at::Tensor origin = random.uniform(-40, 295, {3, side, side}).clamp(0, 255).round();
    const at::Tensor mask = (random.uniform(0, 1, {1, side, side}) < .8).to(at::kFloat);
    return {{{"budget.origin", origin}, {"budget.mask", mask}, {"goal", 255 - origin}}, keys(seed)};
  }

  std::vector<at::Tensor> answer(const Inputs& inputs) const override { return {attack(inputs, Norm::inf).first}; }

  void check_answer(const Inputs& inputs) const override { check_budget(inputs, Norm::inf); }

  std::vector<Check> more() const override {
    return {{"keeps within the budget of the 2-norm", [this] { check_budget(inputs(1), Norm::two); }},
            {"counts its steps with objective.steps()",
             [this] { require(attack(inputs(1), Norm::inf).second > 0, "it began no step: nobody can stop it"); }},
            {"comes nearer to the optimum", [this] { check_progress(); }}};
  }

 private:
  /// The bowl's lowest point within the budget is known, so an optimizer is asked for a share of the way there. It is a
  /// small one, which random search makes too; who returns where it began makes none.
  void check_progress() const {
    const Inputs given = inputs(1);
    Bowl bowl(given["goal"], given.random());
    const at::Tensor before = bowl.value(given["budget.origin"]);
    const at::Tensor lowest = bowl.value(budget(given, Norm::inf).project(given["goal"]));
    const at::Tensor after = bowl.value(attack(given, Norm::inf).first);
    constexpr double share = .02;
    const at::Tensor way = (before - after) / (before - lowest);
    require((way >= share).all().item<bool>(), "it goes " + c10::str(100 * way.min().item<double>()) +
                                                   " % of the way to the lowest value within the budget");
  }

  static Budget budget(const Inputs& inputs, Norm norm) {
    return {inputs["budget.origin"], inputs["budget.mask"], norm == Norm::inf ? 8. : 60., norm};
  }

  /// What the optimizer returns, and how many steps it began.
  std::pair<at::Tensor, std::int64_t> attack(const Inputs& inputs, Norm norm) const {
    Bowl bowl(inputs["goal"], inputs.random());
    at::Tensor answer = optimizer_.run(bowl, budget(inputs, norm));
    return {answer, bowl.steps_begun()};
  }

  void check_budget(const Inputs& inputs, Norm norm) const {
    check_attacked("its answer", attack(inputs, norm).first, budget(inputs, norm));
  }

  Optimizer& optimizer_;
};

}  // namespace

const at::Tensor& Inputs::operator[](const std::string& name) const {
  static const at::Tensor none;
  const auto found = std::ranges::find(tensors, name, &std::pair<std::string, at::Tensor>::first);
  return found != tensors.end() ? found->second : none;
}

Inputs Inputs::row(std::int64_t index) const {
  Inputs one{{}, {keys.at(static_cast<std::size_t>(index))}};
  for (const auto& [name, tensor] : tensors) one.tensors.emplace_back(name, tensor.narrow(0, index, 1).clone());
  return one;
}

std::unique_ptr<Probe> make_probe(Plugin& plugin) {
  if (auto* model = dynamic_cast<Model*>(&plugin)) return std::make_unique<ModelProbe>(*model);
  if (auto* loss = dynamic_cast<Loss*>(&plugin)) return std::make_unique<LossProbe>(*loss);
  if (auto* optimizer = dynamic_cast<Optimizer*>(&plugin)) return std::make_unique<OptimizerProbe>(*optimizer);
  return std::make_unique<AugmentationProbe>(dynamic_cast<Augmentation&>(plugin));
}

}  // namespace faceoff
