// What a user gets for a mistake: one clear line a fault with its place, the exit code that says whose fault it is, and
// nothing on the disk.
#include <ATen/Context.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <regex>
#include <string>
#include <vector>

#include "pictures.hpp"
#include "program.hpp"

namespace system_test {
namespace {

const fs::path bad_experiments = fs::path("tests") / "bad_experiments";

/// What is said of faults: what stands after "faceoff: ", and below each message with a place the line and a caret.
struct Complaint {
  std::vector<std::string> messages;
  std::vector<std::string> sources;  ///< the lines with bars
};

Complaint complaint(const std::string& err) {
  Complaint said;
  bool begun = false;
  for (std::string line : lines_of(err)) {
    constexpr std::string_view prefix = "faceoff: ";
    if (!begun && !line.starts_with(prefix)) continue;  // words about progress
    if (!begun) line = line.substr(prefix.size());
    begun = true;
    (line.starts_with("  ") ? said.sources : said.messages).push_back(line);
  }
  return said;
}

/// Runs with --out, and checks everything that holds for any mistake; returns what was said.
Complaint refused(Call call, int code) {
  const TemporaryFolder folder;
  if (std::ranges::find(call.command, "--out") == call.command.end())
    call.command.insert(call.command.end(), {"--out", (folder / "run").string()});
  const Outcome outcome = run(call);
  EXPECT_EQ(outcome.code, code) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_FALSE(fs::exists(folder / "run")) << "something was written";
  for (const char* trace : {"frame #", "Exception raised from", "terminate", "what()", "c10::", "std::", "__"}) {
    EXPECT_FALSE(contains(outcome.err, trace)) << trace << " in " << outcome.err;
  }
  Complaint said = complaint(outcome.err);
  EXPECT_FALSE(said.messages.empty()) << outcome.err;
  return said;
}

Complaint refused(const Args& args, int code) {
  Args all = {"run"};
  all.insert(all.end(), args.begin(), args.end());
  return refused(faceoff(all), code);
}

/// For a call with one fault: its message.
std::string message(const Args& args, int code) {
  const Complaint said = refused(args, code);
  EXPECT_EQ(said.messages.size(), 1U) << testing::PrintToString(said.messages);
  return said.messages.empty() ? "" : said.messages.front();
}

// Experiments with a fault: tests/bad_experiments/*.toml. Their first lines, comments, are what should come of them:
// "# exit CODE", then a line a message without the file's name, "…" in the end for whatever else it says.

void expect_message(const std::string& message, const std::string& expected, const std::string& file) {
  const bool placed = std::regex_search(expected, std::regex("^[0-9]+:[0-9]+: "));
  const std::string whole = file + (placed ? ":" : ": ") + expected;
  constexpr std::string_view rest = "…";
  if (whole.ends_with(rest)) {
    EXPECT_TRUE(message.starts_with(whole.substr(0, whole.size() - rest.size()))) << message << "\nnot\n" << whole;
  } else {
    EXPECT_EQ(message, whole);
  }
}

/// "  12 | norm = …" and "     |        ^", for every message that names a line.
void expect_source(const Complaint& said, const std::vector<std::string>& lines) {
  std::vector<std::string> sources;
  for (const std::string& text : said.messages) {
    std::smatch place;
    if (!std::regex_search(text, place, std::regex("\\.toml:([0-9]+):([0-9]+): "))) continue;
    const std::string number = place[1];
    sources.push_back("  " + number + " | " + lines.at(std::stoul(number) - 1));
    sources.push_back("  " + std::string(number.size(), ' ') + " | " + std::string(std::stoul(place[2]) - 1, ' ') +
                      "^");
  }
  EXPECT_EQ(said.sources, sources);
}

void expect_refusal(const fs::path& file) {
  const std::vector<std::string> lines = lines_of(read_text(fs::path(FACEOFF_SOURCE_FOLDER) / file));
  ASSERT_FALSE(lines.empty());
  ASSERT_TRUE(lines.front().starts_with("# exit ")) << "say what should come of it";
  std::vector<std::string> expected;
  for (std::size_t i = 1; i < lines.size() && lines[i].starts_with("# "); ++i) expected.push_back(lines[i].substr(2));
  const Complaint said = refused({file.string()}, std::stoi(lines.front().substr(7)));
  ASSERT_EQ(said.messages.size(), expected.size()) << testing::PrintToString(said.messages);
  for (std::size_t i = 0; i < expected.size(); ++i) expect_message(said.messages[i], expected[i], file.string());
  // What toml++ would not survive is refused before anything is shown.
  const bool shown = file.stem() != "nul_byte" && file.stem() != "dots";
  if (shown) expect_source(said, lines);
}

TEST(BadInput, EveryBadExperimentIsRefused) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(FACEOFF_SOURCE_FOLDER / bad_experiments)) {
    if (entry.path().extension() == ".toml") files.push_back(bad_experiments / entry.path().filename());
  }
  std::ranges::sort(files);
  ASSERT_GT(files.size(), 60U);
  for (const fs::path& file : files) {
    if (file.stem() == "no_cuda" && at::hasCUDA()) continue;
    SCOPED_TRACE(file.string());
    expect_refusal(file);
  }
}

// The command line.

/// An experiment that is as good as a small one can be; what is bad about it the tests say with --set.
class BadInputBeside : public testing::Test {
 protected:
  Complaint refused_with(Args args, int code) const {
    args.insert(args.begin(), good_.string());
    return refused(args, code);
  }
  std::string message_with(Args args, int code) const {
    args.insert(args.begin(), good_.string());
    return message(args, code);
  }
  std::string message_of_set(const std::string& set, int code = 2) const { return message_with({"--set", set}, code); }

  TemporaryFolder folder_;
  fs::path good_ = write_text(folder_ / "good.toml",
                              "[data]\n"
                              "pictures = [\"tests/bad_experiments/picture.png\"]\n"
                              "[models.ssd]\n"
                              "plugin = \"ssd_mobilenet_v1\"\n"
                              "[faces]\n"
                              "detector = \"ssd\"\n"
                              "[[loss]]\n"
                              "plugin = \"detection\"\n"
                              "models = [\"ssd\"]\n"
                              "[optimizer]\n"
                              "plugin = \"pgd\"\n");
};

TEST_F(BadInputBeside, TheExperimentItselfIsGood) {
  const Outcome outcome = run_faceoff({"run", good_.string(), "--out", (folder_ / "run").string()});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

TEST_F(BadInputBeside, SetsAreToldWhereTheyWereSaid) {
  EXPECT_EQ(message_of_set("optimizer.step=3"),
            "--set optimizer.step=3: unknown key 'step' in [optimizer]; did you mean 'steps'?");
  EXPECT_EQ(message_of_set("optimizer.steps=many"), "--set optimizer.steps=many: 'steps' should be an integer");
  EXPECT_EQ(message_of_set("optimizer.steps=0"),
            "--set optimizer.steps=0: 'steps' is 0, and should be from 1 to 100000");
  EXPECT_EQ(message_of_set("optimizer.plugin=pdg"),
            "--set optimizer.plugin=pdg: no optimizer 'pdg'; did you mean 'pgd'? (faceoff plugins lists them)");
  EXPECT_EQ(message_of_set("loss.0.models=[\"sdd\"]"),
            "--set loss.0.models=[\"sdd\"]: no [models.sdd]; did you mean 'ssd'?");
  EXPECT_EQ(message_of_set("device=gpu"), "--set device=gpu: 'gpu' is no device: cpu, cuda or cuda:0");
  EXPECT_TRUE(message_of_set("seed=\"1").starts_with("--set seed=\"1: not TOML: "));
  EXPECT_EQ(message_of_set("data.pictures=[\"absent.jpg\"]"),
            "--set data.pictures=[\"absent.jpg\"]: no picture absent.jpg");
  EXPECT_TRUE(message_of_set("models.ssd.weights=absent.safetensors")
                  .starts_with("--set models.ssd.weights=absent.safetensors: no file absent.safetensors"));
  EXPECT_EQ(message_of_set("sweep={\"attack.epsilon\"=[]}"),
            "--set sweep={\"attack.epsilon\"=[]}: sweep 'attack.epsilon' should be a list of at least one value");
}

TEST_F(BadInputBeside, SetsThatSayNothingUseful) {
  EXPECT_EQ(message_of_set("seed"), "--set seed: say --set KEY=VALUE");
  EXPECT_EQ(message_of_set("=3"), "--set =3: say --set KEY=VALUE");
  EXPECT_EQ(message_of_set(""), "--set : say --set KEY=VALUE");
  EXPECT_EQ(message_of_set("a..b=3"), "--set a..b=3: 'a..b' is no key");
  EXPECT_EQ(message_of_set(".a=3"), "--set .a=3: '.a' is no key");
  EXPECT_EQ(message_of_set("a.=3"), "--set a.=3: 'a.' is no key");
  EXPECT_EQ(message_of_set("loss.5.weight=3"), "--set loss.5.weight=3: '5' is no place in a list of 1");
  EXPECT_EQ(message_of_set("loss.first.weight=3"), "--set loss.first.weight=3: 'first' is no place in a list of 1");
  EXPECT_EQ(message_of_set("loss.0=3"),
            "--set loss.0=3: 'loss' is a list: set all of it, or a key of a table in it (loss.0.KEY)");
  EXPECT_EQ(message_of_set("faces.detector.name=3"),
            "--set faces.detector.name=3: 'faces.detector' is a value, so there is nothing below it to set");
  EXPECT_EQ(message_of_set("faces.detector.name.first=3"),
            "--set faces.detector.name.first=3: 'faces.detector' is a value, so there is nothing below it to set");
  EXPECT_EQ(message_of_set("seed=1\nname=\"x\""), "--set seed=1 name=\"x\": one value");
  EXPECT_EQ(message_of_set("name=\xff\xfe"), "--set name=??: no UTF-8");
}

TEST_F(BadInputBeside, ADamagedWeightFileIsNamed) {
  const auto said_of = [&](const std::string& file) {
    const std::string set = "models.ssd.weights=" + file;
    const std::string text = message_of_set(set, 4), before = "--set " + set + ": " + file + ": ";
    EXPECT_TRUE(text.starts_with(before)) << text;
    return text.substr(std::min(text.size(), before.size()));
  };
  const auto truncated = [&](const std::string& name) {
    const std::string bytes = read_text(models_folder() / name);
    return write_text(folder_ / name, bytes.substr(0, bytes.size() / 2)).string();
  };
  EXPECT_TRUE(said_of(truncated("ssd_mobilenet_v1.safetensors")).starts_with("not a whole safetensors file: "));
  EXPECT_TRUE(said_of(write_text(folder_ / "empty", "").string()).starts_with("not a whole safetensors file: "));
  // Whole files, of the wrong kind or of another network.
  EXPECT_TRUE(said_of((models_folder() / "faceres.pt").string()).starts_with("not a whole safetensors file: "));
  EXPECT_TRUE(said_of((models_folder() / "face_landmark_68.safetensors").string()).starts_with("no tensor '"));

  const std::string script = truncated("faceres.pt");
  const std::string set =
      "models.ssd={plugin=\"torchscript\",provides=[\"scores\",\"boxes\"],weights=\"" + script + "\"}";
  EXPECT_TRUE(message_of_set(set, 4).starts_with("--set " + set + ": " + script + ": not a TorchScript file"));
}

TEST_F(BadInputBeside, Options) {
  EXPECT_EQ(message_with({"--sett", "seed=1"}, 2), "no option '--sett'; did you mean '--set'?");
  EXPECT_EQ(message_with({"--se", "seed=1"}, 2), "no option '--se'; did you mean '--set'?");
  EXPECT_EQ(message_with({"another.toml"}, 2), "more arguments than the command takes; --help shows what it takes");
  EXPECT_EQ(message({}, 2), "run needs an experiment: faceoff run EXPERIMENT.toml");
  EXPECT_EQ(message({"nowhere.toml"}, 2), "no experiment nowhere.toml");
  EXPECT_EQ(message({"tests"}, 2), "tests: cannot be read: Is a directory");
  EXPECT_EQ(message_with({"--plugin-path", "nowhere"}, 2), "--plugin-path: no folder 'nowhere'");
  EXPECT_EQ(message_with({"--plugin-path", good_.string()}, 2),
            "--plugin-path: '" + good_.string() + "' is a file, not a folder of plugins");
  const fs::path python = write_text(folder_.path() / "mine.py", "");
  EXPECT_PRED2(contains, message_with({"--plugin-path", python.string()}, 2), "the Python package");
  EXPECT_EQ(complaint(run_faceoff({"run", good_.string(), "--out"}).err).messages.front(),
            "the required argument for option '--out' is missing");
}

TEST_F(BadInputBeside, APipeInPlaceOfAPictureIsNotWaitedFor) {
  const fs::path pipe = folder_ / "pipe.png";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const std::string set = "data.pictures=" + toml_list({pipe});
  EXPECT_EQ(message_of_set(set), "--set " + set + ": " + pipe.string() + ": not a regular file");
}

TEST_F(BadInputBeside, AFileBeyondTheLimitIsAnErrorOfWriting) {
  const fs::path out = folder_ / "run";
  const Outcome outcome = run({{"bash", "-c", "ulimit -f 1; exec \"$@\"", "bash", FACEOFF_BINARY, "run", good_.string(),
                                "--out", out.string()}});
  EXPECT_EQ(outcome.code, 4) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "File too large")) << outcome.err;
  for (const std::string& file : files_in(out)) EXPECT_FALSE(file.starts_with("images/")) << file;
}

TEST(BadInput, Commands) {
  const Outcome unknown = run_faceoff({"rum"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_EQ(unknown.out, "");
  EXPECT_EQ(lines_of(unknown.err).front(), "faceoff: no command 'rum'; did you mean 'run'?");
  const Outcome none = run_faceoff({});
  EXPECT_EQ(none.code, 2);
  EXPECT_EQ(lines_of(none.err).front(), "faceoff: no command");
  for (const Args& args : {Args{"--help"}, Args{"run", "--help"}, Args{"plugins", "-h"}}) {
    const Outcome help = run_faceoff(args);
    EXPECT_EQ(help.code, 0);
    EXPECT_EQ(help.err, "");
    EXPECT_TRUE(contains(help.out, "faceoff"));
  }
}

// Plugins.

TEST_F(BadInputBeside, ABrokenPluginThatIsNamed) {
  const std::string file = write_text(folder_ / "broken.so", "this is no library\n").string();
  const Args path = {"--plugin-path", folder_.path().string()};
  for (const std::string set : {"optimizer.plugin=broken", "loss.0.plugin=broken", "models.ssd.plugin=broken"}) {
    const std::string text = message_with({path[0], path[1], "--set", set}, 3);
    EXPECT_TRUE(text.starts_with("--set " + set + ": " + file + " can't be used: ")) << text;
  }
}

TEST_F(BadInputBeside, ABrokenPluginThatNobodyNames) {
  const std::string file = write_text(folder_ / "broken.so", "this is no library\n").string();
  const std::string out = (folder_ / "run").string();
  Call call = faceoff({"run", good_.string(), "--out", out});
  call.environment["FACEOFF_PLUGIN_PATH"] = folder_.path().string();
  const Outcome outcome = run(call);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const std::vector<std::string> lines = lines_of(outcome.err);
  EXPECT_TRUE(lines.front().starts_with("warning: " + file + " can't be used: ")) << outcome.err;
  EXPECT_EQ(std::ranges::count_if(lines, [](const std::string& line) { return line.starts_with("warning: "); }), 1);
  EXPECT_EQ(results(out).size(), 1U);
}

// Where the run's folder should be.

TEST_F(BadInputBeside, AnOutputThatCantBeMade) {
  const std::string below_a_file = (good_ / "run").string();
  EXPECT_EQ(message_with({"--out", below_a_file}, 4), below_a_file + ": can't make the folder: Not a directory");
  const std::string is_a_file = good_.string();
  const std::string before = read_text(good_);
  EXPECT_EQ(message_with({"--out", is_a_file}, 2),
            "--out " + is_a_file + ": is there and is no empty folder; name another, nothing was changed");
  EXPECT_EQ(read_text(good_), before);
  EXPECT_EQ(message_with({"--out", ""}, 2), "--out: name a folder");
}

TEST_F(BadInputBeside, AnOutputThatIsInUseIsLeftAlone) {
  const fs::path used = folder_ / "used";
  fs::create_directory(used);
  write_text(used / "precious", "work of weeks");
  EXPECT_EQ(message_with({"--out", used.string()}, 2),
            "--out " + used.string() + ": is there and is no empty folder; name another, nothing was changed");
  EXPECT_EQ(files_in(used), (std::vector<std::string>{"precious"}));
  EXPECT_EQ(read_text(used / "precious"), "work of weeks");
}

// People.

TEST_F(BadInputBeside, PeopleThatAreNoPicturesAreLeftOut) {
  const std::string text = write_text(folder_ / "text.jpg", "no picture\n").string();
  const std::string people = "data.people=" + toml_list({text});
  const Args recognise = {"--set", "attack.target={choice=\"furthest\"}",
                          "--set", "models.faceres={plugin=\"torchscript\"}",
                          "--set", "loss=[{plugin=\"similarity\",models=[\"faceres\"]}]"};
  Args args = {"run", good_.string(), "--set", people, "--out", (folder_ / "run").string()};
  args.insert(args.end(), recognise.begin(), recognise.end());
  const Outcome outcome = run_faceoff(args);
  EXPECT_EQ(outcome.code, 2);
  const std::vector<std::string> lines = lines_of(outcome.err);
  ASSERT_EQ(lines.size(), 2U) << outcome.err;
  EXPECT_TRUE(lines[0].starts_with(text + ": not a picture")) << lines[0];
  EXPECT_TRUE(lines[0].ends_with("; left out")) << lines[0];
  EXPECT_EQ(lines[1], "faceoff: --set " + people + ": no face on any picture of people");
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

}  // namespace
}  // namespace system_test
