// Runs that are stopped, changed, cut into parts and put together again: what they leave is what one process leaves.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <regex>
#include <set>
#include <thread>

#include "parts.hpp"
#include "pictures.hpp"
#include "program.hpp"

namespace system_test {
namespace {

using Seconds = std::chrono::duration<double>;

class Resume : public Parts {};

TEST_F(Resume, KilledAtTwentyMomentsARunAndItsReportAreTheSame) {
  fs::create_directory(at("one"));
  fs::create_directory(at("two"));
  const auto begin = std::chrono::steady_clock::now();
  done({"--out", "one/run"});
  const double whole = Seconds(std::chrono::steady_clock::now() - begin).count();
  std::mt19937 random(8);
  std::uniform_real_distribution<double> moment(0, whole);
  for (int kill = 0; kill < 20; ++kill) {
    Process process(call({"--resume", "--out", "two/run"}));
    const auto until = std::chrono::steady_clock::now() + Seconds(moment(random));
    while (process.running() && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    process.send(SIGKILL);
    process.wait();
  }
  const Outcome last = done({"--resume", "--out", "two/run"});
  EXPECT_TRUE(contains(last.err, " of 8 items are kept, ")) << last.err;
  expect_same("two/run", "one/run");
  for (const char* each : {"one", "two"}) {
    const Outcome outcome =
        run(faceoff({"evaluate", std::string(each) + "/run", "--after", "png", "--people", "."}, folder_.path()));
    EXPECT_EQ(outcome.code, 0) << outcome.err;
  }
  EXPECT_EQ(read_text(at("two/run/report.html")), read_text(at("one/run/report.html")));
  EXPECT_EQ(read_text(at("two/run/evaluation.jsonl")), read_text(at("one/run/evaluation.jsonl")));
}

TEST_F(Resume, OfAChangedExperimentItDoesWhatIsNotTheSame) {
  whole_run("run");
  const std::vector<Json> before = results(at("run"));
  const Outcome outcome = done({"--resume", "--out", "run", "--set", "attack.epsilon=[4, 12]"}, 2);
  EXPECT_TRUE(contains(outcome.err, "attack.epsilon")) << outcome.err;
  const Outcome changed = done({"--resume", "--out", "run", "--set", "sweep.\"attack.epsilon\"=[12, 4]"});
  EXPECT_TRUE(contains(changed.err,
                       "resumed: 4 of 8 items are kept, 4 are left; 4 that failed or are not the same any "
                       "more are dropped"))
      << changed.err;
  const std::vector<Json> after = results(at("run"));
  ASSERT_EQ(after.size(), 8U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(after[i]["epsilon"], 12);
    Json kept = before[i];
    kept["item"] = i + 4;
    EXPECT_EQ(after[i + 4], kept);
  }
  EXPECT_FALSE(fs::exists(at("run/images/epsilon=8/a.png")));
  done({"--out", "anew", "--set", "sweep.\"attack.epsilon\"=[12, 4]"});
  expect_same("run", "anew");
}

TEST_F(Resume, OfAChangedPictureItDoesThatAlone) {
  whole_run("run");
  cv::Mat changed = small_picture();
  changed.at<cv::Vec3b>(0, 0) = {1, 2, 3};
  save("a.png", changed);
  fs::remove(at("run/images/epsilon=8/b.png"));
  fs::resize_file(at("run/images/epsilon=8/d.png"), 1000);
  const Outcome outcome = done({"--resume", "--out", "run"});
  EXPECT_TRUE(contains(outcome.err, "resumed: 4 of 8 items are kept, 4 are left; 4 that failed")) << outcome.err;
  done({"--out", "anew"});
  expect_same("run", "anew");
}

TEST_F(Resume, WhatOnlyReportsReadChangesNoItem) {
  whole_run("run");
  const Outcome outcome =
      done({"--resume", "--out", "run", "--set", "name=other", "--set", "evaluate.false_accept_rate=0.01"});
  EXPECT_TRUE(contains(outcome.err, "resumed: 8 of 8 items are kept, 0 are left\n")) << outcome.err;
  EXPECT_TRUE(contains(read_text(at("run/resolved.toml")), "name = \"other\""));
}

TEST_F(Resume, WhatFailedIsTriedOnceMore) {
  write_text(at("e.png"), "no picture");
  done({"--out", "run"}, 1);
  EXPECT_EQ(results(at("run")).at(4).at("status"), "failed");
  save("e.png", shifted_small_picture());
  const Outcome outcome = done({"--resume", "--out", "run"});
  EXPECT_TRUE(contains(outcome.err, "resumed: 8 of 10 items are kept, 2 are left; 2 that failed")) << outcome.err;
  EXPECT_EQ(results(at("run")).at(4).at("status"), "attacked");
}

TEST_F(Resume, AnEvaluationOfWhatIsNotThereAnyMoreIsRemoved) {
  const std::string evaluation = "run/evaluation.jsonl";
  whole_run("run");
  write_text(at(evaluation), "");
  done({"--resume", "--out", "run"});
  EXPECT_TRUE(fs::exists(at(evaluation)));
  save("a.png", other_small_picture());
  const Outcome outcome = done({"--resume", "--out", "run"});
  EXPECT_TRUE(contains(outcome.err, "the evaluation of what was there is removed")) << outcome.err;
  EXPECT_FALSE(fs::exists(at(evaluation)));
}

TEST_F(Resume, AWorkerGoesOnToo) {
  whole_run("one");
  {
    Process process(call({"--out", "run"}));
    EXPECT_TRUE(wait_until([&] { return fs::exists(at("run/results.jsonl")); }));
    process.send(SIGKILL);
    process.wait();
  }
  done({"--resume", "--isolate", "--out", "run"});
  expect_same("run", "one");
}

TEST_F(Resume, ALineThatWasNotWrittenWholeIsDoneAgain) {
  whole_run("run");
  const std::string text = read_text(at("run/results.jsonl"));
  write_text(at("run/results.jsonl"), text.substr(0, text.size() - 40));
  const Outcome outcome = done({"--resume", "--out", "run"});
  EXPECT_TRUE(contains(outcome.err, "resumed: 7 of 8 items are kept, 1 are left\n")) << outcome.err;
  whole_run("anew");
  expect_same("run", "anew");
}

TEST_F(Resume, TouchesNothingThatIsNoRun) {
  fs::create_directories(at("mine/images"));
  write_text(at("mine/images/holiday.png"), "mine");
  fs::create_directory(at("alone"));
  for (const char* file : {"mine/experiment.toml", "alone/experiment.toml"}) write_text(at(file), "mine");
  EXPECT_TRUE(
      contains(done({"--resume", "--out", "alone"}, 2).err, "--out alone: is no run that could be gone on with"));
  EXPECT_EQ(read_text(at("alone/experiment.toml")), "mine");
  const Outcome outcome = done({"--resume", "--out", "mine"}, 2);
  EXPECT_TRUE(contains(outcome.err, "--out mine: is no run that could be gone on with")) << outcome.err;
  EXPECT_EQ(files_in(at("mine")), (std::vector<std::string>{"experiment.toml", "images/holiday.png"}));
  EXPECT_TRUE(contains(done({"--resume"}, 2).err, "--resume needs --out"));
}

TEST_F(Resume, ADamagedLineLeadsNowhere) {
  whole_run("run");
  write_text(at("mine.png"), "mine");
  std::string text = read_text(at("run/results.jsonl"));
  const std::string output = "images/epsilon=4/a.png";
  text.replace(text.find(output), output.size(), "images/../../mine.png");
  write_text(at("run/results.jsonl"), text);
  const Outcome outcome = done({"--resume", "--out", "run"}, 4);
  EXPECT_TRUE(contains(outcome.err, "the output 'images/../../mine.png' is no place of a run's pictures"))
      << outcome.err;
  EXPECT_EQ(read_text(at("mine.png")), "mine");
  const Outcome merged = run(faceoff({"merge", "run", "--out", "whole"}, folder_.path()));
  EXPECT_EQ(merged.code, 4) << merged.err;
  EXPECT_FALSE(fs::exists(at("whole")));
}

TEST_F(Resume, WhatWouldKeepNothingIsAnotherRun) {
  whole_run("run");
  const std::string before = read_text(at("run/results.jsonl"));
  const Outcome outcome = done({"--resume", "--out", "run", "--set", "seed=2"}, 2);
  EXPECT_TRUE(contains(outcome.err, "--resume: none of the 8 items in run would come out the same")) << outcome.err;
  EXPECT_EQ(read_text(at("run/results.jsonl")), before);
  EXPECT_TRUE(contains(done({"--out", "run"}, 2).err, "it is a run: faceoff run --resume goes on with it"));
  const Outcome part = done({"--resume", "--out", "run", "--shard", "1/2"}, 2);
  EXPECT_TRUE(contains(part.err, "--shard 1/2: run is a whole run; nothing was changed")) << part.err;
  EXPECT_EQ(read_text(at("run/results.jsonl")), before);
}

TEST_F(Resume, WaitsForNobodyElseAtWork) {
  Process process(call({"--out", "run", "--set", "optimizer.steps=500"}));
  EXPECT_TRUE(wait_until([&] { return fs::exists(at("run/environment.json")); }));
  const Outcome outcome = done({"--resume", "--out", "run"}, 2);
  EXPECT_TRUE(contains(outcome.err, "--out run: another process is at work in it")) << outcome.err;
}

class Shards : public Parts {};

TEST_F(Shards, MergedAreAsOneRun) {
  whole_run("one");
  for (const char* part : {"1", "2", "3"})
    done({"--shard", std::string(part) + "/3", "--out", std::string("part") + part});
  EXPECT_EQ(results(at("part1")).size(), 3U);
  const Outcome outcome = run(faceoff({"merge", "part3", "part1", "part2", "--out", "whole"}, folder_.path()));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "whole\n");
  expect_same("whole", "one");
  const Json about = Json::parse(read_text(at("whole/environment.json")));
  EXPECT_EQ(about["merged"].size(), 3U);
  EXPECT_EQ(about["merged"][0]["shard"], "3/3");
  EXPECT_TRUE(contains(done({"--resume", "--out", "whole"}).err, "resumed: 8 of 8 items are kept, 0 are left\n"));
}

TEST_F(Shards, WhatAPartLacksIsToldAndCanBeDone) {
  whole_run("one");
  done({"--shard", "2/2", "--out", "part"});
  const Outcome merged = run(faceoff({"merge", "part", "--out", "whole"}, folder_.path()));
  EXPECT_EQ(merged.code, 1) << merged.err;
  EXPECT_TRUE(contains(merged.err, "4 of 8 items are not done in any part")) << merged.err;
  const Outcome compared = run(faceoff({"compare", "whole"}, folder_.path()));
  EXPECT_TRUE(contains(compared.err, "whole: 4 items are not done yet, left out")) << compared.err;
  done({"--resume", "--out", "whole"});
  expect_same("whole", "one");
}

TEST_F(Shards, APartWithoutItemsIsARunAllTheSame) {
  done({"--shard", "9/9", "--out", "part"});
  EXPECT_TRUE(results(at("part")).empty());
  const Outcome compared = run(faceoff({"compare", "part"}, folder_.path()));
  EXPECT_EQ(compared.code, 2) << compared.err;
  EXPECT_TRUE(contains(compared.err, "part 9/9 of its run has no items")) << compared.err;
  const Outcome evaluated = run(faceoff({"evaluate", "part"}, folder_.path()));
  EXPECT_EQ(evaluated.code, 2) << evaluated.err;
  EXPECT_TRUE(contains(evaluated.err, "part: nothing was attacked")) << evaluated.err;
}

TEST_F(Shards, ADryRunTellsOfItsPartAlone) {
  const Outcome whole = done({"--dry-run"});
  const std::vector<std::string> all = lines_of(whole.out);
  std::vector<std::string> parts;
  for (const char* part : {"1/2", "2/2"}) {
    const std::vector<std::string> lines = lines_of(done({"--dry-run", "--shard", part}).out);
    EXPECT_EQ(lines.size(), all.size() / 2) << part;
    parts.insert(parts.end(), lines.begin(), lines.end());
  }
  EXPECT_TRUE(std::ranges::is_permutation(parts, all)) << whole.out;
  EXPECT_EQ(done({"--dry-run", "--shard", "9/9"}).out, "");
}

TEST_F(Shards, OfAPictureThatChangedBetweenThemAreNotMerged) {
  done({"--shard", "1/3", "--out", "first"});  // a.png at one epsilon
  save("a.png", shifted_small_picture());
  done({"--shard", "2/3", "--out", "second"});  // and at the other
  const Outcome merged = run(faceoff({"merge", "first", "second", "--out", "whole"}, folder_.path()));
  EXPECT_EQ(merged.code, 2) << merged.err;
  EXPECT_TRUE(contains(merged.err, "a.png: it changed between first and second")) << merged.err;
  EXPECT_FALSE(fs::exists(at("whole")));
}

TEST_F(Shards, AreRefusedWhereTheyMakeNoSense) {
  for (const char* part : {"0/2", "3/2", "1", "1/", "a/b", "1/2/3", "-1/2"}) {
    EXPECT_TRUE(contains(done({"--shard", part, "--out", "run"}, 2).err, "--shard 1/4")) << part;
    EXPECT_FALSE(fs::exists(at("run")));
  }
  done({"--shard", "1/2", "--out", "part"});
  done({"--shard", "2/2", "--out", "other", "--set", "seed=5"});
  const auto refuse = [&](const Args& more, const std::string& why) {
    Args args = {"merge"};
    args.insert(args.end(), more.begin(), more.end());
    const Outcome outcome = run(faceoff(args, folder_.path()));
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, why)) << outcome.err;
    EXPECT_FALSE(fs::exists(at("whole")));
  };
  done({"--shard", "2/2", "--out", "rate", "--set", "evaluate.false_accept_rate=0.01"});
  refuse({"part", "rate", "--out", "whole"}, "rate: judged otherwise than part");
  refuse({"part", "other", "--out", "whole"}, "other: not a part of the run that part is a part of");
  done({"--shard", "2/2", "--out", "batch", "--batch", "3"});
  refuse({"part", "batch", "--out", "whole"}, "--batch are others");
  refuse({"part", "./part", "--out", "whole"}, "./part: named twice");
  refuse({"part", "nothing", "--out", "whole"}, "nothing: not a run's folder");
  refuse({"part", "--out", "other"}, "--out other: is there");
  refuse({"--out", "whole"}, "merge needs the parts");
  refuse({"part"}, "merge needs the parts");
}

TEST_F(Shards, MergeTouchesNothingElseAndMissesNothing) {
  whole_run("one");
  fs::create_directory(at("whole.merging"));
  write_text(at("whole.merging/thesis.txt"), "precious");
  fs::remove(at("one/images/epsilon=4/a.png"));
  const Outcome outcome = run(faceoff({"merge", "one", "--out", "whole"}, folder_.path()));
  EXPECT_EQ(outcome.code, 4);
  EXPECT_TRUE(contains(outcome.err, "one/images/epsilon=4/a.png: it is gone")) << outcome.err;
  EXPECT_EQ(read_text(at("whole.merging/thesis.txt")), "precious");
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_.path()))
    EXPECT_FALSE(entry.path().filename().string().starts_with("whole.merging-")) << entry;
}

class Torchrun : public Parts {
 protected:
  /// Starts two ranks.
  Call launch(const Args& more, int restarts = 0) const {
    Args command = {torch_python(),
                    "-m",
                    "torch.distributed.run",
                    "--no-python",
                    "--standalone",
                    "--nproc-per-node",
                    "2",
                    "--max-restarts",
                    std::to_string(restarts),
                    "--monitor-interval",
                    "0.1"};
    const Call one = call(more);
    command.insert(command.end(), one.command.begin(), one.command.end());
    return {command, {{"OMP_NUM_THREADS", "1"}}, folder_.path()};
  }

  /// The process of a rank that works in this test's folder, if there is one.
  std::optional<int> rank(int number) const {
    for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
      std::error_code error;
      if (fs::read_symlink(entry.path() / "cwd", error) != folder_.path() || error) continue;
      if (fs::read_symlink(entry.path() / "exe", error).filename() != "faceoff" || error) continue;
      std::ifstream file(entry.path() / "environ", std::ios::binary);
      const std::string environment{std::istreambuf_iterator<char>(file), {}};
      if (contains(std::string(1, '\0') + environment, std::string("\0RANK=", 6) + std::to_string(number)))
        return std::stoi(entry.path().filename());
    }
    return std::nullopt;
  }

  /// All lines that there are so far.
  std::set<std::string> saved() const {
    std::set<std::string> lines;
    for (const char* name : {"run/results.jsonl", "run/results.rank0.jsonl", "run/results.rank1.jsonl"}) {
      if (!fs::exists(at(name))) continue;
      const std::string text = read_text(at(name));
      for (const std::string& line : lines_of(text.substr(0, text.rfind('\n') + 1))) lines.insert(line);
    }
    return lines;
  }
};

TEST_F(Torchrun, TwoRanksLeaveWhatOneProcessLeaves) {
  // The first items are done at once: what is left must not depend on how quick a rank is.
  for (const char* name : {"a0.png", "a1.png", "a2.png"}) write_text(at(name), "no picture");
  write_text(at("x.toml"), std::regex_replace(experiment_, std::regex("\\?\\.png"), "*.png"));
  done({"--out", "one"}, 1);
  const Outcome outcome = run(launch({"--out", "run"}));
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_EQ(outcome.out, "run\n");
  EXPECT_TRUE(contains(outcome.err, "rank 0 [")) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "rank 1 [")) << outcome.err;
  expect_same("run", "one");
}

TEST_F(Torchrun, AKilledRankLosesNothingAndRepeatsNothingFinished) {
  whole_run("one");
  for (const int which : {1, 0}) {
    fs::remove_all(at("run"));
    Process process(launch({"--out", "run"}, 2));
    EXPECT_TRUE(wait_until([&] { return saved().size() >= 2; }));
    const std::optional<int> victim = rank(which);
    ASSERT_TRUE(victim);
    ::kill(*victim, SIGKILL);
    const std::set<std::string> before = saved();
    const Outcome outcome = process.wait();
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    expect_same("run", "one");
    const std::vector<std::string> after = lines_of(read_text(at("run/results.jsonl")));
    for (const std::string& line : before) EXPECT_EQ(std::ranges::count(after, line), 1) << line;
  }
}

TEST_F(Torchrun, WhatOneProcessRefusesRanksRefuse) {
  fs::create_directory(at("mine"));
  write_text(at("mine/notes.txt"), "mine");
  const Outcome outcome = run(launch({"--out", "mine"}, 1));
  EXPECT_NE(outcome.code, 0);
  EXPECT_TRUE(contains(outcome.err, "--out mine: is there and is no empty folder")) << outcome.err;
  EXPECT_EQ(files_in(at("mine")), std::vector<std::string>{"notes.txt"});
  // Ranks that do not do the same are no run.
  const auto by_hand = [&](const char* number, const Args& more) {
    Call call = this->call(more);
    call.environment = {{"RANK", number}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "127.0.0.1"}, {"MASTER_PORT", "29417"}};
    return call;
  };
  Process zero(by_hand("0", {"--out", "hand"}));
  const Outcome one = run(by_hand("1", {"--set", "seed=5"}));
  EXPECT_EQ(one.code, 2);
  EXPECT_TRUE(
      contains(one.err, "rank 1: the experiment, its pictures, people, plugins or weights are others than rank 0's"))
      << one.err;
  EXPECT_TRUE(contains(run(launch({"--isolate"})).err, "--isolate is for one process"));
  EXPECT_TRUE(contains(run(launch({"--shard", "1/2"})).err, "--shard is for jobs without a launcher"));
}

}  // namespace
}  // namespace system_test
