#include <faceoff/schema.hpp>
#include <faceoff/view.hpp>

#include <ATen/ATen.h>
#include <toml++/toml.h>

#include <limits>

#include "plugins/plugin_files.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

ParamValue read_back(const std::string& toml, const ParamValue& like) {
  const toml::table table = toml::parse("value = " + toml + "\n");
  const toml::node& node = *table.get("value");
  if (std::holds_alternative<bool>(like)) return *node.value_exact<bool>();
  if (std::holds_alternative<std::int64_t>(like)) return *node.value_exact<std::int64_t>();
  if (std::holds_alternative<double>(like)) return *node.value_exact<double>();
  if (std::holds_alternative<std::string>(like)) return *node.value_exact<std::string>();
  if (std::holds_alternative<std::vector<double>>(like)) {
    std::vector<double> list;
    for (const toml::node& item : *node.as_array()) list.push_back(*item.value_exact<double>());
    return list;
  }
  std::vector<std::string> list;
  for (const toml::node& item : *node.as_array()) list.push_back(*item.value_exact<std::string>());
  return list;
}

TEST(ParamValue, AsTomlReadsBackAsTheSameValueOfTheSameType) {
  std::string controls;
  for (char c = 1; c < 0x20; ++c) controls += c;
  const std::vector<ParamValue> values = {true,
                                          false,
                                          std::int64_t{0},
                                          std::int64_t{-7},
                                          std::numeric_limits<std::int64_t>::max(),
                                          std::numeric_limits<std::int64_t>::min(),
                                          0.,
                                          -0.,
                                          1.,
                                          -3.,
                                          .1,
                                          1e-3,
                                          1e-5,
                                          1e22,
                                          1e300,
                                          5e-324,
                                          std::numeric_limits<double>::max(),
                                          inf,
                                          -inf,
                                          1. / 3,
                                          std::string(),
                                          std::string("plain"),
                                          std::string("a \"quoted\" \\ back\\slash\n and\ttab \x7f grün 🙂"),
                                          controls,
                                          std::vector<double>{},
                                          std::vector<double>{1, 2.5, -1e-9},
                                          std::vector<std::string>{},
                                          std::vector<std::string>{"", "a,b", "]\""}};
  for (const ParamValue& value : values) EXPECT_EQ(read_back(to_toml(value), value), value) << to_toml(value);
}

TEST(ParamValue, HasATypeNameForMessages) {
  EXPECT_EQ(type_name(true), "true or false");
  EXPECT_EQ(type_name(std::int64_t{1}), "an integer");
  EXPECT_EQ(type_name(1.5), "a number");
  EXPECT_EQ(type_name(std::string("a")), "a string");
  EXPECT_EQ(type_name(std::vector<double>{}), "a list of numbers");
  EXPECT_EQ(type_name(std::vector<std::string>{}), "a list of strings");
}

class Described : public Loss {
 public:
  static void describe(Schema<Described>& s) {
    s.name("described").summary("a summary").cites("somebody");
    s.param("count", &Described::count, "how many").range(1, 9).unit("things");
    s.param("share", &Described::share, "a share");
    s.param("kind", &Described::kind, "a kind").choices({"soft", "hard"});
    s.param("on", &Described::on, "on or off");
    s.param("list", &Described::list, "some numbers");
  }
  Field needs() const override { return Field::scores; }
  at::Tensor operator()(const Output& adversarial, const Reference&) const override {
    return adversarial.scores.sum(1);
  }
  int count = 3;
  float share = .5F;
  std::string kind = "soft";
  bool on = true;
  std::vector<double> list = {1, 2};
};

struct Wide : Loss {
  static void describe(Schema<Wide>& s) {
    s.param("narrow", &Wide::narrow, "holds less than its range").range(-1e12, 1e12);
    s.param("positive", &Wide::positive, "none below zero");
    s.param("halves", &Wide::halves, "whole numbers between two that are not").range(.5, 3.5);
    s.param("single", &Wide::single, "no double").range(-1e300, 1);
  }
  Field needs() const override { return Field::scores; }
  at::Tensor operator()(const Output& adversarial, const Reference&) const override {
    return adversarial.scores.sum(1);
  }
  std::int32_t narrow = 1;
  std::uint64_t positive = 1;
  int halves = 1;
  float single = 1;
};

TEST(Schema, ARangeNeverExceedsWhatTheMemberHolds) {
  PluginInfo info;
  Schema<Wide> schema(info);
  Wide::describe(schema);
  EXPECT_EQ(info.params[0].low, std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(info.params[0].high, std::numeric_limits<std::int32_t>::max());
  EXPECT_EQ(info.params[1].low, 0);
  EXPECT_EQ(info.params[2].low, 1);
  EXPECT_EQ(info.params[2].high, 3);
  EXPECT_EQ(info.params[3].low, std::numeric_limits<float>::lowest());
  EXPECT_EQ(info.params[3].high, 1);
}

TEST(Schema, TakesTypeAndDefaultFromTheMemberAndSetsIt) {
  PluginInfo info;
  Schema<Described> schema(info);
  Described::describe(schema);
  EXPECT_EQ(info.name, "described");
  EXPECT_EQ(info.summary, "a summary");
  EXPECT_EQ(info.citation, "somebody");
  ASSERT_EQ(info.params.size(), 5U);
  EXPECT_EQ(info.params[0].initial, ParamValue(std::int64_t{3}));
  EXPECT_EQ(info.params[0].low, 1);
  EXPECT_EQ(info.params[0].high, 9);
  EXPECT_EQ(info.params[0].unit, "things");
  EXPECT_EQ(info.params[1].initial, ParamValue(.5));
  EXPECT_EQ(info.params[2].initial, ParamValue(std::string("soft")));
  EXPECT_EQ(info.params[2].choices, (std::vector<std::string>{"soft", "hard"}));
  EXPECT_EQ(info.params[3].initial, ParamValue(true));
  EXPECT_EQ(info.params[4].initial, ParamValue(std::vector<double>{1, 2}));
  Described plugin;
  info.params[0].set(plugin, std::int64_t{7});
  info.params[1].set(plugin, .25);
  info.params[2].set(plugin, std::string("hard"));
  info.params[3].set(plugin, false);
  info.params[4].set(plugin, std::vector<double>{});
  EXPECT_EQ(plugin.count, 7);
  EXPECT_EQ(plugin.share, .25F);
  EXPECT_EQ(plugin.kind, "hard");
  EXPECT_FALSE(plugin.on);
  EXPECT_TRUE(plugin.list.empty());
}

TEST(Words, NameFieldsAndCrops) {
  EXPECT_EQ(to_string(Field::scores | Field::boxes), "scores, boxes");
  EXPECT_EQ(to_string(Field::none), "");
  EXPECT_EQ(without(Field::scores | Field::boxes, Field::boxes), Field::scores);
  EXPECT_FALSE(includes(Field::scores, Field::scores | Field::boxes));
  EXPECT_EQ(to_string(Crop(WholePicture{})), "whole_picture");
  EXPECT_EQ(to_string(Crop(BoxCrop{})), "box");
  EXPECT_EQ(to_string(Crop(PaddedBox{})), "padded_box");
  EXPECT_EQ(to_string(Crop(DlibRect{})), "dlib_rect");
  EXPECT_EQ(to_string(Crop(FivePoints{})), "five_points");
  EXPECT_EQ(to_string(Crop(StretchedPicture{})), "stretched_picture");
  EXPECT_EQ(to_string(Crop(LetterboxedPicture{})), "letterboxed_picture");
}

TEST(Resolve, FindsAFileAsItLiesBelowModelsOrByItsName) {
  const TemporaryFolder folder;
  const faceoff::Setup setup{.models = {folder.path()}};
  const auto resolved = [&](const std::string& name) { return setup.resolve(name); };
  const std::filesystem::path file = write_bytes(folder / "a.bin", "");
  EXPECT_EQ(resolved("models/a.bin"), file);
  EXPECT_EQ(resolved("models/network/a.bin"), file);
  EXPECT_EQ(resolved("elsewhere/a.bin"), file);
  std::filesystem::create_directory(folder / "network");
  EXPECT_EQ(resolved("models/network/a.bin"), file);
  const std::filesystem::path nearer = write_bytes(folder / "network/a.bin", "");
  EXPECT_EQ(resolved("models/network/a.bin"), nearer);
  EXPECT_EQ(resolved("models/a.bin"), file);
  EXPECT_EQ(resolved(nearer.string()), nearer);
  expect_in(error_of<MissingFile>([&] { resolved("models/network/b.bin"); }), (folder / "network/b.bin").string());
}

}  // namespace
}  // namespace faceoff
