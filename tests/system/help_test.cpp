// What helps on the command line: help, the manual, completions in the shells themselves, and faceoff doctor.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "program.hpp"

namespace system_test {
namespace {

Outcome shell(const Args& command, const fs::path& folder) {
  Call call{command, {}, folder};
  call.environment = {
      {"PATH", fs::path(faceoff({}).command.front()).parent_path().string() + ":/usr/local/bin:/usr/bin:/bin"},
      {"HOME", folder.string()}};
  return run(call);
}

TEST(Help, OfACommandIsTheCommandsOwn) {
  const Outcome by_help = run_faceoff({"help", "run"}), by_option = run_faceoff({"run", "--help"});
  EXPECT_EQ(by_help.code, 0);
  EXPECT_EQ(by_help.out, by_option.out);
  EXPECT_TRUE(contains(run_faceoff({"help"}).out, "faceoff COMMAND"));
}

TEST(Help, OfTopicsAndOfNothingThatIsThere) {
  EXPECT_TRUE(contains(run_faceoff({"help", "experiments"}).out, "faceoff run mine.toml --dry-run"));
  EXPECT_TRUE(contains(run_faceoff({"help", "variables"}).out, "FACEOFF_MODELS"));
  const Outcome none = run_faceoff({"help", "experiment"});
  EXPECT_EQ(none.code, 2);
  EXPECT_TRUE(contains(none.err, "did you mean 'experiments'?")) << none.err;
}

TEST(Help, ExitCodesAreThoseOfTheProgram) {
  const std::vector<std::string> lines = lines_of(run_faceoff({"help", "exit-codes"}).out);
  const auto of = [&](const Args& args) { return std::to_string(run_faceoff(args).code) + " "; };
  const auto told = [&](const std::string& code) {
    return std::ranges::any_of(lines, [&](const std::string& line) { return line.starts_with(code); });
  };
  EXPECT_TRUE(told(of({"--version"})));
  EXPECT_TRUE(told(of({"nonsense"})));
}

TEST(Manual, NamesEveryCommandAndHasNoLineThatManTakesForARequest) {
  const Outcome manual = run_faceoff({"help", "man"});
  ASSERT_EQ(manual.code, 0);
  for (const char* command : {"run", "evaluate", "compare", "doctor", "completions"})
    EXPECT_TRUE(contains(manual.out, std::string(".SS faceoff ") + command)) << command;
  const std::vector<std::string> requests = {".TH", ".SH", ".SS", ".TP", ".B ", ".nf", ".fi"};
  for (const std::string& line : lines_of(manual.out)) {
    if (!line.starts_with('.')) continue;
    EXPECT_TRUE(std::ranges::any_of(requests, [&](const std::string& one) { return line.starts_with(one); })) << line;
  }
}

TEST(Completions, OfBash) {
  const TemporaryFolder folder;
  const auto completed = [&](const std::string& words, int place) {
    const std::string script = "source <(faceoff completions bash); COMP_WORDS=(" + words +
                               "); COMP_CWORD=" + std::to_string(place) +
                               "; _faceoff; printf '%s\\n' \"${COMPREPLY[@]}\"";
    const Outcome outcome = shell({"bash", "-euc", script}, folder.path());
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return lines_of(outcome.out);
  };
  EXPECT_EQ(completed("faceoff eval", 1), std::vector<std::string>{"evaluate"});
  EXPECT_EQ(completed("faceoff run --dry", 2), std::vector<std::string>{"--dry-run"});
}

TEST(Completions, OfFish) {
  const TemporaryFolder folder;
  const std::string script =
      "faceoff completions fish | source; complete -C 'faceoff eval'; complete -C 'faceoff run --dry'";
  const Outcome outcome = shell({"fish", "--no-config", "-c", script}, folder.path());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(contains(outcome.out, "evaluate\t")) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "--dry-run\t")) << outcome.out;
}

TEST(Completions, OfZsh) {
  const TemporaryFolder folder;
  // compadd shows what would be offered.
  const std::string script =
      "autoload -Uz compinit; compinit -u -d $HOME/dump\n"
      "faceoff completions zsh > _faceoff; fpath=($PWD $fpath)\n"
      "zsh -n _faceoff\n"
      "_describe() { print -l -- ${(P)2} }\n_arguments() { print -l -- \"$@\" }\n"
      "words=(faceoff eval); CURRENT=2; source ./_faceoff\n"
      "words=(faceoff run --dry); CURRENT=3; _faceoff\n";
  const Outcome outcome = shell({"zsh", "-f", "-c", script}, folder.path());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(contains(outcome.out, "evaluate:")) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "*--dry-run[")) << outcome.out;
}

TEST(Completions, AreOfShellsThatThereAre) {
  const Outcome outcome = run_faceoff({"completions", "bsh"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(contains(outcome.err, "bash, zsh or fish; did you mean 'bash'?")) << outcome.err;
}

TEST(Doctor, FindsAllHereAndWorking) {
  const Outcome outcome = run_faceoff({"doctor", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  const Json found = Json::parse(outcome.out);
  EXPECT_TRUE(found["works"].get<bool>());
  std::vector<std::string> about;
  for (const Json& one : found["findings"]) about.push_back(one["about"]);
  for (const char* wanted : {"versions", "processor", "threads", "GPU", "plugins", "weights", "cache", "self-test"})
    EXPECT_NE(std::ranges::find(about, wanted), about.end()) << wanted;
}

TEST(Doctor, SaysWhatIsWrongAndWhatToDo) {
  const TemporaryFolder folder;
  write_text(folder / "broken.so", "no library");
  const Outcome outcome = run_faceoff({"doctor", "--plugin-path", folder.path().string()});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(contains(outcome.out, "warning: plugins: ")) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "broken.so can't be used")) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "  rebuild it")) << outcome.out;
}

}  // namespace
}  // namespace system_test
