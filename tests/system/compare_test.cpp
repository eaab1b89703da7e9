// faceoff compare: a sweep that the program ran, and runs' folders made up for what seldom happens.
#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "csv.hpp"
#include "made_up_run.hpp"
#include "pictures.hpp"
#include "program.hpp"

namespace system_test {
namespace {

class Compare : public testing::Test {
 protected:
  void write_run(const std::string& name, Json environment, const std::vector<Json>& items) const {
    fs::create_directories(folder_ / name);
    environment["items"] = items.size();
    write_text(folder_ / name / "environment.json", environment.dump());
    std::string text;
    for (std::size_t i = 0; i < items.size(); ++i) {
      Json one = items[i];
      one["item"] = i;
      text += one.dump() + "\n";
    }
    write_text(folder_ / name / "results.jsonl", text);
  }

  /// A variant of a picture a face, of which these, by number, are taken for the target.
  static std::vector<Json> ten_pictures(const std::string& variant, const std::vector<int>& successes) {
    std::vector<Json> items;
    for (int i = 0; i < 10; ++i) {
      const bool success = std::ranges::find(successes, i) != successes.end();
      JudgedFace said;
      said.target = success ? .6 : .2;
      items.push_back(item(variant, "p" + std::to_string(i) + ".png", {face(said)}, 40 + .1 * i));
    }
    return items;
  }

  Outcome compare(const Args& args) const {
    Args all = {"compare"};
    all.insert(all.end(), args.begin(), args.end());
    return run_faceoff(all, folder_.path());
  }

  Json compare_json(Args args) const {
    args.emplace_back("--json");
    const Outcome outcome = compare(args);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return Json::parse(outcome.out);
  }

  /// The only measure of that name, and judge's role.
  static Json measure(const Json& comparison, const std::string& name, const std::string& role = "") {
    Json found;
    for (const Json& one : comparison["measures"]) {
      if (one["measure"] != name || (!role.empty() && one["role"] != role)) continue;
      EXPECT_TRUE(found.is_null()) << name << " is there twice";
      found = one;
    }
    EXPECT_FALSE(found.is_null()) << "no " << name;
    return found;
  }

  void refuse(const Args& args, int code, const std::string& message) const {
    SCOPED_TRACE(testing::PrintToString(args));
    const Outcome outcome = compare(args);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(lines_of(outcome.err).size(), 1U) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, message)) << outcome.err;
  }

  TemporaryFolder folder_;
};

TEST_F(Compare, SaysOfARealSweepWhatItsResultsShow) {
  cv::imwrite((folder_ / "one.png").string(), small_picture());
  cv::imwrite((folder_ / "two.png").string(), other_small_picture());
  write_text(folder_ / "x.toml",
             "data = { pictures = [\"one.png\", \"two.png\"], people = [\"one.png\", \"two.png\"] }\n"
             "models.ssd.plugin = \"ssd_mobilenet_v1\"\n"
             "models.marks.plugin = \"face_landmark_68\"\n"
             "models.faceres.plugin = \"faceres\"\n"
             "models.mobileface.plugin = \"mobileface\"\n"
             "faces = { detector = \"ssd\", landmarks = \"marks\" }\n"
             "attack.target.choice = \"furthest\"\n"
             "loss = [{ plugin = \"similarity\", models = [\"faceres\"] }]\n"
             "optimizer = { plugin = \"pgd\", steps = 2, step_size = 4 }\n"
             "evaluate.models = [\"mobileface\"]\n"
             "sweep = { \"attack.epsilon\" = [2, 8] }\n");
  const Outcome ran = run_faceoff({"run", "x.toml", "--out", "run"}, folder_.path());
  ASSERT_EQ(ran.code, 0) << ran.err;
  const std::vector<Json> items = results(folder_ / "run");
  ASSERT_EQ(items.size(), 4U);
  const std::vector<std::string> before = files_in(folder_.path());

  const Json said = compare_json({"run"});
  EXPECT_EQ(said["baseline"], "epsilon=2");
  ASSERT_EQ(said["variants"].size(), 2U);
  EXPECT_EQ(said["variants"][1]["faces"], 2);
  const Json of = [&] {  // of each picture, under both budgets
    Json all;
    for (const Json& one : items) all[one["picture"]][one["variant"]] = one;
    return all;
  }();
  const auto mean = [&](const std::string& variant, const auto& value) {
    double sum = 0;
    for (const Json& picture : of) sum += value(picture[variant]).template get<double>();
    return sum / 2;
  };
  for (const char* key : {"psnr", "ssim", "linf", "queries", "seconds"}) {
    SCOPED_TRACE(key);
    const auto value = [&](const Json& one) { return one[key]; };
    const Json rows = measure(said, key)["rows"];
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_NEAR(rows[0]["value"].get<double>(), mean("epsilon=2", value), 1e-5);
    EXPECT_NEAR(rows[1]["value"].get<double>(), mean("epsilon=8", value), 1e-5);
    EXPECT_NEAR(rows[1]["difference"]["value"].get<double>(), mean("epsilon=8", value) - mean("epsilon=2", value),
                1e-5);
  }
  EXPECT_EQ(measure(said, "target_cosine", "surrogate")["judge"], "faceres");
  EXPECT_EQ(measure(said, "target_cosine", "held_out")["judge"], "mobileface");
  const Json cosine = measure(said, "self_cosine", "surrogate")["rows"][1];
  EXPECT_NEAR(cosine["value"].get<double>(),
              mean("epsilon=8", [](const Json& one) { return one["faces"][0]["models"][0]["self"][1]; }), 1e-5);
  EXPECT_EQ(measure(said, "impersonated", "held_out")["false_accept_rate"], 1e-3);
  EXPECT_EQ(
      measure(said, "impersonated", "held_out")["threshold"],
      Json::parse(read_text(folder_ / "run/environment.json"))["variants"]["epsilon=2"]["judges"][1]["threshold"]);

  const Outcome text = compare({"run"}), again = compare({"run"});
  ASSERT_EQ(text.code, 0) << text.err;
  EXPECT_EQ(text.err, "");
  EXPECT_EQ(text.out, again.out);
  for (const char* part :
       {"hidden from ssd (held_out)", "taken for the target by faceres (surrogate)",
        "not taken for the person by faceres (surrogate)", "best match the target", "clean", "PSNR [95 %]", "baseline"})
    EXPECT_TRUE(contains(text.out, part)) << part << "\n" << text.out;
  EXPECT_FALSE(contains(text.out, "not taken for oneself")) << "of nobody is there another photo\n" << text.out;
  EXPECT_FALSE(contains(text.out, "cosine with")) << text.out;
  EXPECT_TRUE(contains(compare({"run", "--all"}).out, "cosine with oneself, says mobileface (held_out)"));

  // The same by the key that was swept.
  const Json by = compare_json({"run", "--by", "epsilon", "--baseline", "2"});
  EXPECT_EQ(by["by"], "attack.epsilon");
  EXPECT_EQ(measure(by, "psnr")["rows"][1]["difference"], measure(said, "psnr")["rows"][1]["difference"]);

  // CSV has a line a row of JSON, with the same in it.
  const std::vector<Row> rows = csv_rows(compare({"run", "--csv"}).out);
  std::size_t line = 0;
  for (const Json& one : said["measures"]) {
    for (const Json& row : one["rows"]) {
      const Row& csv = rows.at(line++);
      EXPECT_EQ(csv.at("measure"), one["measure"]);
      EXPECT_EQ(csv.at("judge"), one["judge"].is_null() ? "" : one["judge"]);
      EXPECT_EQ(csv.at("level"), row["level"]);
      EXPECT_EQ(csv.at("n"), row["n"].dump());
      EXPECT_EQ(csv.at("value"), row["value"].dump());
      EXPECT_EQ(csv.at("low"), row["interval"][0].dump());
      const Json& difference = row["difference"];
      EXPECT_EQ(csv.at("difference"), difference.is_null() ? "" : difference["value"].dump());
      EXPECT_EQ(csv.at("difference_high"), difference.is_null() ? "" : difference["interval"][1].dump());
      EXPECT_EQ(csv.at("p"), difference.is_null() || difference["p"].is_null() ? "" : difference["p"].dump());
    }
  }
  EXPECT_EQ(line, rows.size());
  EXPECT_EQ(files_in(folder_.path()), before) << "nothing is written";
}

TEST_F(Compare, CountsPairsOfFaces) {
  std::vector<Json> items = ten_pictures("weak", {0});
  for (const Json& one : ten_pictures("strong, or \"so\"", {1, 2, 3, 4, 5, 6, 7})) items.push_back(one);
  write_run("run", environment({{"weak", about()}, {"strong, or \"so\"", about()}}), items);
  const Json said = compare_json({"run"});
  const Json shares = measure(said, "impersonated");
  EXPECT_EQ(shares["threshold"], .5);
  EXPECT_EQ(shares["sha256"], "bb");
  const Json weak = shares["rows"][0], strong = shares["rows"][1];
  EXPECT_EQ(weak["value"], .1);
  EXPECT_EQ(weak["difference"], nullptr);
  EXPECT_EQ(weak["interval"], Json::parse("[0.017876, 0.40415]")) << "Wilson's";
  EXPECT_EQ(strong["value"], .7);
  const Json difference = strong["difference"];
  EXPECT_EQ(difference["n"], 10);
  EXPECT_EQ(difference["gained"], 7);
  EXPECT_EQ(difference["lost"], 1);
  EXPECT_EQ(difference["value"], .6);
  EXPECT_EQ(difference["test"], "mcnemar");
  EXPECT_EQ(difference["p"], 2 * 9 / 256.);
  EXPECT_EQ(difference["p_holm"], difference["p"]);
  EXPECT_EQ(difference["p_by_picture"], nullptr) << "a face a picture";
  EXPECT_EQ(difference["effect_size"], .375);
  EXPECT_EQ(difference["odds_ratio"], 7);
  const std::vector<Row> rows = csv_rows(compare({"run", "--csv"}).out);
  EXPECT_TRUE(std::ranges::any_of(rows, [](const Row& row) { return row.at("level") == "strong, or \"so\""; }));

  const Json turned = compare_json({"run", "--baseline", "strong, or \"so\""});
  EXPECT_EQ(measure(turned, "impersonated")["rows"][1]["level"], "weak");
  EXPECT_EQ(measure(turned, "impersonated")["rows"][1]["difference"]["value"], -.6);
  EXPECT_EQ(measure(compare_json({"run", "--false-accept-rate", "0.01"}), "impersonated")["threshold"], .3);
}

TEST_F(Compare, AFaceThatIsNotFoundPassesForNobody) {
  JudgedFace lost, odd, unseen, beside;
  lost.target = lost.self = std::nullopt;
  lost.found = {.9, 0};
  odd.self = .2;
  unseen.found = {0, 0};
  beside.iou = .4;
  write_run("run", environment({{"a", about()}, {"b", about()}}),
            {item("a", "1.png", {face({})}), item("a", "2.png", {face({})}), item("a", "3.png", {face(unseen)}),
             item("a", "4.png", {face({})}), item("b", "1.png", {face(lost)}), item("b", "2.png", {face(odd)}),
             item("b", "3.png", {face(unseen)}), item("b", "4.png", {face(beside)})});
  const Json said = compare_json({"run"});
  const auto row = [&](const char* name) { return measure(said, name)["rows"][1]; };
  EXPECT_EQ(row("impersonated")["value"], 0);
  EXPECT_EQ(row("dodged")["value"], .5) << "of four, the second, and the first, which is not found";
  EXPECT_EQ(row("dodged")["clean"], 0) << "beside the clean pictures";
  EXPECT_EQ(row("protected")["value"], .25) << "not found is protected, too";
  EXPECT_EQ(row("not_found")["value"], .25) << "and has a column of its own";
  EXPECT_EQ(row("identified")["value"], .5) << "of the best match, where it is similar enough";
  EXPECT_EQ(row("identified")["clean"], 1);
  EXPECT_EQ(row("rank1")["value"], 0);
  EXPECT_EQ(row("self_cosine")["n"], 3);
  EXPECT_EQ(row("self_cosine")["difference"]["n"], 3);
  EXPECT_EQ(row("hidden")["n"], 3) << "the third was never found, so nothing hid it";
  EXPECT_EQ(row("hidden")["difference"]["gained"], 2);
  EXPECT_EQ(row("score")["value"], .225) << "of the face's own box: the fourth has another";
}

TEST_F(Compare, FacesOfOnePictureAreNotIndependent) {
  std::vector<Json> items;
  for (const char* variant : {"a", "b"}) {
    for (int picture = 0; picture < 3; ++picture) {
      std::vector<Json> faces;
      for (int i = 0; i < 4; ++i) {
        JudgedFace said;
        said.x = 20 * i;
        said.target = *variant == 'b' ? .6 : .2;
        faces.push_back(face(said));
      }
      if (*variant == 'b') std::ranges::reverse(faces);  // found in another order, yet the same faces
      items.push_back(item(variant, std::to_string(picture), faces));
    }
  }
  write_run("run", environment({{"a", about()}, {"b", about()}}), items);
  const Json difference = measure(compare_json({"run"}), "impersonated")["rows"][1]["difference"];
  EXPECT_EQ(difference["n"], 12);
  EXPECT_EQ(difference["pictures"], 3);
  EXPECT_EQ(difference["p"], 2. / 4096);
  EXPECT_EQ(difference["p_by_picture"], 2. / 8) << "three pictures can't say more";
  const Outcome text = compare({"run"});
  EXPECT_TRUE(contains(text.out, "p by picture")) << text.out;
  EXPECT_TRUE(contains(text.err, "several pairs are of one picture")) << text.err;
}

TEST_F(Compare, ASweptKeyIsComparedWithinEachSetting) {
  Json variants;
  std::vector<Json> items;
  const auto add = [&](const std::string& epsilon, const std::string& loss, const std::vector<int>& successes) {
    const std::string name = "epsilon=" + epsilon + ",loss=" + loss;
    variants[name] = about({{"attack.epsilon", epsilon}, {"loss", loss}});
    for (const Json& one : ten_pictures(name, successes)) items.push_back(one);
  };
  add("4", "score", {});
  add("4", "area", {1, 2});
  add("8", "score", {1, 2});
  add("8", "area", {1, 2, 3, 4, 5, 6, 7, 8});
  write_run("run", environment(variants), items);
  const Json said = compare_json({"run", "--by", "loss"});
  EXPECT_EQ(said["by"], "loss");
  const Json rows = measure(said, "impersonated")["rows"];
  ASSERT_EQ(rows.size(), 6U);
  const auto difference = [&](std::size_t row) { return rows[row]["difference"]; };
  EXPECT_EQ(rows[1]["setting"], "epsilon=4");
  EXPECT_EQ(rows[1]["level"], "area");
  EXPECT_EQ(difference(1)["gained"], 2);
  EXPECT_EQ(difference(3)["gained"], 6);
  EXPECT_EQ(difference(3)["p"], 2. / 64);
  EXPECT_EQ(difference(3)["p_holm"], 4. / 64) << "one of two settings";
  EXPECT_EQ(rows[5]["setting"], "over all");
  EXPECT_EQ(rows[5]["pooled"], true);
  EXPECT_EQ(difference(5)["gained"], 8);
  EXPECT_EQ(difference(5)["n"], 20);
  EXPECT_EQ(difference(5)["pictures"], 10);
  EXPECT_EQ(difference(5)["p_holm"], difference(5)["p"]) << "of a family of its own";
  EXPECT_EQ(compare_json({"run", "--by", "epsilon", "--baseline", "8"})["baseline"], "8");
  const Outcome text = compare({"run", "--by", "loss"});
  for (const char* part : {"\n  epsilon=4\n", "\n  over all\n", "  area"})
    EXPECT_TRUE(contains(text.out, part)) << text.out;

  refuse({"run", "--by", "epsilom"}, 2,
         "--by epsilom: nobody swept it; did you mean 'epsilon'? (swept: attack.epsilon, loss)");
  refuse({"run", "--by", "loss", "--baseline", "areas"}, 2, "--baseline areas: there is none; did you mean 'area'?");
}

TEST_F(Compare, RunsAreComparedOnThePicturesThatTheyShare) {
  std::vector<Json> items = ten_pictures("base", {1, 2, 3});
  std::ranges::reverse(items);
  items.resize(6);                                              // pictures 9 to 4
  for (Json& one : items) one["faces"][0]["box"][0] = .000001;  // another machine
  items.push_back(not_attacked("base", "p3.png", "failed"));
  items.push_back(not_attacked("base", "p2.png", "no_face"));
  write_run("one", environment({{"base", about()}}), ten_pictures("base", {4, 5, 6}));
  write_run("two", environment({{"base", about()}}), items);
  const Outcome text = compare({"one", "two/"});
  ASSERT_EQ(text.code, 0) << text.err;
  EXPECT_TRUE(contains(text.err, "two: 1 failed, left out")) << text.err;
  EXPECT_TRUE(contains(text.err, "two: 1 without a face, left out")) << text.err;
  const Json said = compare_json({"one", "two", "--by", "run"});
  const Json row = measure(said, "impersonated")["rows"][1];
  EXPECT_EQ(row["level"], "two");
  EXPECT_EQ(row["n"], 6);
  EXPECT_EQ(row["difference"]["n"], 6);
  EXPECT_EQ(row["difference"]["lost"], 3);
  EXPECT_EQ(said["variants"][1]["failed"], 1);
  EXPECT_EQ(said["variants"][1]["no_face"], 1);
}

TEST_F(Compare, JudgesThatAreNotAlikeNeverMix) {
  const auto run_with = [&](const std::string& name, const Json& environment, const std::string& role) {
    write_run(name, environment, {item("base", "1.png", {face({}, role)})});
  };
  const Json usual = environment({{"base", about()}});
  run_with("usual", usual, "held_out");
  run_with("attacked", usual, "surrogate");
  Json retrained = usual, recalibrated = environment({{"base", about({}, .6)}}), several = usual;
  retrained["models"]["judge"]["sha256"] = "cc";
  several["models"]["judge#2"] = several["models"]["judge"];
  run_with("retrained", retrained, "held_out");
  run_with("recalibrated", recalibrated, "held_out");
  run_with("several", several, "held_out");

  for (const char* other : {"attacked", "retrained", "recalibrated"}) {
    SCOPED_TRACE(other);
    const Outcome outcome = compare({"usual", other});
    EXPECT_TRUE(contains(outcome.err, "judge has not the same role, weights and threshold in all variants"))
        << outcome.err;
    const Json said = compare_json({"usual", other});
    std::size_t tables = 0;
    for (const Json& one : said["measures"]) {
      if (one["measure"] != "impersonated") continue;
      ++tables;
      EXPECT_EQ(one["rows"].size(), 1U);
      EXPECT_EQ(one["rows"][0]["difference"], nullptr);
    }
    EXPECT_EQ(tables, 2U);
  }
  const Json said = compare_json({"usual", "several"});
  EXPECT_EQ(said["notes"][0], "judge: variants of several give this name to several models, so it is left out");
  EXPECT_EQ(measure(said, "impersonated")["rows"].size(), 1U);
}

TEST_F(Compare, BadInputGetsOneLine) {
  const Json usual = environment({{"base", about()}}), two = environment({{"a", about()}, {"b", about()}});
  const Json one = item("base", "1.png", {face({})});
  write_run("run", usual, {one});
  write_run("sweep", two, {item("a", "1.png", {face({})}), item("b", "1.png", {face({})})});
  write_run("elsewhere", usual, {item("base", "2.png", {face({})})});
  refuse({}, 2, "compare needs a run's folder");
  refuse({"nowhere"}, 2, "no folder nowhere");
  fs::create_directories(folder_ / "empty");
  refuse({"run", "empty"}, 2, "empty: not a run's folder (no results.jsonl)");
  refuse({"run"}, 2, "run: it has one variant, 'base', and nothing to compare it with");
  refuse({"run", "./run"}, 2, "./run: named twice");
  refuse({"run", "elsewhere"}, 2, "no picture was attacked both by run and by what is compared with it");
  refuse({"sweep", "--baseline", "c"}, 2, "--baseline c: there is none");
  refuse({"sweep", "--by", "loss"}, 2, "--by loss: no key was swept");
  refuse({"sweep", "--false-accept-rate", "0.002"}, 2, "of judge only the thresholds at 0.001, 0.01 were measured");
  refuse({"sweep", "--false-accept-rate", "7"}, 2, "--false-accept-rate: a number between 0 and 1");
  refuse({"sweep", "--json", "--csv"}, 2, "--json or --csv, not both");
  refuse({"sweep", "--bye"}, 2, "no option '--bye'");

  write_run("unfinished", usual, {});
  refuse({"unfinished"}, 2, "unfinished/results.jsonl: no item is done yet");
  write_run("torn", two, {item("a", "1.png", {face({})})});
  write_text(folder_ / "torn/results.jsonl", read_text(folder_ / "torn/results.jsonl") + "{\"item\":1,\n");
  refuse({"torn"}, 4, "torn/results.jsonl:2: not as a run wrote it");
  Json odd = one;
  odd["picture"] = 7;
  write_run("odd", usual, {one, odd});
  refuse({"odd"}, 4, "odd/results.jsonl:2: not as a run wrote it");
  write_run("twice", usual, {one, one});
  refuse({"twice"}, 4, "twice/results.jsonl:2: 1.png is there twice in variant 'base'");
  write_run("stranger", usual, {item("other", "1.png", {face({})})});
  refuse({"stranger"}, 4, "stranger/results.jsonl:1: no variant 'other' in environment.json");
  write_run("bare", usual, {one});
  fs::remove(folder_ / "bare/environment.json");
  refuse({"bare"}, 4, "bare/environment.json: it is missing");
  write_text(folder_ / "bare/environment.json", "{\"variants\": [7]}");
  refuse({"bare"}, 4, "bare/environment.json: not as a run wrote it");
}

}  // namespace
}  // namespace system_test
