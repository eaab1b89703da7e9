#include "plugins/contract/contract.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <array>
#include <memory>

#include "plugins/call_plugin.hpp"
#include "plugins/check_answer.hpp"
#include "plugins/contract/probe.hpp"

namespace faceoff {

namespace {

constexpr double tolerance = 1e-4;  // of the largest value: rows of a batch may be added up in another order

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() && a.scalar_type() == b.scalar_type() && at::equal(a, b);
}

std::vector<at::Tensor> clones(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> all;
  for (const at::Tensor& tensor : tensors) all.push_back(tensor.detach().clone());
  return all;
}

/// A batch may hold more candidates than a row alone has; zeros pad.
void pad_alike(at::Tensor& a, at::Tensor& b) {
  if (a.dim() < 2 || b.dim() != a.dim()) return;
  const std::int64_t most = std::max(a.size(1), b.size(1));
  for (at::Tensor* tensor : {&a, &b}) {
    std::vector<std::int64_t> pad(static_cast<std::size_t>(2 * (tensor->dim() - 1)), 0);
    pad.back() = most - tensor->size(1);
    *tensor = at::constant_pad_nd(*tensor, pad);
  }
}

/// What the plugin makes of the first inputs, whatever becomes of its own tensors.
std::vector<at::Tensor> answer(const Probe& probe) {
  return clones(probe.answer(probe.inputs(1)));
}

void leaves_its_input(const Probe& probe) {
  const Inputs before = probe.inputs(1), given = probe.inputs(1);
  try {
    probe.answer(given);
  } catch (...) {  // NOLINT(bugprone-empty-catch): whether it answers is another check's
  }
  for (std::size_t i = 0; i < given.tensors.size(); ++i) {
    const auto& [name, tensor] = given.tensors[i];
    require(same_bits(tensor, before.tensors[i].second), "it changed " + name);
  }
}

void leaves_the_process(const Probe& probe, const std::string& who) {
  PluginCall call(who, {});
  probe.answer(probe.inputs(1));
  call.check();
}

void repeats(const Probe& probe) {
  const std::vector<at::Tensor> first = answer(probe), second = answer(probe);
  require(std::ranges::equal(first, second, same_bits), "the same seed, item and step give other bits the second time");
}

void keeps_no_memory(const Probe& probe) {
  const std::vector<at::Tensor> first = probe.answer(probe.inputs(1)), as_given = clones(first);
  probe.answer(probe.inputs(2));
  require(std::ranges::equal(first, as_given, same_bits), "an answer changes when it is called again: return a clone");
}

void rows_are_independent(const Probe& probe) {
  const std::vector<at::Tensor> together = answer(probe);
  const Inputs inputs = probe.inputs(1);
  const auto rows = static_cast<std::int64_t>(inputs.keys.size());
  for (std::int64_t r = 0; r < rows; ++r) {
    std::vector<at::Tensor> alone = clones(probe.answer(inputs.row(r)));
    for (std::size_t i = 0; i < together.size(); ++i) {
      const std::int64_t copies = together[i].size(0) / rows;
      at::Tensor part = together[i].narrow(0, r * copies, copies);
      pad_alike(part, alone[i]);
      if (part.numel() == 0 && alone[i].numel() == 0) continue;
      require(part.sizes() == alone[i].sizes(), "a row alone has another shape than in a batch");
      const double difference = (part - alone[i]).abs().max().item<double>();
      const double size = std::max(part.abs().max().item<double>(), 1e-3);
      require(difference <= tolerance * size, "row " + std::to_string(r) + " of a batch differs by " +
                                                  c10::str(difference) + " from the same row alone");
    }
  }
}

bool has_gradient(const Probe& probe, const Inputs& given) {
  const at::AutoGradMode with_grad(true);
  std::vector<at::Tensor> leaves;
  for (const std::string& name : probe.differentiable()) {
    if (given[name].defined()) leaves.push_back(given[name].requires_grad_());
  }
  require(!leaves.empty(), "it needs nothing that a model computes, so no gradient reaches a picture");
  at::Tensor total = at::zeros({}, at::kFloat);
  for (const at::Tensor& part : probe.answer(given)) {
    // Weighted: the plain sum of some answers is a constant.
    if (part.is_floating_point()) total = total + (part * at::linspace(.5, 1.5, part.numel()).view(part.sizes())).sum();
  }
  require(total.requires_grad(), "its answer is detached from its input");
  bool reaches = false;
  for (const at::Tensor& gradient : torch::autograd::grad({total}, leaves, {}, false, false, true)) {
    if (!gradient.defined()) continue;
    require(finite(gradient), "the gradient is not finite");
    reaches = reaches || gradient.abs().max().item<double>() > 0;
  }
  return reaches;
}

/// At some of a few places: a hinge has none where its margin is met.
void lets_the_gradient_through(const Probe& probe) {
  constexpr std::array<std::uint64_t, 5> places = {1, 2, 3, 4, 5};
  require(std::ranges::any_of(places, [&](std::uint64_t seed) { return has_gradient(probe, probe.inputs(seed)); }),
          "the gradient is zero everywhere");
}

}  // namespace

void check_contract(const PluginLibrary& library, const PluginInfo& info,
                    const std::vector<std::pair<const ParamInfo*, ParamValue>>& params, const Setup& setup,
                    const CheckReport& report) {
  const std::string who = to_string(info.kind) + " " + info.name;
  const at::NoGradGuard no_grad;
  bool well = true;
  const auto check = [&](const std::string& name, const std::function<void()>& run) {
    if (!well) return;
    std::string fault;
    try {
      const PluginCall call(who + ", '" + name + "'", {});
      run();
    } catch (...) {
      fault = what_was_thrown();
    }
    report(name, fault);
    well = fault.empty();
  };
  std::unique_ptr<Plugin> plugin;
  std::unique_ptr<Probe> probe;
  check("is set up", [&] {
    PluginCall call(who, {});
    plugin = library.create(info);
    for (const ParamInfo& param : info.params) param.set(*plugin, param.initial);
    for (const auto& [param, value] : params) param->set(*plugin, value);
    plugin->setup(setup);
    call.check();
    probe = make_probe(*plugin);
  });
  check("leaves its input as it was", [&] { leaves_its_input(*probe); });
  check("answers as its interface promises", [&] { probe->check_answer(probe->inputs(1)); });
  if (!well) return;
  const auto each = [&](const std::string& name, const std::function<void()>& run) {
    check(name, run);
    well = true;
  };
  each("leaves the process as it was", [&] { leaves_the_process(*probe, who); });
  each("answers the same for the same seed", [&] { repeats(*probe); });
  each("leaves its earlier answers as they were", [&] { keeps_no_memory(*probe); });
  each("answers each row as if it were alone", [&] { rows_are_independent(*probe); });
  if (!probe->differentiable().empty()) each("lets the gradient through", [&] { lets_the_gradient_through(*probe); });
  for (const auto& [name, run] : probe->more()) each(name, run);
}

}  // namespace faceoff
