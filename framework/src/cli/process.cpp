#include "cli/process.hpp"

#include <faceoff/error.hpp>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iostream>
#include <thread>

#include "base/numbers.hpp"
#include "base/one_line.hpp"
#include "plugins/call_plugin.hpp"

namespace faceoff {

namespace {

int out = STDOUT_FILENO;
std::string* kept = nullptr;  ///< a Printed's

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

/// What becomes of a process that was forked off to be a worker.
[[noreturn]] void be_worker(const std::function<int()>& work, BlackBox& box) {
  ::setpgid(0, 0);  // a Ctrl-C reaches the supervisor alone, which passes it on
  for (const int passed_on : {SIGINT, SIGTERM}) ::signal(passed_on, SIG_DFL);
  ::signal(SIGTTOU, SIG_IGN);  // it writes to the terminal from a process group in the background
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != box.supervisor) ::_exit(1);  // it has ended already
  BlackBox::enter(box);
  end_process(exit_code_of(work));
}

int start(const std::function<int()>& work, BlackBox& box) {
  ::signal(SIGCHLD, SIG_DFL);  // where the parent ignores it, nobody could be waited for
  const int pid = ::fork();
  if (pid < 0) throw Error("can't start a worker process: " + std::string(std::strerror(errno)));
  if (pid == 0) be_worker(work, box);
  ::setpgid(pid, pid);  // whoever of the two comes first
  return pid;
}

}  // namespace

void tell_of_terminations() {
  std::set_terminate(on_terminate);
}

void tell_of_exits() {
  if (kept != nullptr) return;
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

Interrupt::Interrupt() {
  if (kept != nullptr) return;
  struct sigaction action {};
  action.sa_handler = [](int signal) {
    received_ = signal;
    ::signal(SIGINT, SIG_DFL);
    ::signal(SIGTERM, SIG_DFL);
  };
  action.sa_flags = SA_RESTART;  // a write under way goes on
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

Printed::Printed() {
  kept = &text_;
}

Printed::~Printed() {
  kept = nullptr;
}

void print(const std::string& text) {
  if (kept != nullptr) {
    *kept += text;
    return;
  }
  for (std::size_t written = 0; written < text.size();) {
    const ssize_t part = ::write(out, text.data() + written, text.size() - written);
    if (part < 0 && errno == EINTR) continue;
    if (part <= 0) throw FileError("standard output can't be written to");
    written += static_cast<std::size_t>(part);
  }
}

int exit_code_of(const std::function<int()>& work) {
  try {
    return work();
  } catch (const Error& error) {
    // What is wrong with an experiment takes lines of its own; else a line break is part of a file's name.
    constexpr std::size_t longest = 3 * PATH_MAX;
    const bool lines = error.exit_code() == ExitCode::usage;
    std::cerr << "faceoff: " << (lines ? error.what() : one_line(error.what(), longest)) << '\n';
    return static_cast<int>(error.exit_code());
  } catch (const std::filesystem::filesystem_error& error) {
    std::cerr << "faceoff: " << one_line(error.path1().string(), PATH_MAX) << ": " << error.code().message() << '\n';
    return static_cast<int>(ExitCode::files);
  } catch (...) {
    std::cerr << "faceoff: " << what_was_thrown() << '\n';
    return static_cast<int>(ExitCode::items_failed);
  }
}

void end_process(int code) {
  BlackBox::here().code = code;
  ::_exit(code);
}

std::string WorkerEnd::text(double time_limit) const {
  if (timed_out) return "not done within " + shortest(time_limit) + " s (--time-limit)";
  if (signal != 0) return "ended by signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")";
  return "ended the process with exit code " + std::to_string(code);
}

WorkerEnd run_worker(const std::function<int()>& work, const SharedBlackBox& box, double time_limit) {
  using Clock = std::chrono::steady_clock;
  const int pid = start(work, *box);
  std::int64_t beats = -1;
  Clock::time_point beat_began;
  int passed_on = 0;
  while (true) {
    if (const std::int64_t now = box->beats; now != beats) {
      beats = now;
      beat_began = Clock::now();
    }
    const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - beat_began).count(); };
    const bool late = seconds() > time_limit * static_cast<double>(std::max<std::int64_t>(box->pictures, 1));
    if (late) ::kill(-pid, SIGKILL);
    int status = 0;
    if (::waitpid(pid, &status, late ? 0 : WNOHANG) == pid) {
      ::kill(-pid, SIGKILL);  // whatever it started
      const bool exited = WIFEXITED(status);
      return {exited ? WEXITSTATUS(status) : 0, exited ? 0 : WTERMSIG(status), late && !exited, seconds()};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const int interrupt = Interrupt::received();
    if (interrupt != passed_on) ::kill(pid, interrupt);
    passed_on = interrupt;
  }
}

void end_with_launcher() {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
}

}  // namespace faceoff
