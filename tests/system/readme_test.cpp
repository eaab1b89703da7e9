// Every command that the README and the guides show works as it stands.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "pages.hpp"
#include "program.hpp"

namespace system_test {
namespace {

/// The lines of a page's ```sh blocks, without their comments.
std::vector<std::string> commands_in(const fs::path& page) {
  std::vector<std::string> commands;
  for (const Block& block : blocks_in(page)) {
    if (block.language != "sh") continue;
    for (std::string line : lines_of(block.text)) {
      line = line.substr(0, line.find("    #"));
      if (!line.empty()) commands.push_back(line);
    }
  }
  return commands;
}

TEST(Readme, EveryCommandWorksAsItStands) {
  const TemporaryFolder folder;
  furnish(folder.path());
  // Run by the test named demo, and what is running now.
  const std::set<std::string> elsewhere = {"scripts/demo", "scripts/test"};
  std::set<std::string> seen;
  for (const std::string& command : commands_in(fs::path(FACEOFF_SOURCE_FOLDER) / "README.md")) {
    seen.insert(command);
    if (elsewhere.contains(command)) continue;
    SCOPED_TRACE(command);
    const Outcome outcome = run({{"bash", "-c", command}, {}, folder.path()});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_FALSE(outcome.out.empty());
  }
  EXPECT_TRUE(seen.contains("scripts/demo") && seen.contains("scripts/test"));
  EXPECT_GE(seen.size(), 5U);
}

TEST(ReadingAReport, ItsCommandsWorkAsTheyStand) {
  const TemporaryFolder folder;
  furnish(folder.path());
  for (const std::string& command : commands_in(fs::path(FACEOFF_SOURCE_FOLDER) / "docs" / "reading-a-report.md")) {
    SCOPED_TRACE(command);
    const Outcome outcome = run({{"bash", "-c", command}, {}, folder.path()});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
  }
  for (const char* file : {"report.html", "report.tex", "evaluation.jsonl"})
    EXPECT_TRUE(fs::exists(folder / "build" / "evaluated" / file)) << file;
  for (const char* file : {"traces/base/sample1.csv", "tensorboard/base/sample1"})
    EXPECT_TRUE(fs::exists(folder / "build" / "steps" / file)) << file;
}

TEST(ComparingRuns, ItsCommandsWorkAsTheyStand) {
  const TemporaryFolder folder;
  furnish(folder.path());
  const std::vector<std::string> commands = commands_in(fs::path(FACEOFF_SOURCE_FOLDER) / "docs" / "comparing-runs.md");
  ASSERT_GE(commands.size(), 4U);
  for (const std::string& command : commands) {
    SCOPED_TRACE(command);
    const Outcome outcome = run({{"bash", "-c", command}, {}, folder.path()});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_TRUE(contains(command, " > ") || !outcome.out.empty());
  }
  EXPECT_TRUE(contains(read_text(folder / "build" / "compared.csv"), "hidden,faces,ssd,surrogate"));
}

TEST(Readme, ShowsThePluginThatIsTested) {
  const std::string source = read_text(fs::path(FACEOFF_SOURCE_FOLDER) / "tests" / "external" / "dodge.cpp");
  EXPECT_TRUE(contains(read_text(fs::path(FACEOFF_SOURCE_FOLDER) / "README.md"), "```cpp\n" + source + "```"));
}

}  // namespace
}  // namespace system_test
