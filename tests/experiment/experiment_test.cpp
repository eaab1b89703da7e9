#include "experiment/experiment.hpp"

#include <set>
#include <sstream>

#include "experiment/experiment_files.hpp"
#include "picture/find_pictures.hpp"
#include "plugins/plugin_config.hpp"

namespace faceoff {
namespace {

const std::string good =
    "name = \"good\"\n"                              // 1
    "seed = 5\n"                                     // 2
    "[data]\n"                                       // 3
    "pictures = [\"models/samples/sample1.jpg\"]\n"  // 4
    "[models.ssd]\n"                                 // 5
    "plugin = \"ssd_mobilenet_v1\"\n"                // 6
    "[faces]\n"                                      // 7
    "detector = \"ssd\"\n"                           // 8
    "[attack]\n"                                     // 9
    "epsilon = 8\n"                                  // 10
    "[[loss]]\n"                                     // 11
    "plugin = \"detection\"\n"                       // 12
    "models = [\"ssd\"]\n"                           // 13
    "[optimizer]\n"                                  // 14
    "plugin = \"pgd\"\n"                             // 15
    "steps = 40\n";                                  // 16

using Sets = std::vector<std::string>;

/// An experiment as the host reads it.
struct Read {
  explicit Read(const std::string& text, Sets sets = {})
      : file(text), document(file.path, std::move(sets)), variants(read_experiments(document, tree_plugins())) {}
  const Experiment& first() const { return variants.front(); }

  ExperimentFile file;
  Document document;
  std::vector<Experiment> variants;
};

ParamValue param(const PluginConfig& config, const std::string& name) {
  for (const auto& [info, value] : config.params) {
    if (info->name == name) return value;
  }
  throw std::runtime_error("no parameter " + name);
}

std::vector<std::string> names(const Document& document) {
  std::vector<std::string> all;
  for (const Variant& variant : document.variants()) all.push_back(variant.name);
  return all;
}

/// What is said of an experiment, with the file called FILE.
std::string complaint(const std::string& text, Sets sets = {}) {
  const ExperimentFile file(text);
  std::string message = error_of<ConfigError>([&] {
    const Document document(file.path, std::move(sets));
    read_experiments(document, tree_plugins());
  });
  const std::string path = file.path.string();
  for (std::size_t at = message.find(path); at != std::string::npos; at = message.find(path, at)) {
    message.replace(at, path.size(), "FILE");
  }
  return message;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string values_of(const Experiment& experiment) {
  return to_toml({{experiment.variant, &experiment.resolved}});
}

/// `text` with a line after the line `after`.
std::string with_line(const std::string& after, const std::string& line, std::string text = good) {
  const std::size_t at = text.find(after + "\n");
  if (at == std::string::npos) throw std::runtime_error("no line " + after);
  return text.insert(at + after.size() + 1, line + "\n");
}

// ------------------------------------------------------------------------------------------------------------ values

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
  EXPECT_TRUE(e.targets.empty());
  ASSERT_EQ(e.losses.size(), 1U);
  EXPECT_EQ(e.losses[0].models, (std::vector<std::string>{"ssd"}));
  EXPECT_EQ(e.losses[0].weight, 1);
  EXPECT_EQ(param(e.losses[0].plugin, "area"), ParamValue(false));
  EXPECT_EQ(param(e.optimizer, "steps"), ParamValue(std::int64_t{40}));
  EXPECT_EQ(param(e.optimizer, "step_size"), ParamValue(1.));
  EXPECT_TRUE(e.augmentations.empty());
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

// ------------------------------------------------------------------------------------------------------------- --set

TEST(Set, TakesNumbersTruthsStringsListsAndTables) {
  const Experiment e = Read(good, {"attack.epsilon=12.5", "optimizer.steps=7", "optimizer.random_start=true",
                                   "name=other_name", "attack.norm=\"two\"",
                                   "data.pictures=[\"models/samples/sample2.jpg\", \"models/samples/sample3.jpg\"]",
                                   "faces={detector=\"ssd\", minimum_score=0.25}"})
                           .first();
  EXPECT_EQ(e.epsilon, 12.5);
  EXPECT_EQ(param(e.optimizer, "steps"), ParamValue(std::int64_t{7}));
  EXPECT_EQ(param(e.optimizer, "random_start"), ParamValue(true));
  EXPECT_EQ(e.name, "other_name");
  EXPECT_EQ(e.norm, Norm::two);
  EXPECT_EQ(e.pictures.size(), 2U);
  EXPECT_EQ(e.minimum_score, .25);
}

TEST(Set, TakesWhatIsNoTomlAsAString) {
  EXPECT_EQ(Read(good, {"name=good.v2"}).first().name, "good.v2");
  const Experiment e = Read(good, {"data.pictures=models/samples/sample2.jpg"}).first();
  EXPECT_EQ(e.pictures, (std::vector<std::filesystem::path>{"models/samples/sample2.jpg"}));
}

TEST(Set, ReachesIntoListsByIndexAndMakesTablesOnTheWay) {
  const Experiment e = Read(good, {"loss.0.weight=2.5", "loss.0.area=true", "evaluate.false_accept_rate=1e-4"}).first();
  EXPECT_EQ(e.losses[0].weight, 2.5);
  EXPECT_EQ(param(e.losses[0].plugin, "area"), ParamValue(true));
  EXPECT_EQ(e.false_accept_rate, 1e-4);
}

TEST(Set, ReplacesAWholeListOfTables) {
  const Experiment e =
      Read(good, {"loss=[{plugin=\"detection\",models=[\"ssd\"]},{plugin=\"detection\",models=[\"ssd\"],weight=3}]",
                  "augment=[{plugin=\"uniform_noise\",draws=2}]"})
          .first();
  ASSERT_EQ(e.losses.size(), 2U);
  EXPECT_EQ(e.losses[1].weight, 3);
  ASSERT_EQ(e.augmentations.size(), 1U);
  EXPECT_EQ(e.augmentations[0].draws, 2);
}

TEST(Set, TheLastOneCounts) {
  EXPECT_EQ(Read(good, {"attack.epsilon=3", "attack.epsilon=4"}).first().epsilon, 4);
  EXPECT_EQ(Read(good, {"attack={epsilon=3}", "attack.epsilon=4"}).first().epsilon, 4);
}

TEST(Set, MakesASweep) {
  const Read read(good, {"sweep={\"attack.epsilon\"=[2,4]}"});
  EXPECT_EQ(names(read.document), (std::vector<std::string>{"epsilon=2", "epsilon=4"}));
}

// ------------------------------------------------------------------------------------------------------------- sweep

const std::string swept =
    good + "[sweep]\n\"attack.epsilon\" = [8, 12, 16]\n\"loss.0.area\" = [false, true]\n";  // lines 17 to 19

TEST(Sweep, IsTheProductOfItsLists) {
  const Read read(swept);
  EXPECT_EQ(names(read.document),
            (std::vector<std::string>{"epsilon=8,area=false", "epsilon=8,area=true", "epsilon=12,area=false",
                                      "epsilon=12,area=true", "epsilon=16,area=false", "epsilon=16,area=true"}));
  ASSERT_EQ(read.variants.size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(read.variants[i].variant, names(read.document)[i]);
    EXPECT_EQ(read.variants[i].epsilon, 8 + 4 * static_cast<double>(i / 2));
    EXPECT_EQ(param(read.variants[i].losses[0].plugin, "area"), ParamValue(i % 2 == 1));
  }
}

TEST(Sweep, ASetOfASweptKeyTakesTheListsPlace) {
  const Read read(swept, {"attack.epsilon=3"});
  EXPECT_EQ(names(read.document), (std::vector<std::string>{"area=false", "area=true"}));
  EXPECT_EQ(read.variants[1].epsilon, 3);
  const Read none(swept, {"attack.epsilon=3", "loss.0.area=true"});
  EXPECT_EQ(names(none.document), (std::vector<std::string>{"base"}));
  EXPECT_EQ(none.first().epsilon, 3);
}

TEST(Sweep, NamesAreFitForFoldersAndDifferFromOneAnother) {
  const Read same(good +
                  "[sweep]\n\"data.pictures\" = [[\"models/samples/sample1.jpg\"], "
                  "\"models/samples/sample1.jpg\", \"models/samples/sample2.jpg\"]\n");
  std::set<std::string> seen;
  for (const std::string& name : names(same.document)) {
    EXPECT_EQ(name.find_first_of("/\\ \"'[]*?\n"), std::string::npos) << name;
    EXPECT_TRUE(seen.insert(name).second) << name;
    EXPECT_LT(name.size(), 100U);
  }
  // Two swept keys with one last part are told apart by the whole of them.
  const Read both(good + "[sweep]\n\"optimizer.plugin\" = [\"pgd\"]\n\"loss.0.plugin\" = [\"detection\"]\n");
  EXPECT_EQ(names(both.document), (std::vector<std::string>{"loss.0.plugin=detection,optimizer.plugin=pgd"}));
}

TEST(Sweep, NamesDifferAlsoWhereANumberedOneIsTakenAlready) {
  const ExperimentFile file(good +
                            "[sweep]\n\"data.pictures\" = [\"a b\", \"a_b\", \"a b_2\", \"a b#2\", \"a_b#1\"]\n");
  std::set<std::string> seen;
  for (const std::string& name : names(Document(file.path, {}))) EXPECT_TRUE(seen.insert(name).second) << name;
  EXPECT_EQ(seen.size(), 5U);
}

TEST(Sweep, NamesOfManyKeysStayFitForAFolderAndDiffer) {
  std::string text = good + "[sweep]\n";
  for (int key = 0; key < 8; ++key) {
    const std::string value(60, 'v');
    text += "\"models.ssd.a_rather_long_name_" + std::to_string(key) + "\" = [\"" + value + "\", \"w" + value + "\"]\n";
  }
  const ExperimentFile file(text);
  std::set<std::string> seen;
  for (const std::string& name : names(Document(file.path, {}))) {
    EXPECT_TRUE(seen.insert(name).second) << name;
    EXPECT_LE(name.size(), 255U);
  }
  EXPECT_EQ(seen.size(), 256U);
}

TEST(Sweep, OfTooManyVariantsIsRefused) {
  std::string text = good + "[sweep]\n";
  for (const std::string key : {"seed", "attack.epsilon", "optimizer.steps"}) {
    text += '"' + key + "\" = [";
    for (int i = 1; i <= 30; ++i) text += std::to_string(i) + ",";
    text += "]\n";
  }
  expect_in(complaint(text), "more than 10000 variants");
}

TEST(Sweep, OfKeysWithinOneAnotherIsRefused) {
  const std::string message = complaint(good + "[sweep]\n\"attack\" = [{epsilon = 4}]\n\"attack.epsilon\" = [8, 12]\n");
  expect_in(message, "FILE:18:");
  expect_in(message, "'attack.epsilon' is swept, and another swept key is within it or it in that: sweep one of them");
}

TEST(Sweep, OfAKeyThatASetTouchesFromAboveOrBelowIsRefused) {
  const std::string text = good + "[sweep]\n\"attack.target\" = [{choice = \"nearest\"}, {choice = \"furthest\"}]\n";
  for (const std::string set : {"attack={epsilon=4}", "attack.target.choice=\"random\""}) {
    EXPECT_EQ(complaint(text, {set}),
              "--set " + set + ": 'attack.target' is swept, which would overrule this: set that key itself");
  }
}

TEST(Sweep, KeysAreTomlsOwn) {
  const std::string model = "[models.\"a.b\"]\nplugin = \"ssd_mobilenet_v1\"\n";
  const Read read(good + model + "[sweep]\n\"models.'a.b'.plugin\" = [\"ssd_mobilenet_v1\", \"torchscript\"]\n");
  ASSERT_EQ(read.variants.size(), 2U);
  EXPECT_EQ(read.variants[1].models.at("a.b").info->name, "torchscript");
  EXPECT_EQ(Read(good + model, {"models.\"a.b\".plugin=torchscript"}).first().models.at("a.b").info->name,
            "torchscript");
}

TEST(Sweep, NamesAFolderWhateverTheKeys) {
  const ExperimentFile file(good + "[sweep]\n\"models.'../x'.a\" = [1]\n\"models.'../y'.a\" = [1]\n");
  for (const std::string& name : names(Document(file.path, {}))) EXPECT_EQ(name.find('/'), std::string::npos) << name;
}

TEST(Sets, WhatBeginsAsAListATableOrAStringHasToBeToml) {
  for (const std::string value : {"[\"a.jpg\"", "{choice=\"named\"", "\"a", "'a"}) {
    expect_in(complaint(good, {"data.pictures=" + value}), "--set data.pictures=" + value + ": not TOML: ");
  }
}

TEST(Sweep, AZipsListsGoTogether) {
  const Read read(good +
                  "[sweep]\n\"attack.epsilon\" = [4, 8]\n[sweep.zip]\n\"optimizer.steps\" = [10, 40]\n"
                  "\"optimizer.step_size\" = [4.0, 1.0]\n");
  EXPECT_EQ(names(read.document),
            (std::vector<std::string>{"epsilon=4,step_size=4.0,steps=10", "epsilon=4,step_size=1.0,steps=40",
                                      "epsilon=8,step_size=4.0,steps=10", "epsilon=8,step_size=1.0,steps=40"}));
  EXPECT_EQ(read.variants[3].epsilon, 8);
  EXPECT_EQ(std::get<std::int64_t>(param(read.variants[3].optimizer, "steps")), 40);
  EXPECT_EQ(std::get<double>(param(read.variants[3].optimizer, "step_size")), 1);
  using Choices = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(read.variants[2].choices,
            (Choices{{"attack.epsilon", "8"}, {"optimizer.step_size", "4.0"}, {"optimizer.steps", "10"}}));
}

TEST(Sweep, AZipNamesItsVariantsAndSweepsWholeListsOfPlugins) {
  const std::string losses =
      "loss = [[{ plugin = \"detection\", models = [\"ssd\"] }],\n"
      "        [{ plugin = \"detection\", models = [\"ssd\"], area = true },\n"
      "         { plugin = \"detection\", models = [\"ssd\"], weight = 2.0 }]]\n";
  const Read named(good + "[sweep.zip]\nname = [\"score\", \"both\"]\n" + losses);
  EXPECT_EQ(names(named.document), (std::vector<std::string>{"score", "both"}));
  EXPECT_EQ(named.variants[0].losses.size(), 1U);
  ASSERT_EQ(named.variants[1].losses.size(), 2U);
  EXPECT_EQ(named.variants[1].losses[1].weight, 2);
  EXPECT_EQ(named.variants[1].choices, (std::vector<std::pair<std::string, std::string>>{{"loss", "both"}}));
  // Without names they are called by their plugins.
  EXPECT_EQ(names(Read(good + "[sweep]\n" + losses).document),
            (std::vector<std::string>{"loss=detection", "loss=detection+detection"}));
}

TEST(Sweep, ASetTakesAKeyOutOfAZip) {
  const std::string zip = good + "[sweep.zip]\nname = [\"a\", \"b\"]\n\"attack.epsilon\" = [4, 8]\n";
  const Read rest(zip + "\"optimizer.steps\" = [10, 40]\n", {"attack.epsilon=3"});
  EXPECT_EQ(names(rest.document), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(rest.variants[1].epsilon, 3);
  EXPECT_EQ(std::get<std::int64_t>(param(rest.variants[1].optimizer, "steps")), 40);
  EXPECT_EQ(names(Read(zip, {"attack.epsilon=3"}).document), (std::vector<std::string>{"base"}));
}

// --------------------------------------------------------------------------------------------------------------
// extends

/// An experiment beside the file that it extends.
struct Extending {
  explicit Extending(const std::string& text, Sets sets = {}, const std::string& base = good)
      : base_file(base),
        file("extends = \"" + base_file.path.string() + "\"\n" + text),
        document(file.path, std::move(sets)),
        variants(read_experiments(document, tree_plugins())) {}

  ExperimentFile base_file, file;
  Document document;
  std::vector<Experiment> variants;
};

TEST(Extends, SaysWhatIsOtherThanInTheBase) {
  const Extending read("[attack]\nmask = \"faces\"\n[optimizer]\nsteps = 3\n");
  const Experiment& first = read.variants.front();
  EXPECT_EQ(first.seed, 5U);
  EXPECT_EQ(first.epsilon, 8);
  EXPECT_EQ(first.mask, MaskKind::faces);
  EXPECT_EQ(std::get<std::int64_t>(param(first.optimizer, "steps")), 3);
  EXPECT_EQ(first.name, read.file.path.stem().string()) << "a name is not handed down";
}

TEST(Extends, AListAPluginAndAnInlineTableTakeTheOldOnesPlace) {
  const Extending read(
      "[[loss]]\nplugin = \"detection\"\nmodels = [\"ssd\"]\narea = true\n"
      "[optimizer]\nplugin = \"momentum_pgd\"\n");
  const Experiment& first = read.variants.front();
  ASSERT_EQ(first.losses.size(), 1U);
  EXPECT_EQ(first.optimizer.info->name, "momentum_pgd");
  EXPECT_NE(std::get<std::int64_t>(param(first.optimizer, "steps")), 40) << "pgd's are not handed down to another";
}

TEST(Extends, WhatTheFileSetsTheBaseNoLongerSweeps) {
  const std::string with_sweep = good + "[sweep]\n\"attack.epsilon\" = [4, 8]\n\"optimizer.steps\" = [1, 2]\n";
  EXPECT_EQ(names(Extending("", {}, with_sweep).document).size(), 4U);
  const Extending read("[attack]\nepsilon = 5\n[sweep]\nseed = [1, 2, 3]\n", {}, with_sweep);
  EXPECT_EQ(names(read.document).size(), 6U);
  for (const Experiment& variant : read.variants) EXPECT_EQ(variant.epsilon, 5);
}

TEST(Extends, FaultsInTheBaseAreToldWhereTheyStand) {
  const std::string message = error_of<ConfigError>([&] { Extending("", {}, good + "stepz = 3\n"); });
  expect_in(message, ":17:1: unknown key 'stepz' in [optimizer]; did you mean 'steps'?\n  17 | stepz = 3\n     | ^");
}

TEST(Sweep, OfAnEmptyKeyIsRefused) {
  for (const std::string key : {"", ".", "..", "attack.", ".epsilon", "attack..epsilon"}) {
    expect_in(complaint(good + "[sweep]\n\"" + key + "\" = [1, 2]\n"), "FILE:18:");
  }
}

// ------------------------------------------------------------------------------------------------------------ places

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

// ---------------------------------------------------------------------------------------------------------- resolved

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

// ------------------------------------------------------------------------------------------------------ hostile text

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST(Hostile, ANulByteIsRefusedWhereverItStands) {
  for (const std::string& line : {std::string("[a\0b]", 5), std::string("a\0 = 1", 6), std::string("a = \"\0\"", 7),
                                  std::string("# \0", 3), std::string("\0", 1)}) {
    expect_in(complaint(good + line + "\n"), "FILE:17:1: a NUL byte");
  }
}

TEST(Hostile, AKeyOfFiftyThousandPartsIsRefused) {
  const std::string key = "a" + repeated(".a", 50000);
  for (const std::string& line : {key + " = 1", "[" + key + "]", "[[" + key + "]]", "x = {" + key + " = 1}",
                                  "a" + repeated(" . \"a\"", 50000) + " = 1"}) {
    complaint(good + line + "\n");
  }
  complaint(good, {key + "=1"});
  complaint(good, {"x={" + key + "=1}"});
}

TEST(Hostile, ALongKeyIsSeenBehindStringsAndComments) {
  const std::string key = "a" + repeated(".a", 50000);
  for (const std::string before : {R"(a = """x"""", )", "a = '''x'''', ", R"(a = "\"", )", R"(a = '\', )",
                                   R"("a" = 1, )", R"(a = "#", )", "a = \"\"\"\n\\\"\"\"\"\"\", "}) {
    expect_in(complaint(good + "x = {" + before + key + " = 1}\n"), "a key has at most 32 parts");
  }
  expect_in(complaint(good + "# \"\"\"\n" + key + " = 1\n"), "FILE:18:1: a key has at most 32 parts");
}

TEST(Experiment, MayHaveAnyNumberOfDotsInStringsListsAndComments) {
  std::string text = with_line("seed = 5", "# " + repeated("...", 1000));
  std::string list = "[";
  for (int i = 0; i < 2000; ++i) list += "\"models/samples/sample1.jpg\", ";
  const std::string roundabout = "models/" + repeated("./", 50) + "samples/sample2.jpg";
  text.replace(text.find("[\"models/samples"), 30, list + "\"\"\"" + roundabout + "\"\"\"]");
  EXPECT_EQ(Read(text).first().pictures.size(), 2U);
}

TEST(Hostile, DeepNestingIsRefused) {
  for (const std::size_t deep : {300U, 100000U}) {
    complaint(good + "a = " + repeated("[", deep) + repeated("]", deep) + "\n");
    complaint(good + "a = " + repeated("[", deep) + "\n");
    complaint(good + "a = " + repeated("{a=", deep) + "1" + repeated("}", deep) + "\n");
    complaint(good + "a = " + repeated("[\n", deep) + repeated("]\n", deep));
    complaint(good, {"a=" + repeated("[", deep) + repeated("]", deep)});
  }
}

TEST(Hostile, ManyLinesOfLongKeysInsideOneAnotherAreRefused) {
  // Of keys that are long, and of ones that are not: hundred thousands of tables, and thousands.
  for (const std::size_t parts : {990U, 31U}) {
    const std::string key = "a" + repeated(".a", parts - 1);
    for (const int levels : {60, 120, 250}) {
      std::string open, close;
      for (int i = 0; i < levels; ++i) {
        open += "{" + key + " = [\n";
        close += "]}";
      }
      const std::string list = "[\n" + open + "1" + close + "]";
      complaint(good + "x = " + list + "\n");
      complaint(good, {"x=" + list});
      complaint(good + "[sweep]\n\"attack.epsilon\" = " + list + "\n");
    }
  }
  // The same with headers, one below the other.
  std::string headers, path = "t";
  for (int i = 0; i < 20; ++i) {
    path += repeated(".a", 45);
    headers += "[" + path + "]\n";
  }
  complaint(good + headers);
}

TEST(Hostile, AFileThatIsTooLargeIsRefused) {
  complaint(good + "# " + std::string(2'000'000, 'x') + "\n");
  complaint(good + repeated("# comment\n", 200'000));
}

TEST(Hostile, WhatIsNoUtf8IsRefused) {
  for (const std::string bytes : {"\xFF", "\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\x80"}) {
    complaint(good + "a = \"" + bytes + "\"\n");
    complaint(good + "# " + bytes + "\n");
    complaint(good + bytes + " = 1\n");
  }
}

TEST(Hostile, AnyTextCutShortAnywhereIsAnExperimentOrAnError) {
  const std::string text = swept +
                           "[[augment]]\nplugin = \"random_crop\"\n[models.\"x\"]\nplugin = \"torchscript\"\n"
                           "mean = [1.5, 2e3, -0]\nweights = 'a\\b'\n";
  for (std::size_t size = 0; size < text.size(); ++size) {
    const ExperimentFile file(text.substr(0, size));
    try {
      const Document document(file.path, {});
      read_experiments(document, tree_plugins());
    } catch (const ConfigError& error) {
      EXPECT_FALSE(std::string(error.what()).empty());
    }
  }
}

TEST(Hostile, AnyOneByteChangedIsAnExperimentOrAnError) {
  const std::string text = swept;
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const char c : {'"', '[', ']', '=', '.', '{', '\n', '0', '\\', '\x01'}) {
      std::string changed = text;
      changed[at] = c;
      const ExperimentFile file(changed);
      try {
        const Document document(file.path, {});
        read_experiments(document, tree_plugins());
      } catch (const ConfigError& error) {
        EXPECT_FALSE(std::string(error.what()).empty());
      }
    }
  }
}

TEST(Hostile, LongNamesMakeShortMessages) {
  const std::string name(100'000, 'n');
  for (const std::string& text :
       {good + name + " = 1\n", with_line("seed = 5", "device = \"" + name + "\""),
        with_line("steps = 40", name + " = 1"), with_line("epsilon = 8", "norm = \"" + name + "\"")}) {
    const std::string message = complaint(text);
    EXPECT_LT(message.size(), 3000U);
  }
}

TEST(Experiment, ThatIsNotThereIsMissing) {
  expect_in(error_of<MissingFile>([] { Document document("nowhere.toml", {}); }), "nowhere.toml");
}

}  // namespace
}  // namespace faceoff
