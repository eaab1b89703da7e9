// What is said of an exception that somebody threw.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "plugins/call_plugin.hpp"

namespace faceoff {
namespace {

template <class Work>
std::string said_of(const Work& work) {
  try {
    work();
  } catch (...) {
    return what_was_thrown();
  }
  return "nothing";
}

TEST(Thrown, MemoryThatIsNotThereIsSaidInOneLineWithoutLibTorchsPlaces) {
  EXPECT_EQ(said_of([] { at::empty({std::int64_t{1} << 50}, at::kByte); }),
            "out of memory, of which it asked for 1125899906842624 bytes more");
  EXPECT_EQ(said_of([] { throw std::bad_alloc(); }), "out of memory");
}

TEST(Thrown, WhatElseLibTorchSaysIsItsFirstLine) {
  const std::string said = said_of([] { at::ones({2, 3}).view({7}); });
  EXPECT_NE(said.find("shape '[7]' is invalid"), std::string::npos) << said;
  EXPECT_EQ(said.find('\n'), std::string::npos) << said;
}

}  // namespace
}  // namespace faceoff
