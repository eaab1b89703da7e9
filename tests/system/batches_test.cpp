// Pictures that are attacked together: what each gets, and what comes out, however the list is cut among processes.
#include <gtest/gtest.h>

#include <fstream>

#include "parts.hpp"
#include "pictures.hpp"
#include "program.hpp"

namespace system_test {
namespace {

class RunBatches : public Parts {
 protected:
  /// What a line says of its item, without what another batch size may change in the last place.
  static std::string outcome(const Json& line) {
    Json said = {line["picture"], line["variant"], line["status"], line["queries"], line["picture_sha256"]};
    for (const Json& face : line["faces"]) {
      for (const Json& detector : face["detectors"])
        said.push_back({detector["name"], detector["score"][1] > .5, detector["iou"] >= .5});
    }
    return said.dump();
  }

  void expect_same_outcomes(const std::string& run, const std::string& as) const {
    const std::vector<Json> those = results(at(as)), these = results(at(run));
    ASSERT_EQ(these.size(), those.size());
    for (std::size_t i = 0; i < those.size(); ++i) EXPECT_EQ(outcome(these[i]), outcome(those[i]));
  }
};

TEST_F(RunBatches, GivesEachPictureWhatItGetsAlone) {
  done({"--batch", "1", "--out", "one"});
  done({"--batch", "3", "--out", "three"});
  done({"--batch", "8", "--out", "eight"});
  expect_same_outcomes("three", "one");
  expect_same_outcomes("eight", "one");
  EXPECT_TRUE(contains(read_text(at("three/resolved.toml")), "batch = 3"));
  EXPECT_TRUE(contains(read_text(at("eight/resolved.toml")), "batch = 8"));
}

TEST_F(RunBatches, BitsAreTheSameInOneProcessInPartsAndAfterAResume) {
  done({"--batch", "2", "--out", "whole"});
  done({"--batch", "2", "--shard", "1/3", "--out", "part1"});
  done({"--batch", "2", "--shard", "2/3", "--out", "part2"});
  done({"--batch", "2", "--shard", "3/3", "--out", "part3"});
  const Outcome merged = run(faceoff({"merge", "part1", "part2", "part3", "--out", "merged"}, folder_.path()));
  ASSERT_EQ(merged.code, 0) << merged.err;
  expect_same("merged", "whole");

  // A line of each batch but one is lost; the number need not be said again.
  done({"--batch", "2", "--out", "again"});
  const std::vector<Json> lines = results(at("again"));
  std::ofstream left(at("again/results.jsonl"));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i == 0 || i % 2 == 1) left << lines[i].dump() << '\n';
  }
  left.close();
  const Outcome resumed = done({"--resume", "--out", "again"});
  EXPECT_TRUE(contains(resumed.err, "resumed: 5 of 8 items are kept, 3 are left")) << resumed.err;
  expect_same("again", "whole");
}

TEST_F(RunBatches, APictureMoreRedoesTheBatchesWhoseMembersChange) {
  done({"--batch", "2", "--set", "sweep={}", "--set", "attack.epsilon=8", "--out", "run"});
  save("e.png", small_picture());
  Outcome resumed = done({"--resume", "--set", "sweep={}", "--set", "attack.epsilon=8", "--out", "run"});
  EXPECT_TRUE(contains(resumed.err, "resumed: 4 of 5 items are kept, 1 are left")) << resumed.err;
  save("f.png", shifted_small_picture());
  resumed = done({"--resume", "--set", "sweep={}", "--set", "attack.epsilon=8", "--out", "run"});
  EXPECT_TRUE(contains(resumed.err, "resumed: 4 of 6 items are kept, 2 are left; 1 that failed or are not the same"))
      << resumed.err;
}

TEST_F(RunBatches, APictureThatCantBeReadCostsItselfAlone) {
  write_text(at("b.png"), "no picture");
  const Outcome outcome = done({"--batch", "8", "--out", "run"}, 1);
  for (const Json& line : results(at("run"))) {
    const bool broken = contains(line["picture"], "b.png");
    EXPECT_EQ(line["status"] == "failed", broken) << line;
  }
}

TEST_F(RunBatches, HasTheThreadsThatItIsTold) {
  for (const int threads : {1, 2}) {
    done({"--threads", std::to_string(threads), "--out", "run" + std::to_string(threads)});
    const Json environment = Json::parse(read_text(at("run" + std::to_string(threads) + "/environment.json")));
    EXPECT_EQ(environment["host"]["threads"], threads);
  }
  const Outcome outcome = run(call({"--threads", "-1", "--out", "run"}));
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(contains(outcome.err, "threads")) << outcome.err;
}

TEST_F(RunBatches, HasANumberOfPictures) {
  for (const char* number : {"0", "1025", "-1", "two"}) {
    const Outcome outcome = run(call({"--batch", number, "--out", "run"}));
    EXPECT_EQ(outcome.code, 2) << number;
    EXPECT_TRUE(contains(outcome.err, "batch")) << outcome.err;
    EXPECT_FALSE(fs::exists(at("run")));
  }
}

}  // namespace
}  // namespace system_test
