// Loaded before the program's own libraries: where main() would begin, waits for calls, and runs main() once for each
// in a process of its own.
#include "fork_server.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using Main = int (*)(int, char**, char**);
using StartMain = int (*)(Main, int, char**, void (*)(), void (*)(), void (*)(), void*);

Main program = nullptr;

[[noreturn]] void run(std::vector<std::string> texts) {
  ::close(system_test::fork_server::socket_file);
  constexpr int not_started = 127;
  if (::chdir(texts[0].c_str()) != 0) ::_exit(not_started);
  const auto open = [&](int file, const char* name, int flags) {
    const int opened = ::open(name, flags, 0600);
    if (opened < 0 || ::dup2(opened, file) < 0) ::_exit(not_started);
    if (opened != file) ::close(opened);
  };
  open(STDIN_FILENO, "/dev/null", O_RDONLY);
  open(STDOUT_FILENO, texts[1].c_str(), O_WRONLY | O_CREAT | O_APPEND);
  open(STDERR_FILENO, texts[2].c_str(), O_WRONLY | O_CREAT | O_APPEND);
  auto text = texts.begin() + 3;
  for (; !text->empty(); ++text) {
    const std::size_t name = text->find('=');
    const bool there = name != std::string::npos;
    const int failed =
        there ? ::setenv(text->substr(0, name).c_str(), text->c_str() + name + 1, 1) : ::unsetenv(text->c_str());
    if (failed != 0) ::_exit(not_started);
  }
  std::vector<char*> arguments;
  for (++text; text != texts.end(); ++text) arguments.push_back(text->data());
  const int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  std::exit(program(count, arguments.data(), environ));
}

/// The program's process is an orphan, so that it becomes the test's child.
pid_t start(const std::vector<std::string>& texts) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return -1;
  const pid_t between = ::fork();
  if (between == 0) {
    const pid_t started = ::fork();
    if (started == 0) {
      ::close(ends[0]);
      ::close(ends[1]);
      run(texts);
    }
    ::_exit(::write(ends[1], &started, sizeof started) == sizeof started ? 0 : 1);
  }
  ::close(ends[1]);
  pid_t started = -1;
  if (between < 0 || ::read(ends[0], &started, sizeof started) != sizeof started) started = -1;
  ::close(ends[0]);
  if (between > 0) ::waitpid(between, nullptr, 0);
  return started;
}

int serve(int, char**, char**) {
  ::unsetenv("LD_PRELOAD");
  std::vector<char> message(1 << 20);
  while (true) {
    const ssize_t size = ::recv(system_test::fork_server::socket_file, message.data(), message.size(), 0);
    if (size <= 0) ::_exit(0);
    std::vector<std::string> texts(1);
    for (ssize_t i = 0; i + 1 < size; ++i) {
      if (message[static_cast<std::size_t>(i)] == '\0') {
        texts.emplace_back();
      } else {
        texts.back() += message[static_cast<std::size_t>(i)];
      }
    }
    const pid_t started = start(texts);
    if (::send(system_test::fork_server::socket_file, &started, sizeof started, MSG_NOSIGNAL) != sizeof started)
      ::_exit(1);
  }
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int __libc_start_main(Main main, int argc, char** argv,
                                                                        void (*init)(), void (*fini)(),
                                                                        void (*rtld_fini)(), void* stack_end) {
  program = main;
  const auto real = reinterpret_cast<StartMain>(::dlsym(RTLD_NEXT, "__libc_start_main"));
  return real(serve, argc, argv, init, fini, rtld_fini, stack_end);
}
