#include "cli/worker.hpp"

#include <faceoff/error.hpp>

#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>

#include "base/numbers.hpp"

namespace faceoff {

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

std::string WorkerEnd::text(double time_limit) const {
  if (timed_out) return "not done within " + shortest(time_limit) + " s (--time-limit)";
  if (signal != 0) return "ended by signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")";
  return "ended the process with exit code " + std::to_string(code);
}

Worker::Worker(const std::vector<std::string>& args, int out) {
  ::signal(SIGCHLD, SIG_DFL);  // where the parent ignores it, nobody could be waited for
  std::vector<std::string> command = {"/proc/self/exe"};
  command.insert(command.end(), args.begin(), args.end());
  std::vector<char*> pointers;
  for (std::string& arg : command) pointers.push_back(arg.data());
  pointers.push_back(nullptr);
  // A group of its own: a Ctrl-C reaches the supervisor alone, which passes it on.
  posix_spawnattr_t attributes{};
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawn_file_actions_t actions{};
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  const int failed = ::posix_spawn(&pid_, "/proc/self/exe", &actions, &attributes, pointers.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (failed != 0) throw Error("can't start a worker process: " + std::string(std::strerror(failed)));
}

Worker::~Worker() {
  if (ended_) return;
  kill_group();
  ::waitpid(pid_, nullptr, 0);
}

void Worker::kill_group() const {
  ::kill(-pid_, SIGKILL);
}

void Worker::send(int signal) const {
  ::kill(pid_, signal);
}

std::optional<WorkerEnd> Worker::look(const BlackBox& box, double time_limit) {
  if (box.beats != beats_) {
    beats_ = box.beats;
    beat_began_ = now();
  }
  const double pictures = static_cast<double>(std::max<std::int64_t>(box.pictures, 1));
  const bool late = now() - beat_began_ > time_limit * pictures;
  if (late) kill_group();
  int status = 0;
  if (::waitpid(pid_, &status, late ? 0 : WNOHANG) == pid_) {
    ended_ = true;
    kill_group();
    const bool exited = WIFEXITED(status);
    return WorkerEnd{exited ? WEXITSTATUS(status) : 0, exited ? 0 : WTERMSIG(status), late && !exited,
                     now() - beat_began_};
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return std::nullopt;
}

void end_with_launcher() {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
}

void end_with_supervisor(const BlackBox& box) {
  ::signal(SIGTTOU, SIG_IGN);  // it writes to the terminal from a process group in the background
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != box.supervisor) ::_exit(1);
}

}  // namespace faceoff
