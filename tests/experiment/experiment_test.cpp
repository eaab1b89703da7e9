#include "experiment/experiment.hpp"

#include <sstream>

#include "experiment/experiment_files.hpp"
#include "experiment/read.hpp"
#include "picture/find_pictures.hpp"

namespace faceoff {
namespace {

TEST(Experiment, HasWhatTheFileSaysAndDefaultsForTheRest) {
  const Read read(good);
  ASSERT_EQ(read.variants.size(), 1U);
  const Experiment& e = read.first();
  EXPECT_EQ(e.name, "good");
  EXPECT_EQ(e.variant, "base");
  EXPECT_EQ(e.seed, 5U);
  EXPECT_TRUE(e.device.is_cpu());
  EXPECT_EQ(e.pictures, (std::vector<std::filesystem::path>{"models/samples/sample1.jpg"}));
  EXPECT_EQ(e.models.at("ssd").info->name, "ssd_mobilenet_v1");
  EXPECT_EQ(e.detector, "ssd");
  EXPECT_EQ(e.minimum_score, .5);
  EXPECT_EQ(e.epsilon, 8);
  EXPECT_EQ(e.norm, Norm::inf);
  EXPECT_EQ(e.subject, SubjectKind::picture);
  EXPECT_EQ(e.mask, MaskKind::picture);
  EXPECT_FALSE(e.stop_at.has_value());
  EXPECT_EQ(e.restarts, 1);
  EXPECT_TRUE(e.targets.empty());
  ASSERT_EQ(e.losses.size(), 1U);
  EXPECT_EQ(e.losses[0].models, (std::vector<std::string>{"ssd"}));
  EXPECT_EQ(e.losses[0].weight, 1);
  EXPECT_EQ(param(e.losses[0].plugin, "area"), ParamValue(false));
  EXPECT_EQ(param(e.optimizer, "steps"), ParamValue(std::int64_t{40}));
  EXPECT_EQ(param(e.optimizer, "step_size"), ParamValue(1.));
  EXPECT_TRUE(e.augmentations.empty());
}

TEST(Experiment, ProtectsUnlessItHasATargetOrSaysSo) {
  EXPECT_EQ(Read(good).first().goal, Goal::protect);
  const Sets targeted = {"data.people=[\"models/samples/sample2.jpg\"]", "attack.target={choice=\"random\"}"};
  EXPECT_EQ(Read(good, targeted).first().goal, Goal::impersonate);
  Sets said = targeted;
  said.emplace_back("attack.goal=protect");
  EXPECT_EQ(Read(good, said).first().goal, Goal::protect);
  expect_in(complaint(good, {"attack.goal=impersonate"}), "needs somebody to be taken for");
  expect_in(complaint(good, {"attack.goal=protekt"}), "'protect'");
}

TEST(Experiment, WholeNumbersAreNumbersAndAStringIsAListOfOne) {
  std::string text = with_line("steps = 40", "step_size = 2");
  text.replace(text.find("[\"ssd\"]"), 7, "\"ssd\"");
  const Read read(text);
  EXPECT_EQ(param(read.first().optimizer, "step_size"), ParamValue(2.));
  EXPECT_EQ(read.first().losses[0].models, (std::vector<std::string>{"ssd"}));
}

TEST(Experiment, ExpandsFoldersAndPatternsOnceAndInOrder) {
  const TemporaryFolder folder;
  for (const char* name : {"b.png", "a.jpg", "c.TIFF", "notes.txt"}) write_bytes(folder / name, "");
  const std::string at = folder.path().string();
  using Paths = std::vector<std::filesystem::path>;
  EXPECT_EQ(expand_pictures({at}), (Paths{folder / "a.jpg", folder / "b.png", folder / "c.TIFF"}));
  EXPECT_EQ(expand_pictures({at + "/*.png", at, at + "/../" + folder.path().filename().string() + "/a.jpg"}),
            (Paths{folder / "b.png", folder / "a.jpg", folder / "c.TIFF"}));
  expect_in(error_of<ConfigError>([&] { expand_pictures({at + "/*.bmp"}); }), "no picture " + at + "/*.bmp");
}

TEST(Epsilon, IsInGreyLevelsAndMayBeAFractionOfTheirRange) {
  const auto of = [](const std::string& value) { return Read(good, {"attack.epsilon=" + value}).first().epsilon; };
  EXPECT_DOUBLE_EQ(of("8/255"), 8);
  EXPECT_DOUBLE_EQ(of("\"0.5/1\""), 127.5);
  EXPECT_DOUBLE_EQ(of("1"), 1);
  for (const char* small : {"0.03", "0", "0.99", "1/510"})
    expect_in(complaint(good, {std::string("attack.epsilon=") + small}), "is in grey levels");
  for (const char* wrong : {"8/0", "/255", "8/255x", "a/b"})
    expect_in(complaint(good, {std::string("attack.epsilon=") + wrong}), "'epsilon' should be a number");
  expect_in(complaint(good, {"attack.epsilon=2/1"}), "should be from 0 to 255");
}

TEST(Places, NameLineAndColumnAndShowTheLine) {
  std::string text = good;
  text.replace(text.find("epsilon = 8"), 11, "epsilon = \"a lot\"");
  EXPECT_EQ(complaint(text),
            "FILE:10:11: 'epsilon' should be a number\n  10 | epsilon = \"a lot\"\n     |           ^");
}

TEST(Places, AllFaultsAreToldAtOnceInOrder) {
  std::string text = with_line("seed = 5", "sede = 6");     // now line 3
  text = with_line("epsilon = 8", "norm = \"ifn\"", text);  // 12
  text = with_line("steps = 40", "step_size = -1", text);   // 19
  const std::vector<std::string> lines = lines_of(complaint(text));
  ASSERT_EQ(lines.size(), 9U);
  EXPECT_EQ(lines[0], "FILE:3:1: unknown key 'sede'; did you mean 'seed'?");
  expect_in(lines[3], "FILE:12:8: 'ifn' is no norm: one of inf, two; did you mean 'inf'?");
  expect_in(lines[6], "FILE:19:13: 'step_size' is -1");
}

TEST(Places, OfASweptValueIsItsPlaceInTheList) {
  const std::string message = complaint(good + "[sweep]\n\"attack.epsilon\" = [8, -2]\n");
  expect_in(message, "FILE:18:24: 'epsilon' is -2");
}

TEST(Places, OfASetIsItsOwnWords) {
  EXPECT_EQ(complaint(good, {"attack.epsilon=-2"}),
            "--set attack.epsilon=-2: 'epsilon' is -2, and should be from 0 to 255");
}

TEST(Resolved, SaysEveryValueAndWhereItCameFrom) {
  const Read read(good, {"attack.epsilon=12"});
  const std::string text = values_of(read.first());
  const std::string path = read.file.path.string();
  expect_in(text, "seed = 5  # " + path + ":2:8\n");
  expect_in(text, "epsilon = 12.0  # --set attack.epsilon=12\n");
  expect_in(text, "step_size = 1.0  # default\n");
  expect_in(text, "norm = \"inf\"  # default\n");
}

/// Everything an experiment is, but for where it was said.
std::string essence(const Experiment& e) {
  std::ostringstream out;
  for (const std::string& line : lines_of(values_of(e))) out << line.substr(0, line.find("  # ")) << "\n";
  return out.str();
}

TEST(Resolved, ReadAgainIsTheSameExperiment) {
  const std::string everything = good +
                                 "[[loss]]\nplugin = \"detection\"\nmodels = [\"odd name\"]\nweight = 1e-7\n"
                                 "[models.\"odd name\"]\nplugin = \"ssd_mobilenet_v1\"\n"
                                 "[models.\"a.b\\\"c\"]\nplugin = \"torchscript\"\nmean = [1, 2.5, 3]\n"
                                 "[[augment]]\nplugin = \"random_crop\"\nprobability = 0.5\ndraws = 2\n"
                                 "[evaluate]\nmodels = [\"a.b\\\"c\"]\n"
                                 "[sweep]\n\"attack.epsilon\" = [8, 12.5]\n\"loss.0.area\" = [false, true]\n"
                                 "\"optimizer.plugin\" = [\"pgd\", \"momentum_pgd\"]\n"
                                 "\"models.'a.b\\\"c'.mean\" = [[1, 2.5, 3]]\n"
                                 "[[sweep.zip]]\nname = [\"short\", \"long\"]\n\"optimizer.steps\" = [2, 9]\n"
                                 "\"loss.1.weight\" = [0.5, 2.0]\n[[sweep.zip]]\nseed = [1, 2]\n";
  // A value over several lines belongs into one line's comment all the same.
  const Read read(everything, {"data.pictures=[\"models/samples/sample1.jpg\",\n\"models/samples/sample2.jpg\"]"});
  EXPECT_EQ(read.first().pictures.size(), 2U);
  std::vector<std::pair<std::string, const Resolved*>> variants;
  for (const Experiment& variant : read.variants) variants.emplace_back(variant.variant, &variant.resolved);
  const Read again(to_toml(variants) + read.document.sweep());
  ASSERT_EQ(again.variants.size(), read.variants.size());
  EXPECT_EQ(names(again.document), names(read.document));
  for (std::size_t i = 0; i < read.variants.size(); ++i) {
    EXPECT_EQ(essence(again.variants[i]), essence(read.variants[i])) << i;
  }
}

TEST(Experiment, ThatIsNotThereIsMissing) {
  expect_in(error_of<MissingFile>([] { Document document("nowhere.toml", {}); }), "nowhere.toml");
}

}  // namespace
}  // namespace faceoff
