#include "program.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>
#include <thread>

#include "fork_server.hpp"

extern char** environ;

namespace system_test {

namespace {

/// The test's environment, changed as the call says.
std::vector<std::string> environment_of(const Call& call) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!call.environment.contains(text.substr(0, text.find('=')))) all.push_back(text);
  }
  for (const auto& [name, value] : call.environment) {
    if (value) all.push_back(name + "=" + *value);
  }
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

}  // namespace

Process::Process(const Call& call) {
  // LibTorch and OpenMP read the environment when they are loaded; a sanitizer wants to be loaded first.
  const bool ours =
      std::ranges::all_of(call.environment, [](const auto& one) { return one.first.starts_with("FACEOFF_"); });
  const bool sanitized = std::getenv("ASAN_OPTIONS") != nullptr || std::getenv("TSAN_OPTIONS") != nullptr;
  if (call.command.front() == FACEOFF_BINARY && ours && !sanitized) {
    pid_ = fork_server::start({call.folder, folder_ / "out", folder_ / "err", call.environment, call.command});
    return;
  }
  posix_spawn_file_actions_t actions{};
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  const auto into = [&](int number, const char* name) {
    ::posix_spawn_file_actions_addopen(&actions, number, (folder_ / name).c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  };
  into(STDOUT_FILENO, "out");
  into(STDERR_FILENO, "err");
  ::posix_spawn_file_actions_addchdir_np(&actions, call.folder.c_str());
  std::vector<std::string> command = call.command, environment = environment_of(call);
  const int failed = ::posix_spawnp(&pid_, command.front().c_str(), &actions, nullptr, pointers(command).data(),
                                    pointers(environment).data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::system_error(failed, std::generic_category(), command.front());
}

Process::~Process() {
  if (ended_) return;
  ::kill(pid_, SIGKILL);
  reap(0);
}

void Process::reap(int flags) {
  if (ended_) return;
  int got = 0;
  rusage used{};
  do {
    got = ::wait4(pid_, &status_, flags, &used);
  } while (got < 0 && errno == EINTR);
  if (got == 0) return;
  ended_ = true;
  peak_ = static_cast<std::int64_t>(used.ru_maxrss) * 1024;
}

void Process::send(int signal) const {
  ::kill(pid_, signal);
}

bool Process::running() {
  reap(WNOHANG);
  return !ended_;
}

Outcome Process::wait() {
  reap(0);
  return {WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_), read_text(folder_ / "out"),
          read_text(folder_ / "err"), peak_};
}

Outcome run(const Call& call) {
  return Process(call).wait();
}

Call faceoff(const Args& args, const fs::path& folder) {
  Call call{{FACEOFF_BINARY}, {}, folder};
  call.command.insert(call.command.end(), args.begin(), args.end());
  return call;
}

Outcome run_faceoff(const Args& args, const fs::path& folder) {
  return run(faceoff(args, folder));
}

bool wait_until(const std::function<bool()>& so, std::chrono::seconds longest) {
  const auto end = std::chrono::steady_clock::now() + longest;
  while (!so()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

fs::path write_text(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<Json> results(const fs::path& run) {
  const std::string text = read_text(run / "results.jsonl");
  EXPECT_TRUE(text.empty() || text.ends_with('\n')) << "the last line is torn";
  std::vector<Json> items;
  for (const std::string& line : lines_of(text)) items.push_back(Json::parse(line));
  return items;
}

Json timeless(Json item) {
  for (const char* key : {"seconds", "started", "finished"}) EXPECT_EQ(item.erase(key), 1U) << key;
  return item;
}

std::vector<std::string> files_in(const fs::path& folder) {
  std::vector<std::string> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_directory()) files.push_back(entry.path().lexically_relative(folder).string());
  }
  std::ranges::sort(files);
  return files;
}

std::string torch_python() {
  const char* chosen = std::getenv("FACEOFF_PYTHON");
  if (chosen != nullptr && *chosen != '\0') return chosen;
  const fs::path local = fs::path(FACEOFF_SOURCE_FOLDER) / ".venv/bin/python";
  return fs::exists(local) ? local.string() : "python3";
}

std::string toml_list(const std::vector<fs::path>& paths) {
  std::string text;
  for (const fs::path& path : paths) text += (text.empty() ? "[\"" : ", \"") + path.string() + "\"";
  return text + "]";
}

}  // namespace system_test
