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

/// What a check finds wrong, whatever it throws; the process's state is put back behind it.
std::string fault_of(const std::string& who, const std::function<void()>& check) {
  PluginCall call(who, {});
  try {
    check();
    return "";
  } catch (...) {
    return what_was_thrown();
  }
}

/// The checks that any plugin has to pass.
class Checks {
 public:
  Checks(std::string who, const Probe& probe) : who_(std::move(who)), probe_(probe), inputs_(probe.inputs(1)) {}

  void answers() const { probe_.check_answer(inputs_, probe_.answer(inputs_.copy())); }

  void leaves_the_process() const {
    PluginCall call(who_, {});
    probe_.answer(inputs_.copy());
    call.check();
  }

  void leaves_its_input() const {
    const Inputs given = inputs_.copy();
    try {
      probe_.answer(given);
    } catch (...) {  // NOLINT(bugprone-empty-catch): whether it answers is another check's
    }
    for (std::size_t i = 0; i < given.tensors.size(); ++i) {
      require(same_bits(given.tensors[i].second, inputs_.tensors[i].second), "it changed " + given.tensors[i].first);
    }
  }

  void repeats() const {
    const std::vector<at::Tensor> first = clones(probe_.answer(inputs_.copy())),
                                  second = clones(probe_.answer(inputs_.copy()));
    require(std::ranges::equal(first, second, same_bits),
            "the same seed, item and step give other bits the second time");
  }

  void keeps_no_memory() const {
    const std::vector<at::Tensor> first = probe_.answer(inputs_.copy()), as_given = clones(first);
    probe_.answer(probe_.inputs(2));
    require(std::ranges::equal(first, as_given, same_bits),
            "an answer changes when it is called again: return a clone");
  }

  void rows_are_independent() const {
    const std::vector<at::Tensor> together = clones(probe_.answer(inputs_.copy()));
    const auto rows = static_cast<std::int64_t>(inputs_.keys.size());
    for (std::int64_t r = 0; r < rows; ++r) {
      std::vector<at::Tensor> alone = clones(probe_.answer(inputs_.row(r)));
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

  /// At some of a few places: a hinge has none where its margin is met.
  void lets_the_gradient_through() const {
    constexpr std::array<std::uint64_t, 5> places = {1, 2, 3, 4, 5};
    require(std::ranges::any_of(places, [&](std::uint64_t seed) { return has_gradient(probe_.inputs(seed)); }),
            "the gradient is zero everywhere");
  }

 private:
  bool has_gradient(Inputs given) const {
    const at::AutoGradMode with_grad(true);
    std::vector<at::Tensor> leaves;
    for (const std::string& name : probe_.differentiable()) {
      for (auto& [key, tensor] : given.tensors) {
        if (key == name) leaves.push_back(tensor.requires_grad_(true));
      }
    }
    require(!leaves.empty(), "it needs nothing that a model computes, so no gradient reaches a picture");
    at::Tensor total = at::zeros({}, at::kFloat);
    for (const at::Tensor& part : probe_.answer(given)) {
      // Weighted: the plain sum of some answers is a constant.
      if (part.is_floating_point())
        total = total + (part * at::linspace(.5, 1.5, part.numel()).view(part.sizes())).sum();
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

  std::string who_;
  const Probe& probe_;
  Inputs inputs_;
};

}  // namespace

void check_contract(const PluginLibrary& library, const PluginInfo& info,
                    const std::vector<std::pair<const ParamInfo*, ParamValue>>& params, const Setup& setup,
                    const CheckReport& report) {
  const std::string who = to_string(info.kind) + " " + info.name;
  const at::NoGradGuard no_grad;
  bool well = true;
  const auto check = [&](const std::string& name, const std::function<void()>& run) {
    if (!well) return;
    const std::string fault = fault_of(who + ", '" + name + "'", run);
    report(name, fault);
    well = fault.empty();
  };
  std::unique_ptr<Plugin> plugin;
  std::unique_ptr<Probe> probe;
  std::optional<Checks> checks;
  check("is set up", [&] {
    PluginCall call(who, {});
    plugin = library.create(info);
    for (const ParamInfo& param : info.params) param.set(*plugin, param.initial);
    for (const auto& [param, value] : params) param->set(*plugin, value);
    plugin->setup(setup);
    call.check();
    probe = make_probe(info, *plugin);
    checks.emplace(who, *probe);
  });
  check("leaves its input as it was", [&] { checks->leaves_its_input(); });
  check("answers as its interface promises", [&] { checks->answers(); });
  if (!well) return;
  const auto each = [&](const std::string& name, const std::function<void()>& run) {
    check(name, run);
    well = true;
  };
  each("leaves the process as it was", [&] { checks->leaves_the_process(); });
  each("answers the same for the same seed", [&] { checks->repeats(); });
  each("leaves its earlier answers as they were", [&] { checks->keeps_no_memory(); });
  each("answers each row as if it were alone", [&] { checks->rows_are_independent(); });
  if (!probe->differentiable().empty()) each("lets the gradient through", [&] { checks->lets_the_gradient_through(); });
  for (const auto& [name, run] : probe->more()) each(name, run);
}

}  // namespace faceoff
