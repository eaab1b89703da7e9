#pragma once

#include <faceoff/budget.hpp>
#include <faceoff/images.hpp>
#include <faceoff/objective.hpp>
#include <faceoff/output.hpp>
#include <faceoff/schema.hpp>
#include <faceoff/view.hpp>

#include <torch/csrc/autograd/python_variable.h>
#include <torch/csrc/utils/pybind.h>

#include <string>

#include "plugins/caller.hpp"

namespace faceoff::python {

// The SDK's values as the dataclasses of faceoff.values, and back; tensors are shared. All of it needs the interpreter.

/// A class or function of one of the package's modules: of("values", "Output").
py::object of(const char* module, const char* name);

py::object to_python(const Output& output);
py::object to_python(const Reference& reference);
py::object to_python(const Images& images);
py::object to_python(const Evaluation& evaluation);

// Throw py::type_error where an object is not what it should be.

/// Undefined for None. `what`: "its scores", for messages.
at::Tensor to_tensor(const py::handle& object, const std::string& what);
Output to_output(const py::handle& object);
Images to_images(const py::handle& object);
ViewSpec to_view(const py::handle& object);
Field to_field(const py::handle& object);

ParamValue to_param_value(const py::handle& object);
py::object to_python(const ParamValue& value);

/// A plugin from what Python says of it: faceoff.plugin.Description.
OwnPlugin to_plugin(const py::handle& description);

}  // namespace faceoff::python
