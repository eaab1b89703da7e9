// Parameters that name files: found, hashed, and named where something is wrong with them.
#include "plugins/model_pool.hpp"
#include "plugins/plugin_config.hpp"
#include "plugins/plugin_files.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

class Files : public testing::Test {
 protected:
  Files() { setup_.models = {folder_.path()}; }

  static ParamInfo param(const std::string& name, bool file) {
    ParamInfo info;
    info.name = name;
    info.file = file;
    info.set = [](Plugin&, const ParamValue&) {};
    return info;
  }

  PluginConfig config(const ParamInfo& param, ParamValue value) const {
    PluginConfig made;
    made.info = tree_plugins().find(Kind::optimizer, "pgd");
    made.params = {{&param, std::move(value)}};
    made.places[param.name] = {"x.toml", 7, 1};
    made.place = {"x.toml", 1, 1};
    return made;
  }

  /// What makes the plugin another one than with other contents of its files.
  std::string identity(const ParamInfo& param, const ParamValue& value) const {
    return ModelPool(tree_plugins(), setup_, {}).identity(config(param, value));
  }

  TemporaryFolder folder_;
  faceoff::Setup setup_;
};

TEST_F(Files, AStringIsNoFileBecauseOneIsCalledSo) {
  const ParamInfo view = param("view", false);
  const std::string before = identity(view, std::string("box"));
  write_bytes(folder_ / "box", "somebody's notes");
  EXPECT_EQ(identity(view, std::string("box")), before);
}

TEST_F(Files, CountByWhatIsInThem) {
  const ParamInfo weights = param("weights", true);
  write_bytes(folder_ / "a.bin", "one");
  write_bytes(folder_ / "b.bin", "one");
  const std::vector<std::string> both = {"a.bin", "b.bin"};
  const std::string one = identity(weights, std::string("a.bin")), list = identity(weights, both);
  EXPECT_EQ(identity(weights, std::string("a.bin")), one);
  write_bytes(folder_ / "b.bin", "two");
  EXPECT_EQ(identity(weights, std::string("a.bin")), one);
  EXPECT_NE(identity(weights, both), list) << "each file of a list is hashed";
  EXPECT_EQ(identity(weights, std::string()), identity(weights, std::string())) << "no name, no file";
}

TEST_F(Files, ThatAreMissingAreNamedWhereTheyAreAskedFor) {
  const ParamInfo weights = param("weights", true), text = param("text", false);
  write_bytes(folder_ / "a.bin", "one");
  try {
    set_up(tree_plugins(), config(weights, std::vector<std::string>{"a.bin", "nowhere.bin"}), setup_);
    FAIL() << "nowhere.bin is nowhere";
  } catch (const MissingFile& error) {
    expect_in(error.what(), "nowhere.bin");
    EXPECT_EQ(error.place().line, 7U);
  }
  EXPECT_NO_THROW(set_up(tree_plugins(), config(text, std::string("nowhere.bin")), setup_));
}

TEST_F(Files, AMessageIsPlacedByTheFilesAlone) {
  const ParamInfo weights = param("weights", true), text = param("text", false);
  const std::string message = "/somewhere/net.bin: not a whole file; box is missing";
  EXPECT_EQ(place_of_file(config(weights, std::vector<std::string>{"x.bin", "models/net.bin"}), message).line, 7U);
  EXPECT_EQ(place_of_file(config(text, std::string("box")), message).line, 1U);
}

}  // namespace
}  // namespace faceoff
