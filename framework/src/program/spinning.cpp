// Threads of OpenMP spin while they wait for each other. Where two programs do so on the same cores, each burns the
// time that the thread it waits for would need. How long they spin before they sleep is said in the environment, which
// libgomp reads when it is initialised: so the program starts itself anew with it, before any library is initialised.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstddef>
#include <string_view>

namespace {

/// One run alone takes as long as with libgomp's own 300,000, within some hundredths, and two at once no longer than
/// one after the other.
char spin_count[] = "GOMP_SPINCOUNT=1000";

/// Whether the user has said how threads wait, or that there is one.
bool is_said(char** environment) {
  constexpr std::array<std::string_view, 3> said = {"GOMP_SPINCOUNT=", "OMP_WAIT_POLICY=", "OMP_NUM_THREADS=1"};
  for (char** entry = environment; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (text.starts_with(said[0]) || text.starts_with(said[1]) || text == said[2]) return true;
  }
  return false;
}

/// Of the other commands the second start would be most of what they take.
bool reckons(const char* command) {
  constexpr std::array<std::string_view, 5> all = {"run", "protect", "evaluate", "embed", "calibrate"};
  return command != nullptr && std::ranges::find(all, command) != all.end();
}

/// Nothing is initialised yet: no allocation, no exception. Where it can't be done, the program goes on as it is.
void start_anew(int count_of_arguments, char** arguments, char** environment) {
  constexpr std::size_t most = 4096;
  static std::array<char*, most + 2> changed;
  static std::array<char, PATH_MAX> program;
  if (count_of_arguments < 2 || !reckons(arguments[1]) || is_said(environment)) return;
  std::size_t count = 0;
  for (; environment[count] != nullptr && count < most; ++count) changed[count] = environment[count];
  if (environment[count] != nullptr) return;
  changed[count] = spin_count;
  changed[count + 1] = nullptr;
  const ssize_t length = ::readlink("/proc/self/exe", program.data(), program.size() - 1);
  if (length > 0) ::execve(program.data(), arguments, changed.data());
}

__attribute__((section(".preinit_array"), used)) void (*const before_libraries)(int, char**, char**) = start_anew;

}  // namespace
