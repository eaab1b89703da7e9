// A machine that is short of memory, disk or files, and pictures that others change while they are read: what is
// delivered is whole or absent, results have whole lines, and the exit code says what became of it.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/files.hpp"
#include "hostile/pictures.hpp"
#include "program.hpp"
#include "run_folder.hpp"

namespace system_test {
namespace {

class HostileMachine : public RunFolder {
 protected:
  void save_plain(int count) const {
    fs::create_directory(folder_ / "album");
    for (int i = 0; i < count; ++i) save("album/" + std::to_string(100 + i) + ".png", hostile::noise({24 + i, 24}));
  }

  /// The program below a limit of bash's ulimit.
  Outcome limited(const std::string& limit, const std::string& experiment) const {
    fs::remove_all(folder_ / "run");
    Call limited = call(experiment);
    const Args set = {"bash", "-c", "ulimit " + limit + "; exec \"$@\"", "bash"};
    limited.command.insert(limited.command.begin(), set.begin(), set.end());
    return run(limited);
  }

  /// Whatever became of a run: its lines are whole, and what they name is there and whole. The lines.
  std::vector<Json> expect_whole() const {
    std::vector<Json> items;
    if (fs::exists(folder_ / "run")) items = results(folder_ / "run");
    for (const Json& item : items) {
      if (item["status"] == "failed") continue;
      EXPECT_EQ(item["output_sha256"], faceoff::sha256_file(delivered(item))) << item;
    }
    if (!fs::exists(folder_ / "run/images")) return items;
    for (const std::string& file : files_in(folder_ / "run/images"))
      EXPECT_FALSE(raw(folder_ / "run/images" / file).empty()) << file;
    return items;
  }
};

TEST_F(HostileMachine, WhatTakesMoreMemoryThanThereIsIsRefusedBeforeItIsDecoded) {
  const hostile::Bytes large = hostile::png_of_size(9000, 9000);  // of which no pixel is there
  write_text(folder_ / "large.png", {large.begin(), large.end()});
  save("small.png", small_picture());
  const std::string experiment = hide("[\"large.png\", \"small.png\"]");
  const Outcome outcome = limited("-v 12000000", experiment);
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  const std::vector<Json> items = expect_whole();
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0]["status"], "failed");
  const std::string error = items[0]["error"];
  EXPECT_TRUE(contains(error, "large.png: 9000 × 9000 pixels take about 20.2 GB of memory here, and ")) << error;
  EXPECT_EQ(items[1]["status"], "attacked");
  const Outcome rehearsed = run_faceoff({"run", "x.toml", "--dry-run"}, folder_.path());
  EXPECT_EQ(rehearsed.code, 0) << rehearsed.err;
}

TEST_F(HostileMachine, WhereTheDiskIsFullWhatIsThereIsWhole) {
  save_plain(40);
  const std::string experiment = hide("[\"album\"]");
  // Blocks of 1024 bytes: room for nothing, for a run's first files, and for a part of its lines.
  std::set<std::size_t> lines;
  for (const char* limit : {"-f 1", "-f 9", "-f 16"}) {
    const Outcome outcome = limited(limit, experiment);
    EXPECT_EQ(outcome.code, 4) << limit << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "File too large")) << outcome.err;
    lines.insert(expect_whole().size());
  }
  EXPECT_GT(*lines.rbegin(), 5U);
  EXPECT_LT(*lines.rbegin(), 40U);
  const Outcome resumed = run(call(experiment, {"--resume"}));
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(expect_whole().size(), 40U);
}

TEST_F(HostileMachine, WhereFilesMayNotBeOpenedItSaysSo) {
  save_plain(3);
  for (const char* limit : {"-n 5", "-n 7", "-n 10", "-n 14"}) {
    const Outcome outcome = limited(limit, hide("[\"album\"]"));
    EXPECT_GE(outcome.code, 0) << limit << ": " << outcome.err;
    EXPECT_LE(outcome.code, 127) << limit << ": " << outcome.err;
    EXPECT_TRUE(outcome.code == 0 || contains(outcome.err, "Too many open files")) << limit << ": " << outcome.err;
    const std::vector<Json> items = expect_whole();
    EXPECT_TRUE(outcome.code != 0 || items.size() == 3) << limit;
  }
}

TEST_F(HostileMachine, PicturesThatOthersChangeCostThemselvesAlone) {
  constexpr int count = 60;
  save_plain(count);
  std::map<std::string, std::string> whole;
  for (const std::string& file : files_in(folder_ / "album")) whole[file] = read_text(folder_ / "album" / file);
  Process process(call(hide("[\"album\"]"), {"--batch", "4"}));
  ASSERT_TRUE(wait_until([&] { return fs::exists(folder_ / "run/environment.json"); }));
  std::mt19937 random(3);
  std::size_t changes = 0;
  for (; process.running(); ++changes) {
    const auto& [name, bytes] = *std::next(whole.begin(), static_cast<std::ptrdiff_t>(random() % whole.size()));
    const fs::path file = folder_ / "album" / name;
    std::error_code ignored;
    switch (random() % 5) {
      case 0:
        fs::remove(file, ignored);
        break;
      case 1:
        fs::resize_file(file, bytes.size() / 2, ignored);
        break;
      case 2:
        fs::resize_file(file, bytes.size() + 5000, ignored);
        break;
      case 3:
        fs::remove(file, ignored);
        ::mkfifo(file.c_str(), 0600);
        break;
      default:
        fs::remove(file, ignored);
        write_text(file, bytes);
    }
  }
  const Outcome outcome = process.wait();
  EXPECT_GT(changes, 10U);
  EXPECT_TRUE(outcome.code == 0 || outcome.code == 1) << outcome.code << outcome.err;
  const std::vector<Json> items = expect_whole();
  EXPECT_EQ(items.size(), static_cast<std::size_t>(count));
  for (const Json& item : items) {
    const std::string& bytes = whole.at(fs::path(item["picture"].get<std::string>()).filename());
    if (item["status"] == "failed") continue;
    const std::set<Json> known = {faceoff::sha256(bytes), faceoff::sha256(bytes + std::string(5000, '\0'))};
    EXPECT_TRUE(known.contains(item["picture_sha256"])) << item << " is of no whole picture";
  }
}

}  // namespace
}  // namespace system_test
