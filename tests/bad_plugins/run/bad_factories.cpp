// Factories that make nothing, throw, or make something else than they say.
#include <faceoff/loss.hpp>
#include <faceoff/optimizer.hpp>

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

using namespace faceoff;

class DoesNothing : public Optimizer {
 public:
  at::Tensor run(Objective& /*objective*/, const Budget& budget) override { return budget.origin; }
};

void add_loss(Registrar& registrar, const std::string& name, std::function<Plugin*()> create) {
  PluginInfo info;
  info.name = name;
  info.kind = Kind::loss;
  info.create = std::move(create);
  registrar.add(std::move(info));
}

}  // namespace

FACEOFF_PLUGINS(r) {
  add_loss(r, "makes_nothing", []() -> Plugin* { return nullptr; });
  add_loss(r, "makes_an_optimizer", [] { return std::make_unique<DoesNothing>().release(); });
  add_loss(r, "throws_when_made", []() -> Plugin* { throw std::runtime_error("not today"); });
}
