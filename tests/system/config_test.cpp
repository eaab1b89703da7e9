// faceoff config: an experiment checked and shown, and its schema, which taplo holds the project's experiments to.
#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>

#include <string>
#include <vector>

#include "pictures.hpp"
#include "program.hpp"

namespace system_test {
namespace {

class Config : public testing::Test {
 protected:
  void SetUp() override { save_small_picture(); }
  void save_small_picture() const { cv::imwrite((folder_ / "small.png").string(), small_picture()); }

  Outcome config(const Args& more) const {
    Args args = {"config"};
    args.insert(args.end(), more.begin(), more.end());
    return run_faceoff(args, folder_.path());
  }

  /// What taplo says of an experiment under the schema of `faceoff config schema`.
  Outcome taplo(const fs::path& experiment) const {
    if (!fs::exists(folder_ / "schema.json")) {
      const Outcome schema = config({"schema"});
      EXPECT_EQ(schema.code, 0) << schema.err;
      write_text(folder_ / "schema.json", schema.out);
    }
    const fs::path program = fs::path(FACEOFF_SOURCE_FOLDER) / ".venv-tensorboard/bin/taplo";
    return run({{program.string(), "lint", "--no-auto-config", "--schema",
                 "file://" + (folder_ / "schema.json").string(), experiment.string()},
                {},
                folder_.path()});
  }

  const std::string experiment_ = R"(name = "mine"
[data]
pictures = ["small.png"]
[models.tiny]
plugin = "tiny_face_detector"
[faces]
detector = "tiny"
[attack]
epsilon = "8/255"
[[loss]]
plugin = "detection"
models = ["tiny"]
[optimizer]
plugin = "pgd"
steps = 3
)";
  const TemporaryFolder folder_;
};

TEST_F(Config, ChecksWithoutDoingAnything) {
  write_text(folder_ / "x.toml", experiment_ + "[sweep]\n\"attack.epsilon\" = [4, 8]\n");
  const Outcome good = config({"check", "x.toml"});
  EXPECT_EQ(good.code, 0) << good.err;
  EXPECT_TRUE(contains(good.out, "x.toml: 2 variants, 2 items")) << good.out;
  const Outcome bad = config({"check", "x.toml", "--set", "optimizer.stepz=3"});
  EXPECT_EQ(bad.code, 2);
  EXPECT_TRUE(contains(bad.err, "unknown key 'stepz'")) << bad.err;
  EXPECT_EQ(files_in(folder_.path()), (std::vector<std::string>{"small.png", "x.toml"}));
}

TEST_F(Config, ShowsEveryValueAndWhereItComesFrom) {
  write_text(folder_ / "base.toml", experiment_);
  write_text(folder_ / "x.toml", "extends = \"base.toml\"\n[attack]\nepsilon = 4\n");
  const Outcome shown = config({"show", "x.toml", "--set", "seed=7"});
  ASSERT_EQ(shown.code, 0) << shown.err;
  EXPECT_TRUE(contains(shown.out, "epsilon = 4.0  # x.toml:3:11")) << shown.out;
  EXPECT_TRUE(contains(shown.out, "steps = 3  # base.toml:15:9")) << shown.out;
  EXPECT_TRUE(contains(shown.out, "seed = 7  # --set")) << shown.out;
  EXPECT_TRUE(contains(shown.out, "norm = \"inf\"  # default")) << shown.out;
}

TEST_F(Config, SaysWhatItTakes) {
  for (const auto& [args, why] : std::vector<std::pair<Args, std::string>>{
           {{}, "config needs check, show or schema"},
           {{"chek"}, "no 'faceoff config chek': check, show or schema; did you mean 'check'?"},
           {{"check"}, "config check needs an experiment"},
           {{"show", "none.toml"}, "no experiment none.toml"},
           {{"schema", "x.toml"}, "config schema is about all experiments"}}) {
    const Outcome outcome = config(args);
    EXPECT_EQ(outcome.code, 2) << why;
    EXPECT_TRUE(contains(outcome.err, why)) << outcome.err;
  }
}

TEST_F(Config, TheSchemaHoldsForEveryExperiment) {
  for (const fs::directory_entry& entry : fs::directory_iterator(fs::path(FACEOFF_SOURCE_FOLDER) / "experiments")) {
    const Outcome outcome = taplo(entry.path());
    EXPECT_EQ(outcome.code, 0) << outcome.err;
  }
}

TEST_F(Config, TheSchemaRefusesWhatTheProgramRefuses) {
  write_text(folder_ / "good.toml", experiment_);
  const Outcome good = taplo(folder_ / "good.toml");
  ASSERT_EQ(good.code, 0) << good.err;
  const std::vector<std::pair<std::string, std::string>> changes = {{"steps = 3", "stepz = 3"},
                                                                    {"steps = 3", "steps = 0"},
                                                                    {"steps = 3", "steps = \"three\""},
                                                                    {"epsilon = \"8/255\"", "epsilon = true"},
                                                                    {"\"detection\"", "\"detektion\""},
                                                                    {"name = \"mine\"", "nome = \"mine\""},
                                                                    {"\"8/255\"", "300.0\nnorm = \"one\""}};
  for (const auto& [from, to] : changes) {
    std::string text = experiment_;
    text.replace(text.find(from), from.size(), to);
    write_text(folder_ / "x.toml", text);
    EXPECT_NE(taplo(folder_ / "x.toml").code, 0) << to;
    EXPECT_EQ(config({"check", "x.toml"}).code, 2) << to;
  }
}

TEST_F(Config, TheSchemaKnowsTheKeysThatTheProgramKnows) {
  const Json schema = Json::parse(config({"schema"}).out);
  // Whatever [attack] and its like may hold is asked for by the program: a value of no type is a fault, but no unknown
  // key.
  for (const char* section : {"data", "faces", "attack", "evaluate", "output", "run"}) {
    for (const auto& [key, what] : schema["properties"][section]["properties"].items()) {
      std::string text = experiment_;
      const std::string header = "[" + std::string(section) + "]\n";
      if (!contains(text, header)) text += header;
      // A key that is there already would be there twice.
      const std::string said = "\n" + key + " = ";
      if (contains(text, said)) continue;
      text.insert(text.find(header) + header.size(), key + " = 1979-05-27\n");
      write_text(folder_ / "x.toml", text);
      const Outcome outcome = config({"check", "x.toml"});
      EXPECT_EQ(outcome.code, 2) << section << "." << key;
      EXPECT_FALSE(contains(outcome.err, "unknown key")) << outcome.err;
    }
  }
}

}  // namespace
}  // namespace system_test
