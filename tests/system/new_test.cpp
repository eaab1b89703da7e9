// faceoff new: a project of each kind, from its making to a finished run, with nothing done to it in between.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pages.hpp"
#include "program.hpp"

namespace system_test {
namespace {

/// Everything that a page tells its reader to type, in one shell that stops where a command fails.
std::string script_of(const fs::path& page) {
  std::string script = "set -euo pipefail\n";
  for (const Block& block : blocks_in(page)) {
    if (block.language == "sh") script += block.text;
  }
  return script;
}

class NewKind : public testing::TestWithParam<std::string> {};

TEST_P(NewKind, BuildsAndRunsAsItIsAsItsReadmeSays) {
  const TemporaryFolder folder;
  const fs::path place = folder / "a reader's place";  // no path is too odd
  fs::create_directory(place);
  const std::string name = "my_" + GetParam();
  const Outcome made = run_faceoff({"new", GetParam(), name, "--in", place.string()});
  ASSERT_EQ(made.code, 0) << made.err;
  const fs::path project = place / name;
  EXPECT_EQ(made.out, project.string() + "\n");
  const std::vector<std::string> files = {"CMakeLists.txt", "README.md", name + ".cpp", name + ".toml"};
  EXPECT_EQ(files_in(place / name), files);
  EXPECT_EQ(files_in(place).size(), files.size()) << "something was left beside it";
  for (const std::string& file : files) EXPECT_FALSE(contains(read_text(project / file), "@")) << file;
  EXPECT_LE(lines_of(read_text(project / (name + ".cpp"))).size(), 40U);
  EXPECT_EQ(effective_lines(read_text(project / "CMakeLists.txt")).size(), 3U);

  const Outcome outcome = run({{"bash", "-c", script_of(project / "README.md")}, {}, project});
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  for (const char* test : {".check", ".run"}) EXPECT_TRUE(contains(outcome.out, name + test)) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "100% tests passed, 0 tests failed out of 2")) << outcome.out;
  for (const fs::path& run : {project / "run", project / "build" / (name + ".run")}) {
    const std::vector<Json> items = results(run);
    ASSERT_EQ(items.size(), 1U);
    EXPECT_EQ(items[0]["status"], "attacked");
    EXPECT_GT(items[0]["linf"].get<int>(), 0);
  }
  if (GetParam() != "loss") return;
  const Outcome again = run({{"ctest", "--test-dir", (project / "build").string()}});
  EXPECT_EQ(again.code, 0) << "the tests' own folder is in their way\n" << again.out;
}

INSTANTIATE_TEST_SUITE_P(New, NewKind, testing::Values("loss", "optimizer", "augment", "model"),
                         [](const auto& kind) { return kind.param; });

TEST(NewExperiment, RunsAsItIs) {
  const TemporaryFolder folder;
  const Outcome made = run_faceoff({"new", "experiment", "mine"}, folder.path());
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(files_in(folder / "mine"), (std::vector<std::string>{"experiment.schema.json", "mine.toml"}));
  const Outcome outcome =
      run_faceoff({"run", "mine/mine.toml", "--out", "run", "--set", "optimizer.steps=1"}, folder.path());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(results(folder / "run").at(0)["status"], "attacked");
}

class New : public testing::Test {
 protected:
  /// A call that has to be refused, in one line, with nothing written.
  void refuse(const Args& args, int code, const std::string& message) {
    SCOPED_TRACE(testing::PrintToString(args));
    const std::vector<std::string> before = files_in(folder_.path());
    Args all = {"new"};
    all.insert(all.end(), args.begin(), args.end());
    const Outcome outcome = run_faceoff(all, folder_.path());
    EXPECT_EQ(outcome.code, code);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err, "faceoff: " + message + "\n");
    EXPECT_EQ(files_in(folder_.path()), before);
  }

  TemporaryFolder folder_;
};

TEST_F(New, RefusesWhatCannotBeMade) {
  refuse({}, 2, "new needs what is to be made and a name: faceoff new loss|optimizer|augment|model|experiment NAME");
  refuse({"loss"}, 2,
         "new needs what is to be made and a name: faceoff new loss|optimizer|augment|model|experiment NAME");
  refuse({"loss", "mine", "more"}, 2, "more arguments than the command takes; --help shows what it takes");
  refuse({"los", "mine"}, 2,
         "nothing new is called 'los': loss, optimizer, augment, model or experiment; did you mean 'loss'?");
  refuse({"loss", "mine", "--into", "x"}, 2, "no option '--into'; did you mean '--in'?");
}

TEST_F(New, RefusesNamesThatAFileAClassOrATargetCannotHave) {
  const std::string rule = " can't be a plugin's name: 1 to 64 of a-z, 0-9 and _, and a letter first";
  const std::string longest(64, 'a');
  for (const std::string name : {"", "Mine", "my-loss", "my loss", "../mine", "a/b", "9lives", "_mine", "m\xc3\xa9"})
    refuse({"loss", name}, 2, "'" + name + "'" + rule);
  refuse({"loss", longest + "a"}, 2, "'" + longest + "…'" + rule);
  refuse({"loss", "m\nine"}, 2, "'m ine'" + rule);
  refuse({"loss", "check"}, 2, "'check' can't be a plugin's name: 'faceoff plugins check' is a command");
  refuse({"loss", "test"}, 2, "'test' can't be a plugin's name: it is a target of the build's own");
  refuse({"loss", "similarity"}, 2,
         "the loss 'similarity' is there already, in " + std::string(FACEOFF_PLUGIN_FOLDER) +
             "/similarity.so: take another name");
  EXPECT_EQ(run_faceoff({"new", "model", "similarity"}, folder_.path()).code, 0) << "the name of another kind";
  EXPECT_EQ(run_faceoff({"new", "loss", longest}, folder_.path()).code, 0);
}

TEST_F(New, LeavesWhatIsThereAsItIs) {
  fs::create_directory(folder_ / "full");
  write_text(folder_ / "full" / "notes", "mine");
  fs::create_directory(folder_ / "empty");
  write_text(folder_ / "file", "");
  fs::create_symlink("nowhere", folder_ / "dangling");
  for (const std::string name : {"full", "empty", "file", "dangling"})
    refuse({"loss", name}, 2, name + ": is there already; nothing was changed");
  EXPECT_EQ(read_text(folder_ / "full" / "notes"), "mine");
  refuse({"loss", "mine", "--in", "nowhere"}, 2, "--in: no folder 'nowhere'");
  refuse({"loss", "mine", "--in", ""}, 2, "--in: no folder ''");
  refuse({"loss", "mine", "--in", "file"}, 2, "--in: 'file' is a file, not a folder");
}

TEST_F(New, LeavesNothingHalfWritten) {
  // Nobody can make a folder there, not even root.
  const Outcome unwritable = run_faceoff({"new", "loss", "mine", "--in", "/proc"});
  EXPECT_EQ(unwritable.code, 4);
  EXPECT_EQ(unwritable.err, "faceoff: /proc: cannot be written into: No such file or directory\n");

  // The source fits into the limit of one kilobyte as little as on a full disk.
  const Outcome full = run(
      {{"bash", "-c", "ulimit -f 1; exec \"$@\"", "bash", FACEOFF_BINARY, "new", "loss", "mine"}, {}, folder_.path()});
  EXPECT_EQ(full.code, 4);
  EXPECT_EQ(lines_of(full.err).back(), "faceoff: mine/README.md: cannot be written: File too large");
  EXPECT_EQ(full.out, "");
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(New, ShowsThePhotosOfTheModelsFolder) {
  const fs::path samples = folder_ / "my \"models\"" / "samples";
  fs::create_directories(samples);
  write_text(samples / "sample1.jpg", "");
  Call call = faceoff({"new", "model", "mine"}, folder_.path());
  call.environment["FACEOFF_MODELS"] = "my \"models\"";
  const Outcome made = run(call);
  ASSERT_EQ(made.code, 0) << made.err;
  const std::string experiment = read_text(folder_ / "mine" / "mine.toml");
  EXPECT_TRUE(contains(experiment, "/my \\\"models\\\"/samples/sample1.jpg\"")) << experiment;
}

}  // namespace
}  // namespace system_test
