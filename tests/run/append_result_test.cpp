// Lines of results where there is no room for them.
#include <faceoff/error.hpp>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <string>

#include "plugins/plugin_files.hpp"
#include "run/run_folder.hpp"
#include "support.hpp"
#include "temporary_folder.hpp"

namespace faceoff {
namespace {

TEST(AppendResult, LeavesNoPartOfALineForWhichThereIsNoRoom) {
  const TemporaryFolder folder;
  const RunFolder run(folder.path());
  const std::string line(1000, 'x');
  run.append_result(line);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);  // as the program does
  for (const rlim_t room : {1001U, 1500U, 2001U, 2002U}) {
    const rlimit less{room, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &less);
    const bool fits = room == 2002U;
    if (fits) {
      run.append_result(line);
    } else {
      expect_in(error_of<FileError>([&] { run.append_result(line); }), "results.jsonl: can't write: File too large");
    }
    ::setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_EQ(read_bytes(folder / "results.jsonl"), fits ? line + "\n" + line + "\n" : line + "\n") << room;
  }
  std::signal(SIGXFSZ, handler);
}

}  // namespace
}  // namespace faceoff
