#pragma once

#include <torch/csrc/utils/pybind.h>

#include <exception>
#include <filesystem>
#include <utility>
#include <vector>

#include "plugins/caller.hpp"

namespace faceoff::python {

/// This Python process as the host's caller: what it registered, and what it raises in the middle of a call.
class PythonCaller : public Caller {
 public:
  /// The process's only one, which is the host's caller from the first time on.
  static PythonCaller& here();

  void check_interrupt() override;
  std::vector<OwnPlugin> plugins() override;
  std::vector<OwnPlugin> load(const std::filesystem::path& file) override;
  std::filesystem::path installation() const override { return installation_; }

  void installed_in(const std::filesystem::path& folder) { installation_ = folder; }

  /// Throws what Python raised as the host's own exception: what is no fault, as KeyboardInterrupt, as Interrupted.
  [[noreturn]] void rethrow(py::error_already_set& error);
  /// The same for what is raised outside of a plugin, as by who is told of progress: it ends the whole call.
  [[noreturn]] void leave(const py::error_already_set& error);

  /// From now on nobody is there to whom something could be raised again: whatever a plugin raises is its fault.
  void be_program() { program_ = true; }

  /// At a call's begin: nothing has been raised.
  void begin() {
    raised_ = nullptr;
    fault_ = py::none();
  }
  /// What a plugin raised last, as the cause of the host's word of it; None where nothing was.
  py::object take_fault() { return std::exchange(fault_, py::none()); }
  /// Raises, where the call was left, what it was left for.
  [[noreturn]] void raise_again() const { std::rethrow_exception(raised_); }

 private:
  std::filesystem::path installation_;
  bool program_ = false;
  std::exception_ptr raised_;  ///< what the call is left for; null where it goes on
  py::object fault_ = py::none();
};

}  // namespace faceoff::python
