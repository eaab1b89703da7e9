#pragma once

#include <torch/csrc/utils/pybind.h>

#include <string>
#include <vector>

namespace faceoff::python {

/// What `faceoff ARGS…` does, in this process: its exit code, and what it printed. `listener`: a faceoff.progress.Told.
/// Throws what the command throws.
py::tuple call(const std::vector<std::string>& args, const py::object& listener);

/// What `faceoff run` is asked for; see RunRequest.
struct RunCall {
  std::vector<std::string> args;
  std::string experiment;
  std::vector<std::string> sets, plugin_paths;
  std::optional<std::string> out;
  bool resume = false;
};

/// Does a run: its folder, how many items it has saved, and of how many.
py::tuple run(const RunCall& asked, const py::object& listener);

/// Builds and checks everything that a run needs, and lists its items: "variant\tpicture", a line each.
std::string check(const RunCall& asked, const py::object& listener);

/// The program `faceoff` in this process, which it ends.
[[noreturn]] void program(const std::vector<std::string>& args);

/// A picture's pixels, uint8 [H,W,3] RGB, upright.
py::object read_picture(const std::string& file);

/// Writes such pixels as a PNG, whole or not at all. Throws py::value_error where they are none.
void write_picture(const std::string& file, const py::buffer& pixels);

}  // namespace faceoff::python
