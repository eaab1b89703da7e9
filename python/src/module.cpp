// faceoff._faceoff: the host within a Python process. What people call is in Python, in the package's other modules.
#include <faceoff/error.hpp>
#include <faceoff/objective.hpp>
#include <faceoff/random.hpp>

#include <c10/util/Exception.h>
#include <torch/csrc/utils/pybind.h>

#include <filesystem>
#include <optional>

#include "caller.hpp"
#include "calls.hpp"
#include "convert.hpp"
#include "lent.hpp"
#include "plugins/plugin_library.hpp"

namespace faceoff::python {

namespace {

using Released = py::call_guard<py::gil_scoped_release>;

/// Raises an exception of faceoff.errors, whose cause is what a plugin raised, if one did.
void raise(const char* name, const std::string& text, const Place& place = {}) {
  const py::object type = of("errors", name);
  const py::object error = type(text, place.file, place.line, place.column);
  if (const py::object cause = PythonCaller::here().take_fault(); !cause.is_none())
    PyException_SetCause(error.ptr(), cause.inc_ref().ptr());
  PyErr_SetObject(type.ptr(), error.ptr());
}

void translate(std::exception_ptr thrown) {
  try {
    if (thrown) std::rethrow_exception(thrown);
  } catch (const Interrupted&) {
    try {
      PythonCaller::here().raise_again();
    } catch (const py::error_already_set& error) {
      PyErr_SetObject(error.type().ptr(), error.value().ptr());
    }
  } catch (const MissingFile& error) {
    raise("MissingFile", error.what(), error.place());
  } catch (const ConfigError& error) {
    raise("ConfigError", error.what(), error.place());
  } catch (const PluginError& error) {
    raise("PluginError", error.what());
  } catch (const FileError& error) {
    raise("FileError", error.what());
  } catch (const PictureError& error) {
    raise("PictureError", error.what());
  } catch (const Error& error) {
    raise("Error", error.what());
  } catch (const std::filesystem::filesystem_error& error) {
    raise("FileError", error.path1().string() + ": " + error.code().message());
  } catch (const c10::Error& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what_without_backtrace());
  }
}

/// `for step in objective.steps(n)`.
class StepsInPython {
 public:
  StepsInPython(std::shared_ptr<Lent<Objective>> objective, std::int64_t n)
      : objective_(std::move(objective)), steps_((*objective_)->steps(n)) {}
  StepsInPython(const StepsInPython&) = delete;
  StepsInPython& operator=(const StepsInPython&) = delete;

  std::int64_t next() {
    **objective_;  // which tells where it is gone
    if (at_) {
      ++*at_;
    } else {
      at_.emplace(steps_.begin());
    }
    if (*at_ == Steps::end()) throw py::stop_iteration();
    return **at_;
  }

 private:
  std::shared_ptr<Lent<Objective>> objective_;
  Steps steps_;
  std::optional<Steps::Iterator> at_;
};

Draw draw_of(bool again) {
  return again ? Draw::again : Draw::anew;
}

void bind_lent(py::module_& module) {
  using LentSetup = Lent<const Setup>;
  py::class_<LentSetup, std::shared_ptr<LentSetup>>(module, "Setup")
      .def_property_readonly("device", [](const LentSetup& self) { return self->device; })
      .def_property_readonly("dtype", [](const LentSetup& self) { return self->dtype; })
      .def("resolve", [](const LentSetup& self, const std::string& name) { return self->resolve(name).string(); });

  using LentRandom = Lent<Random>;
  const auto shape = [](const py::args& row) { return py::cast<std::vector<std::int64_t>>(row); };
  py::class_<LentRandom, std::shared_ptr<LentRandom>>(module, "Random")
      .def_property_readonly("rows", [](const LentRandom& self) { return self->rows(); })
      .def("uniform", [=](LentRandom& self, double low, double high,
                          const py::args& row) { return self->uniform(low, high, shape(row)); })
      .def("normal", [=](LentRandom& self, double mean, double deviation,
                         const py::args& row) { return self->normal(mean, deviation, shape(row)); })
      .def("integers", [=](LentRandom& self, std::int64_t low, std::int64_t high, const py::args& row) {
        return self->integers(low, high, shape(row));
      });

  using LentObjective = Lent<Objective>;
  py::class_<StepsInPython>(module, "Steps")
      .def("__iter__", [](py::object self) { return self; })
      .def("__next__", &StepsInPython::next, Released());
  const auto asked = [](bool gradient) {
    return [=](LentObjective& self, const at::Tensor& x, bool again) {
      std::optional<Evaluation> said;
      {
        const py::gil_scoped_release released;
        said = gradient ? self->value_and_grad(x, draw_of(again)) : self->evaluate(x, draw_of(again));
      }
      return to_python(*said);
    };
  };
  py::class_<LentObjective, std::shared_ptr<LentObjective>>(module, "Objective")
      .def("steps", [](const std::shared_ptr<LentObjective>& self,
                       std::int64_t n) { return std::make_unique<StepsInPython>(self, n); })
      .def("value_and_grad", asked(true), py::arg("x"), py::arg("again") = false)
      .def("evaluate", asked(false), py::arg("x"), py::arg("again") = false)
      .def(
          "value", [](LentObjective& self, const at::Tensor& x, bool again) { return self->value(x, draw_of(again)); },
          py::arg("x"), py::arg("again") = false, Released())
      .def(
          "reached", [](LentObjective& self, const at::Tensor& x) { return self->reached(x); }, Released());
}

void bind_budget(py::module_& module) {
  py::class_<Budget>(module, "Budget")
      .def_readonly("origin", &Budget::origin)
      .def_readonly("mask", &Budget::mask)
      .def_readonly("epsilon", &Budget::epsilon)
      .def_property_readonly("norm", [](const Budget& self) { return self.norm == Norm::inf ? "inf" : "two"; })
      .def("project", &Budget::project, Released())
      .def(
          "random_point",
          [](const Budget& self, const Lent<Objective>& objective) { return self.random_point(objective->random()); },
          Released())
      .def("direction", &Budget::direction, Released())
      .def("excess", &Budget::excess, Released());
}

}  // namespace

PYBIND11_MODULE(_faceoff, module) {
  py::register_local_exception_translator(translate);
  module.attr("version") = FACEOFF_VERSION;
  bind_lent(module);
  bind_budget(module);

  module.def("installed_in", [](const std::string& folder) { PythonCaller::here().installed_in(folder); });
  module.def("check_plugin", [](const py::object& description) {
    try {
      check_registered({to_plugin(description).info});
    } catch (const py::type_error& error) {
      throw PluginError(error.what());
    }
  });
  module.def("call", call, py::arg("args"), py::arg("told"));
  py::class_<RunCall>(module, "RunCall")
      .def(py::init<>())
      .def_readwrite("args", &RunCall::args)
      .def_readwrite("experiment", &RunCall::experiment)
      .def_readwrite("sets", &RunCall::sets)
      .def_readwrite("plugin_paths", &RunCall::plugin_paths)
      .def_readwrite("out", &RunCall::out)
      .def_readwrite("resume", &RunCall::resume);
  module.def("run", run, py::arg("asked"), py::arg("told"));
  module.def("check", check, py::arg("asked"), py::arg("told"));
  module.def("program", program, py::arg("args"));
  module.def("read_picture", read_picture, py::arg("file"));
  module.def("write_picture", write_picture, py::arg("file"), py::arg("pixels"));
}

}  // namespace faceoff::python
