#pragma once

#include <faceoff/plugin.hpp>
#include <faceoff/schema.hpp>

#include <torch/csrc/utils/pybind.h>

#include <functional>
#include <string>

namespace faceoff::python {

/// What makes plugins of a Python class, as the host's: a Model that asks a faceoff.Model, and so on.
std::function<Plugin*()> factory(Kind kind, const py::object& plugin_class);

/// Sets a parameter of one that a factory made.
void set_param(Plugin& plugin, const std::string& name, const ParamValue& value);

}  // namespace faceoff::python
