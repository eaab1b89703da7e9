#include "cli/process.hpp"

#include <faceoff/error.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include "plugins/black_box.hpp"
#include "plugins/call_plugin.hpp"

namespace faceoff {

namespace {

int out = STDOUT_FILENO;

std::string who(const BlackBox& box) {
  return (box.doing.front() != '\0' ? box.doing.data() : "a plugin") + whereabouts(box);
}

[[noreturn]] void on_terminate() {
  const std::string what = std::current_exception() ? what_was_thrown() : "no exception";
  std::cerr << "faceoff: " << who(BlackBox::here()) << ": thrown where nothing can catch it: " << what << '\n';
  std::abort();
}

/// A plugin that ends the process is told of; a worker's supervisor does that for it. The process ends here: what
/// libraries do at the end could be in the way of a thread that is reading or writing a picture.
void on_exit_of(int status, void*) {
  const BlackBox& box = BlackBox::here();
  if (box.code >= 0 || box.supervisor != 0) ::_exit(status);
  std::cerr << "faceoff: " << who(box) << ": ended the process\n";
  ::_exit(static_cast<int>(ExitCode::plugin));
}

}  // namespace

void tell_of_terminations() {
  std::set_terminate(on_terminate);
}

void tell_of_exits() {
  constexpr int enough = 3;
  static int asked = 0;
  if (asked++ < enough) ::on_exit(on_exit_of, nullptr);
}

void keep_stdout() {
  for (int file = STDIN_FILENO; file <= STDERR_FILENO; ++file) {
    if (::fcntl(file, F_GETFD) >= 0) continue;
    // Nobody reads it: what is data can't be written, and what is words need not be. It becomes the lowest free file.
    if (::open("/dev/null", file == STDERR_FILENO ? O_WRONLY : O_RDONLY) != file) throw Error("can't open /dev/null");
  }
  out = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  if (out < 0 || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) throw Error("can't keep standard output");
}

int kept_stdout() {
  return out;
}

void print(const std::string& text) {
  for (std::size_t written = 0; written < text.size();) {
    const ssize_t part = ::write(out, text.data() + written, text.size() - written);
    if (part < 0 && errno == EINTR) continue;
    if (part <= 0) throw FileError("standard output can't be written to");
    written += static_cast<std::size_t>(part);
  }
}

}  // namespace faceoff
