// Every command that the README and the guides show works as it stands.
#include <gtest/gtest.h>

#include <cstdlib>
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

TEST(LargeRuns, ItsCommandsWorkAsTheyStand) {
  const TemporaryFolder folder;
  furnish(folder.path());
  const fs::path page = fs::path(FACEOFF_SOURCE_FOLDER) / "docs" / "large-runs.md";
  for (const std::string& command : commands_in(page)) {
    SCOPED_TRACE(command);
    const Outcome outcome = run({{"bash", "-c", command}, {}, folder.path()});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
  }
  EXPECT_EQ(results(folder / "build" / "large").size(), 6U);
}

/// Slurm's two commands that the guide's scripts use, as they are on one machine.
void stand_in_for_slurm(const fs::path& folder) {
  for (const auto& [name, text] : {std::pair{"srun", "exec \"$@\"\n"}, {"scontrol", "echo localhost\n"}}) {
    const fs::path file = write_text(folder / name, std::string("#!/bin/bash\n") + text);
    fs::permissions(file, fs::perms::owner_all);
  }
}

TEST(LargeRuns, ItsScriptsForSlurmWorkAsTheyStand) {
  const TemporaryFolder folder;
  furnish(folder.path());
  fs::create_directory_symlink(fs::path(FACEOFF_SOURCE_FOLDER) / ".venv", folder / ".venv");
  fs::create_directory(folder / "slurm");
  stand_in_for_slurm(folder / "slurm");
  fs::copy(fs::path(FACEOFF_SOURCE_FOLDER) / "experiments" / "hide_from_detector.toml", folder / "x.toml");
  std::string experiment = read_text(folder / "x.toml");
  experiment.replace(experiment.find("steps = 40"), 10, "steps = 1");
  write_text(folder / "x.toml", experiment + "\n[run]\nbatch = 2\n");  // so that each of three parts has some
  std::size_t scripts = 0;
  for (const Block& block : blocks_in(fs::path(FACEOFF_SOURCE_FOLDER) / "docs" / "large-runs.md")) {
    if (!block.text.starts_with("#!/bin/bash\n#SBATCH")) continue;
    SCOPED_TRACE(block.text);
    ++scripts;
    const bool array = contains(block.text, "--array");
    const Outcome outcome = run({{"bash", "-c", block.text},
                                 {{"PATH", (folder / "slurm").string() + ":" + std::getenv("PATH")},
                                  {"EXPERIMENT", "x.toml"},
                                  {"RUN", array ? "build/array" : "build/job"},
                                  {"SLURM_JOB_ID", "7"},
                                  {"SLURM_JOB_NODELIST", "localhost"},
                                  {"SLURM_NNODES", "1"},
                                  {"SLURM_CPUS_PER_TASK", "8"},
                                  {"SLURM_ARRAY_TASK_ID", "2"},
                                  {"SLURM_ARRAY_TASK_COUNT", "3"}},
                                 folder.path()});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(results(folder / (array ? "build/array.part2" : "build/job")).size(), array ? 2U : 6U);
  }
  EXPECT_EQ(scripts, 2U);
}

TEST(Readme, ShowsThePluginThatIsTested) {
  const std::string source = read_text(fs::path(FACEOFF_SOURCE_FOLDER) / "tests" / "external" / "dodge.cpp");
  EXPECT_TRUE(contains(read_text(fs::path(FACEOFF_SOURCE_FOLDER) / "README.md"), "```cpp\n" + source + "```"));
}

}  // namespace
}  // namespace system_test
