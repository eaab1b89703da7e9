#include "caller.hpp"

#include <faceoff/error.hpp>

#include <stdexcept>
#include <string>

#include "convert.hpp"

namespace faceoff::python {

namespace {

std::vector<OwnPlugin> to_plugins(const py::object& descriptions) {
  std::vector<OwnPlugin> plugins;
  for (const py::handle& description : descriptions) plugins.push_back(to_plugin(description));
  return plugins;
}

/// Before Python 3.12 what is caught in C++ has its traceback beside it.
void keep_traceback(const py::error_already_set& error) {
  if (error.trace()) PyException_SetTraceback(error.value().ptr(), error.trace().ptr());
}

}  // namespace

PythonCaller& PythonCaller::here() {
  // Never destroyed: what it holds is Python's, which ends before the process's own objects do.
  static PythonCaller* const only = [] {
    auto* made = std::make_unique<PythonCaller>().release();
    Caller::be(*made);
    return made;
  }();
  return *only;
}

void PythonCaller::check_interrupt() {
  if (raised_) throw Interrupted{};
  const py::gil_scoped_acquire held;
  if (PyErr_CheckSignals() != 0) leave(py::error_already_set());
}

std::vector<OwnPlugin> PythonCaller::plugins() {
  const py::gil_scoped_acquire held;
  return to_plugins(of("plugin", "registered")());
}

std::vector<OwnPlugin> PythonCaller::load(const std::filesystem::path& file) {
  const py::gil_scoped_acquire held;
  try {
    return to_plugins(of("plugin", "load_file")(file.string()));
  } catch (py::error_already_set& error) {
    rethrow(error);
  }
}

void PythonCaller::leave(const py::error_already_set& error) {
  keep_traceback(error);
  raised_ = std::make_exception_ptr(error);
  throw Interrupted{};
}

void PythonCaller::rethrow(py::error_already_set& error) {
  if (!error.matches(PyExc_Exception) && !program_) leave(error);
  keep_traceback(error);
  const py::object& value = error.value();
  fault_ = value;
  const std::string text = py::cast<std::string>(of("errors", "told")(value));
  const auto is = [&](const char* name) { return py::isinstance(value, of("errors", name)); };
  if (is("MissingFile")) throw MissingFile(text, text);
  if (is("ConfigError")) throw ConfigError(text);
  if (is("FileError")) throw FileError(text);
  if (is("PluginError")) throw PluginError(text);
  throw std::runtime_error(text);
}

}  // namespace faceoff::python
