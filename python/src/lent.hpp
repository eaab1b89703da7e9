#pragma once

#include <torch/csrc/utils/pybind.h>

#include <memory>

namespace faceoff::python {

/// Something of the host's that Python code may use while a call lasts. Python may keep the object for longer, and is
/// then told that it is gone.
template <class T>
class Lent {
 public:
  explicit Lent(T& what) : what_(&what) {}
  T& operator*() const {
    if (what_ == nullptr) throw py::value_error("it was lent for one call of a plugin, which is over");
    return *what_;
  }
  T* operator->() const { return &**this; }
  void end() { what_ = nullptr; }

 private:
  T* what_;
};

/// Lends something to Python while it lives. The interpreter has to be held.
template <class T>
class Loan {
 public:
  explicit Loan(T& what) : lent_(std::make_shared<Lent<T>>(what)), object_(py::cast(lent_)) {}
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;
  ~Loan() { lent_->end(); }
  const py::object& object() const { return object_; }

 private:
  std::shared_ptr<Lent<T>> lent_;
  py::object object_;
};

}  // namespace faceoff::python
