#include "cli/process_end.hpp"

#include <faceoff/error.hpp>

#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include "plugins/black_box.hpp"
#include "plugins/call_plugin.hpp"

namespace faceoff {

namespace {

[[noreturn]] void on_terminate() {
  const BlackBox& box = BlackBox::here();
  const std::string who = box.doing.front() != '\0' ? box.doing.data() : "a plugin";
  const std::string what = std::current_exception() ? what_was_thrown() : "no exception";
  std::cerr << "faceoff: " << who << whereabouts(box) << ": thrown where nothing can catch it: " << what << '\n';
  std::abort();
}

/// A plugin that ends the process is told of; a worker's supervisor does that for it. The process ends here: what
/// libraries do at the end could be in the way of a thread that is reading or writing a picture.
void on_exit_of(int status, void*) {
  const BlackBox& box = BlackBox::here();
  if (box.code >= 0 || box.supervisor != 0) ::_exit(status);
  const std::string who = box.doing.front() != '\0' ? box.doing.data() : "a plugin";
  std::cerr << "faceoff: " << who << whereabouts(box) << ": ended the process\n";
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

}  // namespace faceoff
