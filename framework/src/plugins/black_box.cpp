#include "plugins/black_box.hpp"

#include <faceoff/error.hpp>

#include <sys/mman.h>
#include <sys/stat.h>
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

void* map(int file) {
  void* const memory = ::mmap(nullptr, sizeof(BlackBox), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) throw Error("no memory to share with a worker: " + std::string(std::strerror(errno)));
  return memory;
}

}  // namespace

BlackBox& BlackBox::here() {
  return *current;
}

void BlackBox::leave() {
  current = &own();
}

std::string whereabouts(const BlackBox& box) {
  std::string text;
  if (box.item >= 0) text += ", item " + std::to_string(box.item);
  if (box.step >= 0) text += ", step " + std::to_string(box.step + 1);
  return text;
}

SharedBlackBox::SharedBlackBox() : file_(::memfd_create("faceoff-worker", 0)) {
  if (file_ < 0 || ::ftruncate(file_, sizeof(BlackBox)) != 0)
    throw Error("no memory to share with a worker: " + std::string(std::strerror(errno)));
  box_ = new (map(file_)) BlackBox;
  box_->supervisor = ::getpid();
}

SharedBlackBox::~SharedBlackBox() {
  ::munmap(box_, sizeof(BlackBox));
  ::close(file_);
}

void SharedBlackBox::attach(int file) {
  struct stat about {};
  if (::fstat(file, &about) != 0 || about.st_size != sizeof(BlackBox)) throw Error("this is no worker's command line");
  current = std::launder(static_cast<BlackBox*>(map(file)));
}

}  // namespace faceoff
