// Step by step what torchattacks, foolbox and ART do with the same network, pictures and random numbers
// (tests/golden/optimizers/make.py).
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <nlohmann/json.hpp>
#include <torch/csrc/autograd/autograd.h>

#include <fstream>

#include "optimizers/toys.hpp"

namespace faceoff {
namespace {

using Json = nlohmann::json;

const std::filesystem::path folder = std::filesystem::path(FACEOFF_GOLDEN_FOLDER) / "optimizers";

const Json& golden() {
  static const Json all = Json::parse(std::ifstream(folder / "traces.json"));
  return all;
}

at::Tensor numbers(const Json& list, at::IntArrayRef shape) {
  return at::tensor(list.get<std::vector<double>>(), at::kDouble).reshape(shape);
}

at::Tensor pictures() {
  const auto side = golden()["shapes"]["side"].get<std::int64_t>();
  std::vector<at::Tensor> rows;
  for (const Json& row : golden()["network"]["pictures"]) rows.push_back(numbers(row, {3, side, side}));
  return at::stack(rows);
}

/// The network that the others attacked, and what they minimised.
class Network {
 public:
  explicit Network(std::string minimised)
      : minimised_(std::move(minimised)),
        filters_(numbers(golden()["network"]["filters"], {3, 3, 3, 3})),
        linear_(numbers(golden()["network"]["linear"], {golden()["shapes"]["classes"], -1})),
        bias_(numbers(golden()["network"]["bias"], {-1})),
        labels_(at::tensor(golden()["network"]["labels"].get<std::vector<std::int64_t>>())) {}

  Evaluation operator()(const at::Tensor& x) const {
    const at::AutoGradMode with_grad(true);
    const at::Tensor leaf = x.detach().requires_grad_(true);
    const at::Tensor hidden = at::conv2d(leaf / 255, filters_, {}, {2, 2}).tanh().flatten(1);
    const at::Tensor logits = at::matmul(hidden, linear_.t()) + bias_;
    const at::Tensor label = labels_.repeat_interleave(x.size(0) / labels_.size(0)).unsqueeze(1);
    const at::Tensor ahead = logits.gather(1, label).squeeze(1) - logits.scatter(1, label, -1e9).amax(1);
    at::Tensor value = ahead;
    if (minimised_ == "hinge") value = ahead.clamp_min(0);
    if (minimised_ == "log_probability") value = logits.log_softmax(1).gather(1, label).squeeze(1);
    const at::Tensor gradient = torch::autograd::grad({value.sum()}, {leaf}).front();
    return {value.detach(), gradient, -ahead.detach()};
  }

 private:
  std::string minimised_;
  at::Tensor filters_, linear_, bias_, labels_;
};

Parameters parameters_of(const Json& object) {
  Parameters all;
  for (const auto& [key, value] : object.items()) {
    if (value.is_boolean()) all.emplace_back(key, value.get<bool>());
    if (value.is_number_integer()) all.emplace_back(key, value.get<std::int64_t>());
    if (value.is_number_float()) all.emplace_back(key, value.get<double>());
    if (value.is_string()) all.emplace_back(key, value.get<std::string>());
  }
  return all;
}

/// [rows,points,values]: every seventh value of each point's difference from the picture.
at::Tensor trace_of(const std::string& name, std::int64_t rows, std::int64_t points) {
  std::ifstream file(folder / (name + ".f32"), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const auto count = static_cast<std::int64_t>(bytes.size() / sizeof(float));
  return at::from_blob(const_cast<char*>(bytes.data()), {count}, at::kFloat).to(at::kDouble).view({rows, points, -1});
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto& [name, trace] : golden()["traces"].items()) all.push_back(name);
  return all;
}

class OptimizerTraces : public testing::TestWithParam<std::string> {};

TEST_P(OptimizerTraces, AreTheOtherLibrarys) {
  const Json& trace = golden()["traces"][GetParam()];
  const Json& shapes = golden()["shapes"];
  const at::Tensor origin = pictures();
  at::Tensor mask = at::ones({origin.size(0), 1, origin.size(2), origin.size(3)}, at::kDouble);
  if (trace["masked"].get<bool>()) mask.narrow(3, 0, shapes["mask_left"].get<std::int64_t>()).zero_();
  const Budget budget(origin, mask, trace["epsilon"].get<double>(), trace["norm"] == "inf" ? Norm::inf : Norm::two);
  const Network network(trace["minimised"].get<std::string>());
  Toy objective([&](const at::Tensor& x, std::int64_t) { return network(x); },
                shapes["keys"].get<std::vector<std::uint64_t>>());
  const at::Tensor answer =
      make<Optimizer>(trace["optimizer"], parameters_of(trace["parameters"]))->run(objective, budget);
  expect_within(budget, answer);
  // Of an attack with gradients the points where it asks for one: values are our host's affair.
  std::vector<at::Tensor> asked = objective.gradients.empty() ? objective.seen : objective.gradients;
  asked.push_back(answer);
  const at::Tensor expected = trace_of(GetParam(), origin.size(0), trace["points"].get<std::int64_t>());
  ASSERT_EQ(static_cast<std::int64_t>(asked.size()), expected.size(1));
  double farthest = 0;
  for (std::int64_t i = 0; i < expected.size(1); ++i) {
    const at::Tensor difference = (asked[static_cast<std::size_t>(i)] - origin).flatten(1);
    const at::Tensor values = difference.slice(1, 0, std::nullopt, shapes["kept"].get<std::int64_t>());
    ASSERT_LT(largest_difference(values, expected.select(1, i)), 1e-5) << "grey levels at point " << i;
    farthest = std::max(farthest, values.abs().max().item<double>());
  }
  EXPECT_GT(farthest, 1) << "it went somewhere";
}

INSTANTIATE_TEST_SUITE_P(All, OptimizerTraces, testing::ValuesIn(names()), [](const auto& name) { return name.param; });

}  // namespace
}  // namespace faceoff
