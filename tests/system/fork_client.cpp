#include <fcntl.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "fork_server.hpp"

extern char** environ;

namespace system_test::fork_server {

namespace {

[[noreturn]] void fail(int error) {
  throw std::system_error(error, std::generic_category(), "the program's fork server");
}

/// Ends with this process: nobody holds the other end of its socket then.
class Server {
 public:
  Server() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) fail(errno);
    socket_ = ends[0];
    posix_spawn_file_actions_t actions{};
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], socket_file);
    std::vector<char*> environment;
    std::string preload = "LD_PRELOAD=" FACEOFF_FORK_SERVER, program = FACEOFF_BINARY;
    for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
    environment.push_back(preload.data());
    environment.push_back(nullptr);
    std::array<char*, 2> arguments = {program.data(), nullptr};
    pid_t pid = -1;
    const int failed = ::posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments.data(), environment.data());
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (failed != 0) fail(failed);
  }

  int start(const std::string& message) const {
    // Whoever ends orphaned in the meantime is this process's child; later ones are none of its business.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t started = -1;
    const bool sent = ::send(socket_, message.data(), message.size(), MSG_NOSIGNAL) >= 0;
    const bool answered = sent && ::recv(socket_, &started, sizeof started, 0) == sizeof started;
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
    if (!answered || started < 0) fail(sent ? ECHILD : errno);
    return started;
  }

 private:
  int socket_ = -1;
};

}  // namespace

int start(const Call& call) {
  static const Server server;
  std::string message;
  for (const std::string* text : {&call.folder, &call.out, &call.err}) message += *text + '\0';
  for (const auto& [name, value] : call.environment) message += name + (value ? "=" + *value : "") + '\0';
  message += '\0';
  for (const std::string& text : call.command) message += text + '\0';
  return server.start(message);
}

}  // namespace system_test::fork_server
