// Files that are no plain files, too large, or change while they are read.
#include <faceoff/error.hpp>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <string>
#include <thread>

#include "base/files.hpp"
#include "support.hpp"
#include "temporary_folder.hpp"

namespace faceoff {
namespace {

namespace fs = std::filesystem;

class ReadFile : public testing::Test {
 protected:
  fs::path file() const { return folder_ / "file"; }
  TemporaryFolder folder_;
};

TEST_F(ReadFile, RefusesWhatIsTooLargeBeforeItIsRead) {
  std::ofstream(file()) << "x";
  fs::resize_file(file(), std::uintmax_t{1} << 40);  // sparse
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  expect_in(error_of<FileError>([&] { read_file(file(), std::size_t{1} << 30); }), "larger than the bound");
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 100'000) << "kB";
}

TEST_F(ReadFile, WaitsForNoPipe) {
  ASSERT_EQ(::mkfifo(file().c_str(), 0600), 0);
  EXPECT_TRUE(read_file(file(), 100).empty());
  expect_in(error_of<FileError>([&] { require_regular(file()); }), "not a regular file");
  expect_in(error_of<FileError>([&] { sha256_file(file()); }), "not a regular file");
  expect_in(error_of<FileError>([&] { read_file("/dev/zero", 1 << 24); }), "larger than the bound");
}

TEST_F(ReadFile, OfOneThatGrowsOrShrinksReadsWhatIsThere) {
  constexpr std::size_t most = 1 << 20;
  std::atomic<bool> stop = false;
  std::ofstream(file()) << std::string(most, 'a');
  std::thread other([&] {
    while (!stop) {
      for (const std::size_t size : {std::size_t{0}, most / 2, most}) fs::resize_file(file(), size);
    }
  });
  for (int i = 0; i < 200; ++i) EXPECT_LE(read_file(file(), most).size(), most);
  stop = true;
  other.join();
}

}  // namespace
}  // namespace faceoff
