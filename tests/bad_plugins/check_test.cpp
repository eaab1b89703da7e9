// faceoff plugins check: what it says of a plugin that nobody has told to misbehave, and of one that does.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "attack.hpp"

namespace bad_plugins {
namespace {

Outcome check(const fs::path& file, const std::string& fault = "none", const Args& more = {}) {
  Args args = {"plugins", "check", file.string()};
  args.insert(args.end(), more.begin(), more.end());
  system_test::Call call = system_test::faceoff(args);
  call.environment["FACEOFF_BAD_PLUGIN"] = fault;
  return system_test::run(call);
}

fs::path library(const std::string& kind) {
  return built("run") / ("bad_" + kind + ".so");
}

/// The checks that failed, a line each, whatever became of the process.
std::vector<std::string> failures(const Outcome& outcome) {
  std::vector<std::string> lines = lines_with(outcome.out, "  FAILED  ");
  const std::vector<std::string> last = lines_with(outcome.err, "faceoff: ");
  lines.insert(lines.end(), last.begin(), last.end());
  return lines;
}

void expect_told(const Outcome& outcome, const std::string& part) {
  EXPECT_EQ(outcome.code, 3);
  const std::vector<std::string> lines = failures(outcome);
  const bool told = std::ranges::any_of(lines, [&](const std::string& line) { return contains(line, part); });
  EXPECT_TRUE(told) << part << " is not in\n" << outcome.out << outcome.err;
  EXPECT_FALSE(contains(outcome.out + outcome.err, "frame #")) << outcome.out << outcome.err;
}

TEST(PluginsCheck, PassesWhatBehaves) {
  for (const std::string kind : {"loss", "model", "optimizer", "augmentation"}) {
    const Outcome outcome = check(library(kind));
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    EXPECT_TRUE(outcome.out.starts_with(kind + " bad_" + kind + "\n")) << outcome.out;
    EXPECT_EQ(outcome.err, "");
  }
}

/// What is said of each fault.
using Faults = std::map<std::string, std::string>;

void expect_all_told(const std::string& kind, const Faults& faults) {
  for (const auto& [fault, said] : faults) {
    SCOPED_TRACE(fault);
    const Outcome outcome = check(library(kind), fault);
    EXPECT_TRUE(outcome.out.starts_with(kind + " bad_" + kind + "\n")) << outcome.out;
    expect_told(outcome, said);
  }
}

TEST(PluginsCheck, TellsWhatAnyPluginCanDo) {
  expect_all_told("loss", {{"throws_std", "out of ideas"},
                           {"throws_int", "a C++ exception of type int"},
                           {"throws_c10", "no such tensor"},
                           {"grad_mode", "grad mode"},
                           {"threads", "threads"},
                           {"locale", "locale"},
                           {"dtype", "default type"},
                           {"working_folder", "working folder"},
                           {"inference_mode", "inference mode"},
                           {"throws_nothing_to_say", "a C++ exception of type "},
                           {"seed", "random numbers"},
                           {"segfault", "loss bad_loss, 'leaves its input as it was': ended by signal 11"},
                           {"throws_on_a_thread", "ended by signal 6 (Aborted)"},
                           {"exits_0", "ended the process with exit code 0"}});
}

TEST(PluginsCheck, TellsWhatALossDoesWrong) {
  expect_all_told("loss", {{"nan", "not finite"},
                           {"nan_gradient", "the gradient is not finite"},
                           {"wrong_shape", "it returned [3, 1] for 3 rows"},
                           {"wrong_dtype", "Double"},
                           {"undefined", "it returned nothing"},
                           {"detached", "detached"},
                           {"aliased", "an answer changes when it is called again"},
                           {"changes_output", "it changed adversarial.scores"},
                           {"changes_reference", "it changed clean.scores"}});
}

TEST(PluginsCheck, TellsWhatAModelDoesWrong) {
  expect_all_told("model", {{"nan", "its scores: not all finite"},
                            {"wrong_rows", "its scores: of the shape"},
                            {"undefined", "its scores: missing"},
                            {"detached", "detached"},
                            {"aliased", "an answer changes when it is called again"},
                            {"changes_input", "it changed images"},
                            {"remembers", "forward() gives another answer once it was attacked"}});
}

TEST(PluginsCheck, TellsWhatAnOptimizerDoesWrong) {
  expect_all_told("optimizer", {{"nan", "not finite"},
                                {"wrong_shape", "returned [3, 1, "},
                                {"asks_wrong_shape", "asked for the objective at the shape"},
                                {"beyond_epsilon", "beyond the budget"},
                                {"beyond_mask", "beyond the budget"},
                                {"aliased", "an answer changes when it is called again"},
                                {"changes_origin", "it changed budget.origin"},
                                {"stays", "0 % of the way to the lowest value"}});
}

TEST(PluginsCheck, TellsWhatAnAugmentationDoesWrong) {
  expect_all_told("augmentation", {{"nan", "its pixels are not finite"},
                                   {"wrong_shape", "its pixels are not"},
                                   {"no_landmarks", "its landmarks are not"},
                                   {"nan_landmarks", "its landmarks are not"},
                                   {"fewer_landmarks", "its landmarks are not"},
                                   {"nan_map", "its map is not"},
                                   {"detached", "detached"},
                                   {"aliased", "an answer changes when it is called again"},
                                   {"changes_input", "it changed pixels"},
                                   {"changes_map", "it changed map"}});
  for (const std::string fine : {"compresses", "no_map"}) {
    SCOPED_TRACE(fine);
    const Outcome outcome = check(library("augmentation"), fine);
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  }
}

TEST(PluginsCheck, SetsParametersAsItIsTold) {
  const auto check_with = [](const Args& sets) {
    Args more;
    for (const std::string& set : sets) more.insert(more.end(), {"--set", set});
    return check(library("loss"), "none", more);
  };
  EXPECT_EQ(check_with({"bad_loss.at_step=1000"}).code, 0);
  const Outcome outcome = check_with({"bad_loss.when=setup", "bad_loss.fault=grad_mode"});
  expect_told(outcome, "is set up: ");
  expect_told(outcome, "it changed the state of the process: the grad mode");
  const std::map<std::string, std::string> mistakes = {
      {"bad_los.when=setup", "unknown key 'bad_los'; did you mean 'bad_loss'?"},
      {"bad_loss.wen=setup", "unknown key 'wen' in bad_loss; did you mean 'when'?"},
      {"bad_loss.when=never", "'never' is no when: one of value, setup, needs, destructor"},
      {"bad_loss.at_step=soon", "'at_step' should be an integer"},
      {"bad_loss=setup", "'bad_loss' is a plugin: set bad_loss.KEY"},
      {"when", "say --set KEY=VALUE"}};
  for (const auto& [set, said] : mistakes) {
    const Outcome refused = check_with({set});
    EXPECT_EQ(refused.code, 2) << set;
    EXPECT_EQ(refused.out, "");
    EXPECT_EQ(lines_of(refused.err).size(), 1U) << refused.err;
    EXPECT_TRUE(contains(refused.err, said)) << refused.err;
  }
}

TEST(PluginsCheck, WaitsNoLongerThanItIsTold) {
  expect_told(check(library("loss"), "hangs", {"--time-limit", "5"}), "not done within 5 s (--time-limit)");
}

TEST(PluginsCheck, TellsOfEveryFactoryThatFails) {
  const Outcome outcome = check(library("factories"));
  expect_told(outcome, "its factory returns nothing");
  expect_told(outcome, "its factory makes something else");
  expect_told(outcome, "its factory throws: not today");
}

TEST(PluginsCheck, RefusesWhatDoesNotLoad) {
  const TemporaryFolder folder;
  const std::map<fs::path, std::string> files = {
      {built("load") / "no_handshake.so", "it has no Face/Off handshake"},
      {built("load") / "throws_c10.so", "it throws while registering: no such operator"},
      {system_test::write_text(folder / "text.so", "text\n"), "it is not an ELF file"},
      {folder.path(), "it is a folder"}};
  for (const auto& [file, reason] : files) {
    const Outcome outcome = check(file);
    EXPECT_EQ(outcome.code, 3) << file;
    EXPECT_TRUE(outcome.err.starts_with("faceoff: " + file.string() + " can't be used: " + reason)) << outcome.err;
    EXPECT_EQ(lines_of(outcome.err).size(), 1U) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
}

TEST(PluginsCheck, AFileThatIsNotThereIsAMistakeOfWhoNamesIt) {
  const Outcome outcome = check("nowhere.so");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(lines_of(outcome.err).size(), 1U) << outcome.err;
}

}  // namespace
}  // namespace bad_plugins
