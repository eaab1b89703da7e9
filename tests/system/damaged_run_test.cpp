// A run's folder in which a file is damaged, given to every command that reads one: a clear word, and nothing is lost.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "parts.hpp"
#include "program.hpp"

namespace system_test {
namespace {

class DamagedRun : public Parts {
 protected:
  Outcome command(const std::string& name) const {
    if (name == "resume") return run(call({"--resume", "--out", "run"}));
    if (name == "evaluate") return run(faceoff({"evaluate", "run", "--after", "png", "--people", "."}, folder_.path()));
    if (name == "compare") return run(faceoff({"compare", "run"}, folder_.path()));
    return run(faceoff({"merge", "run", "--out", "merged"}, folder_.path()));
  }

  std::map<std::string, std::string> pictures() const {
    std::map<std::string, std::string> all;
    for (const std::string& file : files_in(at("run/images"))) all[file] = read_text(at("run/images") / file);
    return all;
  }

  /// Damages a file, gives the run to each command, and expects a word with the file's name, or that it was no
  /// hindrance; what was delivered stays.
  void expect_told(const std::string& file, const std::string& text, const std::vector<std::string>& commands) const {
    for (const std::string& name : commands) {
      SCOPED_TRACE(name + " of a run with " + file + ": " + text.substr(0, 40));
      fs::remove_all(at("run"));
      fs::remove_all(at("merged"));
      whole_run("run");
      const std::map<std::string, std::string> before = pictures();
      write_text(at("run") / file, text);
      const Outcome outcome = command(name);
      EXPECT_TRUE(outcome.code == 0 || outcome.code == 1 || outcome.code == 2 || outcome.code == 4)
          << outcome.code << outcome.err;
      EXPECT_EQ(pictures(), before) << outcome.err;
      for (const char* trace : {"terminate", "what()", "c10::", "std::", "bad_alloc"})
        EXPECT_FALSE(contains(outcome.err, trace)) << outcome.err;
      if (outcome.code < 2) continue;
      EXPECT_TRUE(contains(outcome.err, file) || contains(outcome.err, "run: ") || contains(outcome.err, " in run "))
          << outcome.err;
      EXPECT_LT(outcome.err.size(), 2000U) << outcome.err;
    }
  }
};

const std::string garbage(
    "\x7F"
    "ELF\x02\x01\0\0\xFF\xFE\xFD",
    11);
const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');

TEST_F(DamagedRun, RecordsAreReadOrRefused) {
  for (const char* file : {"results.jsonl", "environment.json"}) {
    for (const std::string& text : {std::string(), garbage + "\n", deep + "\n"})
      expect_told(file, text, {"resume", "evaluate", "compare", "merge"});
  }
}

TEST_F(DamagedRun, ExperimentsAreReadOrRefused) {
  for (const std::string& text : {std::string(), garbage, "x = " + deep, std::string("[run]\nbatch = \"many\"\n")})
    expect_told("resolved.toml", text, {"resume", "evaluate"});
}

TEST_F(DamagedRun, AFileInPlaceOfAFolderIsLeftAlone) {
  whole_run("run");
  fs::remove_all(at("run/images/epsilon=4"));
  write_text(at("run/images/epsilon=4"), "mine");
  const Outcome outcome = command("resume");
  EXPECT_EQ(outcome.code, 4) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "run/images/epsilon=4")) << outcome.err;
  EXPECT_EQ(read_text(at("run/images/epsilon=4")), "mine");
  EXPECT_EQ(results(at("run")).size(), 4U) << "what is whole is kept";
}

TEST_F(DamagedRun, WhatNoFileShouldNameIsNotFollowed) {
  whole_run("run");
  const std::string whole = read_text(at("run/results.jsonl"));
  Json first = Json::parse(lines_of(whole).front());
  for (const auto& [key, value] : std::vector<std::pair<std::string, Json>>{{"picture", "/dev/zero"},
                                                                            {"output", "../../x.toml"},
                                                                            {"output", "images/../../x.toml"},
                                                                            {"item", 1 << 30}}) {
    Json changed = first;
    changed[key] = value;
    expect_told("results.jsonl", changed.dump() + "\n", {"resume", "evaluate", "merge"});
  }
  for (const Json& box :
       {Json{-1e9, -1e9, 1e9, 1e9}, Json{0, 0, 0, 0}, Json{50, 50, 10, 10}, Json{1e300, 0, 1e300, 1}}) {
    Json changed = first;
    changed["faces"][0]["box"] = box;
    expect_told("results.jsonl", changed.dump() + "\n", {"evaluate"});
  }
  EXPECT_EQ(read_text(at("x.toml")), experiment_);
}

}  // namespace
}  // namespace system_test
