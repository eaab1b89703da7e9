#pragma once

#include <faceoff/random.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace faceoff {

/// The first so many of a list in a random order.
template <class T>
std::vector<T> drawn(std::vector<T> list, std::uint64_t key, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) std::swap(list[i], list[i + mix(key, i) % (list.size() - i)]);
  list.resize(count);
  return list;
}

}  // namespace faceoff
