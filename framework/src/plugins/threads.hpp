#pragma once

#include <ATen/Parallel.h>

namespace faceoff {

/// LibTorch reckons with so many threads while this lives. Other numbers of them give other last bits.
class Threads {
 public:
  explicit Threads(int number) { at::set_num_threads(number); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  ~Threads() { at::set_num_threads(before_); }

 private:
  int before_ = at::get_num_threads();
};

}  // namespace faceoff
