#include "base/memory.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>
#include <string>

#include "temporary_folder.hpp"

namespace faceoff {
namespace {

namespace fs = std::filesystem;

class Memory : public testing::Test {
 protected:
  void write(const std::string& file, const std::string& text) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  std::int64_t available() const { return available_memory(root_.path()); }

  TemporaryFolder root_;
};

TEST_F(Memory, IsWhatTheMachineHasLeft) {
  EXPECT_GT(available_memory(), 1'000'000);
  write("proc/meminfo", "MemTotal:       24000000 kB\nMemFree:          100000 kB\nMemAvailable:    2000000 kB\n");
  EXPECT_EQ(available(), 2'048'000'000);
}

TEST_F(Memory, IsNoMoreThanTheLeastOfTheControlGroupsLeaves) {
  write("proc/meminfo", "MemAvailable: 9000000 kB\n");
  write("proc/self/cgroup", "0::/jobs/one\n");
  write("sys/fs/cgroup/jobs/one/memory.max", "max\n");
  write("sys/fs/cgroup/jobs/one/memory.current", "700\n");
  write("sys/fs/cgroup/jobs/memory.max", "3000\n");
  write("sys/fs/cgroup/jobs/memory.current", "1000\n");
  write("sys/fs/cgroup/jobs/memory.stat", "anon 900\nfile 100\ninactive_file 40\n");
  EXPECT_EQ(available(), 2040);
  write("sys/fs/cgroup/jobs/memory.current", "4000\n");
  EXPECT_EQ(available(), 0) << "never less than nothing";
}

TEST_F(Memory, KnowsControlGroupsOfTheFirstVersionThoughTheyAreNamedFromOutside) {
  write("proc/meminfo", "MemAvailable: 9000000 kB\n");
  write("proc/self/cgroup", "12:cpu,cpuacct:/docker/a\n4:memory:/docker/a\n0::/\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "5000\n");
  write("sys/fs/cgroup/memory/memory.usage_in_bytes", "2000\n");
  EXPECT_EQ(available(), 3000);
}

TEST_F(Memory, IsNoMoreThanTheAddressesThatTheProcessMayUse) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_AS, &before), 0);
  std::ifstream statm("/proc/self/statm");
  std::int64_t pages = 0;
  statm >> pages;
  const std::int64_t used = pages * 4096, more = 300'000'000;
  const rlimit less{static_cast<rlim_t>(used + more), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_AS, &less), 0);
  const std::int64_t left = available_memory();
  ::setrlimit(RLIMIT_AS, &before);
  EXPECT_LE(left, more);
  EXPECT_GT(left, more / 2);
}

}  // namespace
}  // namespace faceoff
