#include "plugins/black_box.hpp"

#include <faceoff/error.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>

namespace faceoff {

namespace {

static_assert(std::atomic<std::int64_t>::is_always_lock_free && std::atomic<int>::is_always_lock_free,
              "two processes share them");

BlackBox& own() {
  static BlackBox box;
  return box;
}

BlackBox* current = &own();

}  // namespace

BlackBox& BlackBox::here() {
  return *current;
}

void BlackBox::leave() {
  current = &own();
}

void BlackBox::enter(BlackBox& shared) {
  current = &shared;
}

std::string whereabouts(const BlackBox& box) {
  std::string text;
  if (box.item >= 0) text += ", item " + std::to_string(box.item);
  if (box.step >= 0) text += ", step " + std::to_string(box.step + 1);
  return text;
}

SharedBlackBox::SharedBlackBox() {
  void* const memory = ::mmap(nullptr, sizeof(BlackBox), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw Error("no memory to share with a worker: " + std::string(std::strerror(errno)));
  box_ = new (memory) BlackBox;
  box_->supervisor = ::getpid();
}

SharedBlackBox::~SharedBlackBox() {
  ::munmap(box_, sizeof(BlackBox));
}

}  // namespace faceoff
