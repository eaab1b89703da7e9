// faceoff evaluate: what it says of a run and of a folder, from the command line.
#include <gtest/gtest.h>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pictures.hpp"
#include "program.hpp"

namespace system_test {
namespace {

/// Two people with four photos each, and one of the first made to pass for the second.
constexpr const char* other = "bea <b>_&";  // as rude as a folder's name can be

/// Each test has a folder of its own, a copy of one whose run is made once.
class Evaluate : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    made_ = std::make_unique<TemporaryFolder>();
    save_photos("ann", small_picture());
    save_photos(other, other_small_picture());
    write_text(*made_ / "x.toml",
               "data = { pictures = [\"people/ann/1.png\"], people = \"people\" }\n"
               "models.ssd.plugin = \"ssd_mobilenet_v1\"\n"
               "models.marks.plugin = \"face_landmark_68\"\n"
               "models.faceres.plugin = \"faceres\"\n"
               "models.mobileface.plugin = \"mobileface\"\n"
               "faces = { detector = \"ssd\", landmarks = \"marks\" }\n"
               "attack = { target = { choice = \"named\", name = \"bea <b>_&\" }, epsilon = 16 }\n"
               "loss = [{ plugin = \"similarity\", models = [\"faceres\"] }]\n"
               "optimizer = { plugin = \"pgd\", steps = 20, step_size = 2 }\n"
               "evaluate = { models = [\"mobileface\"], after = [\"png\", \"jpeg:75\"] }\n"
               "sweep = { \"attack.epsilon\" = [2, 16] }\n");
    const Outcome outcome = run_faceoff({"run", "x.toml", "--out", "run"}, made_->path());
    ASSERT_EQ(outcome.code, 0) << outcome.err;
  }

  static void TearDownTestSuite() { made_.reset(); }

  void SetUp() override { fs::copy(made_->path(), folder_.path(), fs::copy_options::recursive); }

  static void save_photos(const std::string& person, const cv::Mat& face) {
    const fs::path photos = *made_ / "people" / person;
    fs::create_directories(photos);
    for (int i = 1; i <= 4; ++i)
      cv::imwrite((photos / (std::to_string(i) + ".png")).string(), face * (1 - .03 * (i - 1)) + cv::Scalar(i, i, i));
  }

  Outcome evaluate(const Args& args) const {
    Args all = {"evaluate"};
    all.insert(all.end(), args.begin(), args.end());
    return run_faceoff(all, folder_.path());
  }

  std::vector<Json> lines(const std::string& run) const {
    std::vector<Json> all;
    for (const std::string& line : lines_of(read_text(folder_ / run / "evaluation.jsonl")))
      all.push_back(Json::parse(line));
    return all;
  }

  static const Json& line(const std::vector<Json>& all, double epsilon, const std::string& after) {
    const auto found =
        std::ranges::find_if(all, [&](const Json& one) { return one["epsilon"] == epsilon && one["after"] == after; });
    if (found == all.end()) throw std::runtime_error("no line for " + after);
    return *found;
  }

  static const Json& model(const Json& line, const std::string& name) {
    for (const Json& one : line["faces"][0]["models"]) {
      if (one["name"] == name) return one;
    }
    throw std::runtime_error("no model " + name);
  }

  void refuse(const Args& args, int code, const std::string& message) const {
    SCOPED_TRACE(testing::PrintToString(args));
    const std::vector<std::string> before = files_in(folder_.path());
    const Outcome outcome = evaluate(args);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(lines_of(outcome.err).size(), 1U) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, message)) << outcome.err;
    EXPECT_EQ(files_in(folder_.path()), before);
  }

  static inline std::unique_ptr<TemporaryFolder> made_;
  TemporaryFolder folder_;
};

TEST_F(Evaluate, SaysOfARunWhatItsFilesShow) {
  const Outcome outcome = evaluate({"run", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::vector<Json> all = lines("run");
  ASSERT_EQ(all.size(), 4U) << "two variants after two degradations";
  const std::vector<Json> items = results(folder_ / "run");

  // What the run recorded, measured anew on the file.
  const Json& strong = line(all, 16, "png");
  for (const char* key : {"linf", "l2", "psnr", "ssim", "changed"}) {
    EXPECT_NEAR(strong[key].get<double>(), items[1][key].get<double>(), 1e-5) << key;
  }
  const cv::Mat clean = read_pixels(folder_ / "people/ann/1.png"),
                delivered = read_pixels(folder_ / "run" / strong["output"].get<std::string>());
  EXPECT_EQ(largest_difference(clean, delivered), strong["linf"].get<int>());

  // The surrogate is fooled with the larger budget; the control is not, and neither is it taken for another.
  EXPECT_EQ(strong["faces"][0]["person"], "ann");
  EXPECT_EQ(strong["faces"][0]["known"], true);
  EXPECT_EQ(strong["faces"][0]["target"], other);
  const Json& surrogate = model(strong, "faceres");
  EXPECT_EQ(surrogate["role"], "surrogate");
  EXPECT_EQ(surrogate["outcome"], "H");
  EXPECT_EQ(surrogate["best"][0]["name"], "ann");
  EXPECT_EQ(surrogate["best"][1]["name"], other);
  EXPECT_EQ(surrogate["impersonated"]["1e-3"], Json::parse("[false,true]"));
  EXPECT_EQ(surrogate["dodged"]["1e-3"], Json::parse("[false,true]"));
  EXPECT_EQ(model(strong, "mobileface")["role"], "held_out");
  EXPECT_EQ(model(line(all, 2, "png"), "mobileface")["outcome"], "L") << "two grey levels fool nobody unseen";
  EXPECT_NE(model(line(all, 16, "jpeg:75"), "faceres")["target"], surrogate["target"]);

  // --json adds the same up.
  const Json sums = Json::parse(outcome.out);
  ASSERT_EQ(sums.size(), 4U);
  EXPECT_EQ(sums[0]["recognisers"][0]["faces"], 1);
  EXPECT_TRUE(contains(outcome.err, "faceres (surrogate), 1 faces: H 1")) << outcome.err;

  // And again, the same bits.
  const std::string first = read_text(folder_ / "run/evaluation.jsonl"), page = read_text(folder_ / "run/report.html");
  ASSERT_EQ(evaluate({"run"}).code, 0);
  EXPECT_EQ(read_text(folder_ / "run/evaluation.jsonl"), first);
  EXPECT_EQ(read_text(folder_ / "run/report.html"), page);
}

/// A page's plots, whatever the run has to show.
std::size_t plots_in(const std::string& page) {
  std::size_t plots = 0;
  for (std::size_t at = page.find("class=\"spec\""); at != std::string::npos; at = page.find("class=\"spec\"", at + 1))
    ++plots;
  return plots;
}

/// What a person sees of a page in a real browser; the test needs chromium, which scripts/bootstrap --lint installs.
Outcome look_at(const fs::path& page) {
  const std::string reader = FACEOFF_SOURCE_FOLDER "/tests/system/check_report.py";
  return run({{"python3", reader, page.string(), "--plots", std::to_string(plots_in(read_text(page)))}});
}

TEST_F(Evaluate, ReportsARunAsAPageThatABrowserShows) {
  const Outcome two =
      run_faceoff({"run", "x.toml", "--set", "data.pictures=[\"people/ann/1.png\", \"people/ann/2.png\"]", "--out",
                   "two", "--set", R"(sweep.zip={name=["a_name_that_takes_much_room"], "loss.0.weight"=[1]})"},
                  folder_.path());
  ASSERT_EQ(two.code, 0) << two.err;
  const Outcome outcome = evaluate({"two"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_FALSE(contains(outcome.err, "no plots")) << "scripts/vega fetches what draws them: " << outcome.err;
  const fs::path page = folder_ / "two/report.html";
  const std::string html = read_text(page);
  EXPECT_TRUE(contains(html, "as bea &lt;b&gt;_&amp;"));
  EXPECT_FALSE(contains(html, "bea <b>"));
  EXPECT_FALSE(contains(html, "src=\"http"));
  // Of two recognisers what the report's tables say of success, against epsilon and false accept rate; two histograms
  // and a ROC each; the detector that was hidden from; objective and margin.
  EXPECT_EQ(plots_in(html), 23U);
  const Outcome seen = look_at(page);
  EXPECT_EQ(seen.code, 0) << seen.err;
  EXPECT_EQ(Json::parse(seen.out)["pictures"], 4 * 3) << "three views of two pictures under two variants";

  // The browser refuses what is not as it was written.
  const std::string own = "Tables sort by their heads";
  ASSERT_TRUE(contains(html, own));
  std::string changed = html;
  changed.replace(changed.find(own), own.size(), "Tables sort by their tails");
  const Outcome refused = look_at(write_text(folder_ / "changed.html", changed));
  EXPECT_EQ(refused.code, 1);
  EXPECT_TRUE(contains(refused.err, "violates the following Content Security Policy directive")) << refused.err;
}

TEST_F(Evaluate, ReportsARunAsPagesThatNeedNoOther) {
  ASSERT_EQ(evaluate({"run", "--after", "png"}).code, 0);
  const std::string page = read_text(folder_ / "run/report.html");
  EXPECT_TRUE(contains(page,
                       "Faces found by ssd (score at least 0.5), aligned by marks. Recognisers choose "
                       "between 2 people."))
      << page.substr(0, 2000);
  const std::string check =
      "import sys, base64, re, html.parser\n"
      "class Page(html.parser.HTMLParser):\n"
      "    stack, pictures = [], 0\n"
      "    def handle_starttag(self, tag, attributes):\n"
      "        if tag == 'img':\n"
      "            data = dict(attributes)['src'].split('base64,')[1]\n"
      "            assert base64.b64decode(data)[:2] == b'\\xff\\xd8'\n"
      "            self.pictures += 1\n"
      "        elif tag != 'meta': self.stack.append(tag)\n"
      "    def handle_startendtag(self, tag, attributes): assert tag == 'rect', tag\n"
      "    def handle_endtag(self, tag): assert self.stack.pop() == tag, tag\n"
      "page = Page()\n"
      "page.feed(open(sys.argv[1], encoding='utf-8').read())\n"
      "assert not page.stack, page.stack\n"
      "print(page.pictures)\n";
  const Outcome parsed = run({{"python3", "-c", check, (folder_ / "run/report.html").string()}, {}, folder_.path()});
  EXPECT_EQ(parsed.code, 0) << parsed.err;
  EXPECT_EQ(parsed.out, "6\n") << "before, perturbation and after, at two budgets";
  const std::string latex = read_text(folder_ / "run/report.tex");
  EXPECT_TRUE(contains(latex, "as bea <b>\\_\\&")) << latex.substr(0, 400);
  EXPECT_TRUE(contains(latex, "\\end{document}"));
  if (std::system("command -v pdflatex > /dev/null") == 0) {  // NOLINT(cert-env33-c): a test
    const Outcome pdf =
        run({{"pdflatex", "-interaction=nonstopmode", "-halt-on-error", "report.tex"}, {}, folder_ / "run"});
    EXPECT_EQ(pdf.code, 0) << pdf.out;
  }
  std::size_t differences = 0;
  for (const std::string& file : files_in(folder_ / "run/differences")) differences += file.ends_with(".png") ? 1 : 0;
  EXPECT_EQ(differences, 2U);
}

TEST_F(Evaluate, SaysTheSameOfAFolder) {
  ASSERT_EQ(evaluate({"run"}).code, 0);
  fs::create_directories(folder_ / "made");
  fs::copy_file(folder_ / "run" / line(lines("run"), 16, "png")["output"].get<std::string>(), folder_ / "made/1.png",
                fs::copy_options::overwrite_existing);
  const Outcome outcome =
      evaluate({"made", "--clean", "people/ann", "--people", "people", "--out", "folder", "--attacked", "faceres",
                "--model", "mobileface", "--after", "png", "--after", "jpeg:75", "--target", other});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::vector<Json> from_run = lines("run"), from_folder = lines("folder");
  ASSERT_EQ(from_folder.size(), 2U);
  for (const Json& one : from_folder) {
    EXPECT_EQ(one["faces"][0]["person"], "ann");
    for (const char* name : {"faceres", "mobileface"}) {
      const Json &a = model(one, name), &b = model(line(from_run, 16, one["after"]), name);
      for (const char* key : {"role", "outcome", "best", "target", "self", "impersonated", "dodged"})
        EXPECT_EQ(a[key], b[key]) << key;
    }
  }
}

TEST_F(Evaluate, CleanPicturesAreTheControl) {
  const Outcome outcome = evaluate({"people/ann", "--clean", "people/ann", "--people", "people", "--out", "control",
                                    "--model", "faceres", "--model", "ssd_mobilenet_v1", "--after", "png"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::vector<Json> all = lines("control");
  ASSERT_EQ(all.size(), 4U);
  for (const Json& one : all) {
    EXPECT_EQ(one["linf"], 0);
    EXPECT_TRUE(one["psnr"].is_null());
    const Json& said = model(one, "faceres");
    EXPECT_EQ(said["outcome"], "L");
    EXPECT_EQ(said["best"][0], said["best"][1]);
    EXPECT_EQ(said["dodged"]["1e-3"], Json::parse("[false,false]"));
    const Json& seen = one["detectors"][0]["seen"];
    EXPECT_EQ(seen[0], seen[1]);
    EXPECT_GE(seen[1]["faces"][0]["iou"].get<double>(), .5);
  }
}

TEST_F(Evaluate, TakesWhatOthersAnswered) {
  const Json item = results(folder_ / "run").at(1);
  write_text(folder_ / "answers.csv", "picture,recogniser,identity\n" + item["picture"].get<std::string>() +
                                          ",service,ann\n" + item["output"].get<std::string>() + ",service," + other +
                                          "\n");
  const Outcome outcome = evaluate({"run", "--answers", "answers.csv"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(model(line(lines("run"), 16, "png"), "service")["outcome"], "H");
  EXPECT_TRUE(contains(outcome.err, "service (held_out), 1 faces: H 1")) << outcome.err;
}

TEST_F(Evaluate, ADetectorThatWasAttackedFindsNoFacesForIt) {
  write_text(folder_ / "hide.toml",
             "data.pictures = [\"people/ann/1.png\"]\n"
             "models.ssd.plugin = \"ssd_mobilenet_v1\"\n"
             "faces.detector = \"ssd\"\n"
             "loss = [{ plugin = \"detection\", models = [\"ssd\"] }]\n"
             "optimizer = { plugin = \"pgd\", steps = 20 }\n");
  const Outcome outcome = run_faceoff({"run", "hide.toml", "--out", "hidden"}, folder_.path());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Outcome said = evaluate({"hidden", "--after", "png", "--model", "mtcnn"});
  ASSERT_EQ(said.code, 0) << said.err;
  const Json one = lines("hidden").at(0);
  EXPECT_TRUE(one["faces"][0]["found"].is_null()) << "nobody had to find it for a recogniser";
  ASSERT_EQ(one["detectors"].size(), 2U) << one["detectors"];
  EXPECT_EQ(one["detectors"][0]["role"], "surrogate");
  EXPECT_LT(one["detectors"][0]["seen"][1]["faces"][0]["iou"].get<double>(), .5);
  EXPECT_EQ(one["detectors"][1]["role"], "held_out");
}

TEST_F(Evaluate, SaysNothingOfATargetWhomNoPhotoShows) {
  fs::create_directories(folder_ / "fewer");
  fs::copy(folder_ / "people/ann", folder_ / "fewer/ann");
  ASSERT_EQ(evaluate({"run", "--people", "fewer", "--after", "png", "--after", "png"}).code, 0);
  const std::vector<Json> all = lines("run");
  EXPECT_EQ(all.size(), 2U) << "one of each variant, however often png is named";
  const Json& said = model(line(all, 16, "png"), "faceres");
  EXPECT_EQ(said["impersonated"], Json::object());
  EXPECT_EQ(said["dodged"]["1e-3"], Json::parse("[false,true]"));
}

TEST_F(Evaluate, APictureThatIsGoneCostsItselfAlone) {
  fs::remove(folder_ / "run" / results(folder_ / "run").at(0)["output"].get<std::string>());
  const Outcome outcome = evaluate({"run", "--after", "png"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(contains(outcome.err, "images/epsilon=2/1.png: cannot be read")) << outcome.err;
  EXPECT_EQ(lines("run").size(), 1U);
}

TEST_F(Evaluate, WhatCannotBeDoneAgainIsKept) {
  ASSERT_EQ(evaluate({"run", "--after", "png"}).code, 0);
  const std::string before = read_text(folder_ / "run/evaluation.jsonl");
  for (const Json& item : results(folder_ / "run")) fs::remove(folder_ / "run" / item["output"].get<std::string>());
  const Outcome outcome = evaluate({"run", "--after", "png"});
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_EQ(read_text(folder_ / "run/evaluation.jsonl"), before);
  EXPECT_TRUE(fs::exists(folder_ / "run/differences"));
  fs::remove_all(folder_ / "run/differences");
  write_text(folder_ / "run/differences", "");
  EXPECT_EQ(evaluate({"run"}).code, 4);
}

TEST_F(Evaluate, OneThatCannotBeWrittenWholeLeavesTheEarlierOne) {
  ASSERT_EQ(evaluate({"run", "--after", "png"}).code, 0);
  const auto contents = [&] {
    std::map<std::string, std::string> all;
    for (const std::string& file : files_in(folder_ / "run")) all[file] = read_text(folder_ / "run" / file);
    return all;
  };
  const auto before = contents();
  const std::size_t page = before.at("report.html").size() / 1024;
  // Everything but the page fits.
  const Outcome outcome = run({{"bash", "-c", "ulimit -f " + std::to_string(page / 2) + "; exec \"$@\"", "bash",
                                faceoff({}).command.front(), "evaluate", "run", "--after", "jpeg:75"},
                               {},
                               folder_.path()});
  EXPECT_EQ(outcome.code, 4) << outcome.err;
  EXPECT_TRUE(contents() == before);
}

TEST_F(Evaluate, ALineThatWasNotWrittenWholeAndAPictureThatIsGoneAreNoHindrance) {
  write_text(folder_ / "run/results.jsonl", read_text(folder_ / "run/results.jsonl") + "{\"item\":2,\"vari");
  fs::rename(folder_ / "people", folder_ / "moved");
  const Outcome outcome = evaluate({"run", "--people", "moved", "--after", "png"});
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "people/ann/1.png: cannot be read")) << outcome.err;
}

TEST_F(Evaluate, NobodyPassesForOneself) {
  const Outcome outcome = evaluate({"people/ann", "--clean", "people/ann", "--people", "people", "--out", "own",
                                    "--model", "faceres", "--after", "png", "--target", "ann"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const Json& one : lines("own")) {
    EXPECT_TRUE(one["faces"][0]["target"].is_null());
    EXPECT_EQ(model(one, "faceres")["outcome"], "L");
  }
}

TEST_F(Evaluate, BadInputGetsOneLine) {
  refuse({}, 2, "evaluate needs a run's folder");
  refuse({"nowhere"}, 2, "no folder nowhere");
  refuse({"people/ann"}, 2, "not a run's folder (no results.jsonl)");
  refuse({"run", "--out", "x"}, 2, "--out is for a folder");
  refuse({"run", "--target", "ann"}, 2, "--target is for a folder");
  const Outcome nobody =
      evaluate({"people/ann", "--clean", "people/ann", "--people", "people", "--out", "x", "--target", "anne"});
  EXPECT_EQ(nobody.code, 2);
  EXPECT_TRUE(contains(nobody.err, "--target: nobody is named 'anne' in --people; did you mean 'ann'?")) << nobody.err;
  EXPECT_FALSE(fs::exists(folder_ / "x"));
  refuse({"run", "--after", "jpeg:0"}, 2, "'jpeg:0': there are png (as delivered), jpeg:QUALITY");
  refuse({"run", "--model", "face_landmark_68"}, 2, "it provides landmarks, and a judge needs embedding, or scores");
  refuse({"run", "--minimum-score", "7"}, 2, "--minimum-score");
  refuse({"run", "--answers", "nowhere.csv"}, 2, "--answers: no file nowhere.csv");
  refuse({"run", "--after", "jpeg:75", "--answers", "x.toml"}, 2, "x.toml:1:1: its first line has to name the columns");
  write_text(folder_ / "bad.csv", "picture,recogniser,identity\nelsewhere.png,service,ann\n");
  refuse({"run", "--answers", "bad.csv"}, 2, "bad.csv:2:1: no picture 'elsewhere.png' is evaluated");
  refuse({"people/ann", "--clean", "people/ann", "--people", "people", "--out", "run"}, 2, "run");
  refuse({"run", "--people", "nowhere"}, 2, "nowhere");
  fs::create_directories(folder_ / "torn");
  for (const char* file : {"resolved.toml", "experiment.toml"})
    fs::copy_file(folder_ / "run" / file, folder_ / "torn" / file, fs::copy_options::overwrite_existing);
  const std::string whole = lines_of(read_text(folder_ / "run/results.jsonl")).front() + "\n";
  write_text(folder_ / "torn/results.jsonl", whole + "{\"item\":0,\n");
  refuse({"torn"}, 4, "torn/results.jsonl:2: not as a run wrote it");
  write_text(folder_ / "torn/results.jsonl", whole + whole);
  refuse({"torn"}, 4, "torn/results.jsonl:2: a second line of item 0");
  refuse({"run", "--set", "face_recognition.weights=x"}, 2, "no model that is asked for here is 'face_recognition'");
  fs::create_directories(folder_ / "two");
  for (const char* ending : {"png", "jpg"})
    cv::imwrite((folder_ / "two" / (std::string("1.") + ending)).string(), small_picture());
  fs::create_directories(folder_ / "webp");
  cv::imwrite((folder_ / "webp/1.webp").string(), small_picture());
  refuse({"webp", "--clean", "two", "--people", "people", "--out", "x"}, 2,
         "webp/1.webp: several pictures of that name, but for their endings, in --clean two");
  fs::create_directories(folder_ / "reserved/(photos)");
  cv::imwrite((folder_ / "reserved/(photos)/1.png").string(), small_picture());
  refuse({"run", "--people", "reserved"}, 2, "reserved/(photos): nobody among people can be called '(photos)'");
  fs::create_directories(folder_ / "odd");
  cv::imwrite((folder_ / "odd/1.png").string(), cv::Mat(20, 20, CV_8UC3, cv::Scalar(1, 2, 3)));
  const Outcome odd = evaluate({"odd", "--clean", "people/ann", "--people", "people", "--out", "odd-out", "--model",
                                "faceres", "--after", "png"});
  EXPECT_EQ(odd.code, 1) << odd.err;
  EXPECT_TRUE(contains(odd.err, "nothing could be evaluated, so nothing is written")) << odd.err;
  EXPECT_FALSE(fs::exists(folder_ / "odd-out"));
  EXPECT_TRUE(contains(odd.err, "it has 20 × 20 pixels, and people/ann/1.png has 360 × 360 pixels")) << odd.err;
}

}  // namespace
}  // namespace system_test
