#include "plugin_objects.hpp"

#include <faceoff/augmentation.hpp>
#include <faceoff/loss.hpp>
#include <faceoff/model.hpp>
#include <faceoff/optimizer.hpp>

#include <memory>
#include <utility>

#include "caller.hpp"
#include "convert.hpp"
#include "lent.hpp"

namespace faceoff::python {

namespace {

/// A Python object that any thread may let go of.
class Kept {
 public:
  explicit Kept(py::object object) : object_(std::move(object)) {}
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() {
    const py::gil_scoped_acquire held;
    object_ = {};
  }
  const py::object& operator*() const { return object_; }

 private:
  py::object object_;
};

/// The object behind a plugin. What it raises comes out as the host's exceptions.
class Object {
 public:
  explicit Object(const py::object& plugin_class) : object_(plugin_class()) {}
  virtual ~Object() = default;

  template <class Work>
  auto ask(const Work& work) const {
    const py::gil_scoped_acquire held;
    try {
      return work(*object_);
    } catch (py::error_already_set& error) {
      PythonCaller::here().rethrow(error);
    }
  }

 private:
  Kept object_;
};

template <class Interface>
class Asking : public Interface, public Object {
 public:
  using Object::Object;
  void setup(const Setup& setup) override {
    ask([&](const py::object& object) {
      const Loan<const Setup> loan(setup);
      object.attr("setup")(loan.object());
    });
  }
};

class PythonModel : public Asking<Model> {
 public:
  using Asking::Asking;
  Field provides() const override {
    return ask([](const py::object& object) { return to_field(object.attr("provides")); });
  }
  ViewSpec view() const override {
    return ask([](const py::object& object) { return to_view(object.attr("view")); });
  }
  Output forward(const at::Tensor& images) override {
    return ask([&](const py::object& object) { return to_output(object.attr("forward")(images)); });
  }
  Output forward_attacked(const at::Tensor& images, Random& random) override {
    return ask([&](const py::object& object) {
      const Loan<Random> loan(random);
      return to_output(object.attr("forward_attacked")(images, loan.object()));
    });
  }
  bool differentiable() const override {
    return ask([](const py::object& object) { return py::cast<bool>(object.attr("differentiable")); });
  }
};

class PythonLoss : public Asking<Loss> {
 public:
  using Asking::Asking;
  Field needs() const override {
    return ask([](const py::object& object) { return to_field(object.attr("needs")); });
  }
  at::Tensor operator()(const Output& adversarial, const Reference& reference) const override {
    return ask([&](const py::object& object) {
      return to_tensor(object(to_python(adversarial), to_python(reference)), "its value");
    });
  }
};

class PythonAugmentation : public Asking<Augmentation> {
 public:
  using Asking::Asking;
  Images operator()(const Images& images, Random& random) override {
    return ask([&](const py::object& object) {
      const Loan<Random> loan(random);
      return to_images(object(to_python(images), loan.object()));
    });
  }
  std::int64_t partners() const override {
    return ask([](const py::object& object) { return py::cast<std::int64_t>(object.attr("partners")); });
  }
};

class PythonOptimizer : public Asking<Optimizer> {
 public:
  using Asking::Asking;
  at::Tensor run(Objective& objective, const Budget& budget) override {
    return ask([&](const py::object& object) {
      const Loan<Objective> loan(objective);
      return to_tensor(object.attr("run")(loan.object(), budget), "what it returned");
    });
  }
  bool compares_values() const override {
    return ask([](const py::object& object) { return py::cast<bool>(object.attr("compares_values")); });
  }
};

template <class P>
Plugin* make(const py::object& plugin_class) {
  const py::gil_scoped_acquire held;
  try {
    return std::make_unique<P>(plugin_class).release();
  } catch (py::error_already_set& error) {
    PythonCaller::here().rethrow(error);
  }
}

}  // namespace

std::function<Plugin*()> factory(Kind kind, const py::object& plugin_class) {
  const auto kept = std::make_shared<Kept>(plugin_class);
  const auto made_by = [&](Plugin* (*maker)(const py::object&)) { return [kept, maker] { return maker(**kept); }; };
  switch (kind) {
    case Kind::model:
      return made_by(make<PythonModel>);
    case Kind::loss:
      return made_by(make<PythonLoss>);
    case Kind::optimizer:
      return made_by(make<PythonOptimizer>);
    default:
      return made_by(make<PythonAugmentation>);
  }
}

void set_param(Plugin& plugin, const std::string& name, const ParamValue& value) {
  dynamic_cast<const Object&>(plugin).ask(
      [&](const py::object& object) { py::setattr(object, name.c_str(), to_python(value)); });
}

}  // namespace faceoff::python
