#include <faceoff/handshake.hpp>
#include <faceoff/optimizer.hpp>

#include <c10/util/Exception.h>
#include <sys/stat.h>
#include <torch/version.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/one_line.hpp"
#include "base/suggest.hpp"
#include "plugins/call_plugin.hpp"
#include "plugins/plugin_files.hpp"
#include "plugins/plugin_library.hpp"

namespace faceoff {
namespace {

namespace fs = std::filesystem;

PluginLibrary load(const fs::path& folder) {
  return PluginLibrary(std::vector<fs::path>{folder});
}

/// What is said of the only file in a folder, which has to be a broken one.
std::string message_of(const TemporaryFolder& folder) {
  const PluginLibrary library = load(folder.path());
  EXPECT_TRUE(library.all().empty());
  EXPECT_EQ(library.broken().size(), 1U);
  return library.broken().empty() ? "" : library.broken().front().message;
}

/// What is said of a plugin after `change` has broken it.
template <class Change>
std::string message_after(Change change) {
  const TemporaryFolder folder;
  PluginBytes plugin;
  change(plugin);
  write_bytes(folder / "pgd.so", plugin.bytes);
  return message_of(folder);
}

template <class T>
std::string message_with(std::size_t offset_in_handshake, const T& value) {
  return message_after([&](PluginBytes& plugin) { plugin.put(plugin.handshake() + offset_in_handshake, value); });
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Plugins, LoadsAllOfTheTree) {
  const PluginLibrary library = load(plugin_folder);
  for (const BrokenPlugin& broken : library.broken()) ADD_FAILURE() << to_string(broken);
  const PluginInfo* const pgd = library.find(Kind::optimizer, "pgd");
  ASSERT_NE(pgd, nullptr);
  EXPECT_EQ(library.file_of(*pgd), whole_plugin);
  EXPECT_EQ(library.find(Kind::loss, "pgd"), nullptr);
  const std::vector<const PluginInfo*> all = library.all();
  EXPECT_TRUE(
      std::ranges::is_sorted(all, {}, [](const PluginInfo* info) { return std::pair(info->kind, info->name); }));
  for (const PluginInfo* info : all) EXPECT_NE(library.create(*info), nullptr) << info->name;
  EXPECT_NE(dynamic_cast<Optimizer*>(library.create(*pgd).get()), nullptr);
}

TEST(Plugins, RemembersBrokenFilesAndGoesOn) {
  const TemporaryFolder folder;
  write_bytes(folder / "a.so", "");
  fs::create_directory(folder / "b.so");
  ASSERT_EQ(::mkfifo((folder / "c.so").c_str(), 0600), 0);
  fs::create_symlink("nowhere", folder / "d.so");
  write_bytes(folder / "libe.so", "text\n");
  write_bytes(folder / "notes.txt", "no plugin, and not meant as one\n");
  fs::copy_file(whole_plugin, folder / "pgd.so");
  const PluginLibrary library = load(folder.path());
  EXPECT_NE(library.find(Kind::optimizer, "pgd"), nullptr);
  ASSERT_EQ(library.broken().size(), 5U);
  EXPECT_EQ(to_string(library.broken()[0]), (folder / "a.so").string() + " can't be used: it is empty");
  EXPECT_EQ(library.why_missing("a"), to_string(library.broken()[0]));
  EXPECT_EQ(library.why_missing("e"), to_string(library.broken()[4]));
  EXPECT_EQ(library.why_missing("elsewhere"), "");
}

TEST(Plugins, RefusesWhatIsNoPlugin) {
  EXPECT_TRUE(contains(message_after([](PluginBytes& plugin) {
                         const std::size_t name = plugin.bytes.rfind(std::string("\0.faceoff\0", 10));
                         plugin.bytes[name + 2] = 'F';
                       }),
                       "has no Face/Off handshake: it is not a Face/Off plugin"));
  EXPECT_TRUE(contains(message_with(offsetof(Handshake, magic), 'f'), "wrong magic number"));
}

TEST(Plugins, RefusesOtherVersionsBeforeLoading) {
  const std::string rebuild = "rebuild with the Face/Off SDK of API " + std::to_string(Handshake::current_api);
  const std::string newer = message_with(offsetof(Handshake, api), Handshake::current_api + 1);
  EXPECT_TRUE(contains(newer, "built for API " + std::to_string(Handshake::current_api + 1))) << newer;
  EXPECT_TRUE(contains(newer, rebuild)) << newer;
  for (const std::uint32_t size : {0U, 8U, ~0U}) {
    EXPECT_TRUE(
        contains(message_with(offsetof(Handshake, size), size), "handshake has the size " + std::to_string(size)));
    EXPECT_TRUE(contains(message_with(offsetof(Handshake, size), size), rebuild));
  }
}

TEST(Plugins, NamesEveryMismatchAtOnce) {
  const std::string message = message_after([](PluginBytes& plugin) {
    plugin.put(plugin.handshake() + offsetof(Handshake, torch_version), std::array{'1', '.', '2', '.', '3', '\0'});
    plugin.put(plugin.handshake() + offsetof(Handshake, cxx11_abi), std::uint32_t{7});
    plugin.put(plugin.handshake() + offsetof(Handshake, struct_sizes), std::uint32_t{1});
  });
  for (const char* part : {"LibTorch 1.2.3, the host has " TORCH_VERSION, "_GLIBCXX_USE_CXX11_ABI 7", "struct sizes",
                           "rebuild with the Face/Off SDK of API"}) {
    EXPECT_TRUE(contains(message, part)) << message;
  }
}

TEST(Plugins, TakesAFileOnceAndACopyForADuplicate) {
  const TemporaryFolder folder;
  fs::copy_file(whole_plugin, folder / "a.so");
  fs::create_symlink("a.so", folder / "b.so");
  fs::create_hard_link(folder / "a.so", folder / "c.so");
  fs::copy_file(whole_plugin, folder / "d.so");
  const PluginLibrary library = load(folder.path());
  EXPECT_EQ(library.all().size(), 1U);
  ASSERT_EQ(library.broken().size(), 1U);
  EXPECT_EQ(to_string(library.broken()[0]), (folder / "d.so").string() +
                                                " can't be used: its optimizer 'pgd' is already "
                                                "registered by " +
                                                (folder / "a.so").string());
}

TEST(Plugins, LooksWhereItIsTold) {
  const TemporaryFolder first, second;
  const std::string both = first.path().string() + "::" + second.path().string() + ":" + first.path().string();
  ASSERT_EQ(::setenv("FACEOFF_PLUGIN_PATH", both.c_str(), 1), 0);
  std::vector<fs::path> folders = plugin_folders({second.path().string()});
  folders.resize(2);
  EXPECT_EQ(folders, (std::vector<fs::path>{second.path(), first.path()}));
  EXPECT_THROW(plugin_folders({(first / "nowhere").string()}), ConfigError);
  write_bytes(first / "file.so", "");
  EXPECT_THROW(plugin_folders({(first / "file.so").string()}), ConfigError);
  ASSERT_EQ(::setenv("FACEOFF_PLUGIN_PATH", "/nowhere", 1), 0);
  EXPECT_THROW(plugin_folders({}), ConfigError);
  ASSERT_EQ(::unsetenv("FACEOFF_PLUGIN_PATH"), 0);
  EXPECT_NO_THROW(plugin_folders({}));
}

// What a library may register.

ParamInfo param(const std::string& name, ParamValue initial) {
  ParamInfo info;
  info.name = name;
  info.initial = std::move(initial);
  info.set = [](Plugin&, const ParamValue&) {};
  return info;
}

PluginInfo plugin(const std::string& name, std::vector<ParamInfo> params = {}) {
  PluginInfo info;
  info.name = name;
  info.kind = Kind::loss;
  info.params = std::move(params);
  info.create = []() -> Plugin* { return nullptr; };
  return info;
}

std::string fault_of(const std::vector<PluginInfo>& plugins) {
  try {
    check_registered(plugins);
    return "";
  } catch (const PluginError& error) {
    return error.what();
  }
}

TEST(Registered, NeedsNamesAndFactories) {
  EXPECT_EQ(fault_of({plugin("dodge_2")}), "");
  EXPECT_EQ(fault_of({}), "it registers no plugin");
  EXPECT_TRUE(contains(fault_of({plugin("")}), "its loss '' is no name"));
  EXPECT_TRUE(contains(fault_of({plugin("Dodge")}), "its loss 'Dodge' is no name"));
  EXPECT_EQ(fault_of({plugin(std::string(64, 'x'))}), "");
  EXPECT_LT(fault_of({plugin(std::string(10000, 'x'))}).size(), 200U);
  EXPECT_TRUE(contains(fault_of({plugin("a\xFF\nb")}), "its loss 'a? b' is no name"));
  EXPECT_EQ(fault_of({plugin("a"), plugin("a")}), "it registers the loss 'a' twice");
  PluginInfo no_factory = plugin("a");
  no_factory.create = nullptr;
  EXPECT_EQ(fault_of({no_factory}), "its loss 'a' has no factory");
}

TEST(Registered, NeedsSoundParameters) {
  const auto fault_with = [](ParamInfo info) { return fault_of({plugin("a", {std::move(info)})}); };
  EXPECT_EQ(fault_with(param("steps", std::int64_t{3})), "");
  EXPECT_TRUE(contains(fault_with(param("step-size", 1.0)), "parameter 'step-size' of its loss 'a' is no name"));
  for (const char* name : {"plugin", "models", "precision", "draw_models", "weight", "probability", "draws", "at"}) {
    EXPECT_TRUE(contains(fault_with(param(name, 1.0)), "the host needs for itself")) << name;
  }
  EXPECT_TRUE(contains(fault_of({plugin("a", {param("x", 1.0), param("x", 2.0)})}), "declared twice"));
  ParamInfo ranged = param("x", 3.0);
  ranged.low = 0, ranged.high = 2;
  EXPECT_TRUE(contains(fault_with(ranged), "a default outside its range: 3.0"));
  ranged.initial = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(contains(fault_with(ranged), "a default that is not finite"));
  EXPECT_TRUE(
      contains(fault_with(param("y", std::numeric_limits<double>::infinity())), "a default that is not finite"));
  ranged.initial = std::vector<double>{1, 5};
  EXPECT_TRUE(contains(fault_with(ranged), "a default outside its range"));
  ranged.initial = std::string("x");
  EXPECT_TRUE(contains(fault_with(ranged), "has a range, and is a string"));
  ParamInfo chosen = param("x", std::string("c"));
  chosen.choices = {"a", "b"};
  EXPECT_TRUE(contains(fault_with(chosen), "a default that is none of its choices: 'c'"));
  chosen.initial = std::string("b");
  EXPECT_EQ(fault_with(chosen), "");
  ParamInfo file = param("x", std::string("weights.bin"));
  file.file = true;
  EXPECT_EQ(fault_with(file), "");
  file.initial = std::vector<std::string>{"a", "b"};
  EXPECT_EQ(fault_with(file), "");
  file.initial = std::int64_t{3};
  EXPECT_TRUE(contains(fault_with(file), "parameter 'x' of its loss 'a' names files, and is an integer"));
}

// Words for messages.

TEST(Words, SuggestsWhatWasMeant) {
  const std::vector<std::string> keys = {"steps", "step_size", "epsilon", "at"};
  EXPECT_EQ(did_you_mean("stpes", keys), "; did you mean 'steps'?");
  EXPECT_EQ(did_you_mean("stepsize", keys), "; did you mean 'step_size'?");
  EXPECT_EQ(did_you_mean("eps", keys), "; did you mean 'epsilon'?");
  EXPECT_EQ(did_you_mean("x", keys), "");
  EXPECT_EQ(did_you_mean("iterations", keys), "");
  EXPECT_EQ(did_you_mean(std::string(100000, 'x'), keys), "");
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("ab", "ba"), 1U);
}

TEST(Words, KeepsForeignTextToOneLine) {
  EXPECT_EQ(one_line("two\r\nlines\n"), "two lines");
  EXPECT_EQ(one_line("512×512 \xFF \xC0\x80 \xED\xA0\x80"), "512×512 ? ?? ???");
  EXPECT_EQ(one_line("\x1B[31mred\xC2\x9B"), "[31mred");
  EXPECT_EQ(one_line("×××", 4), "××…");
}

TEST(Words, TellsWhateverIsThrown) {
  const auto text_of = [](const auto& thrown) {
    try {
      throw thrown;
    } catch (...) {
      return what_was_thrown();
    }
  };
  EXPECT_EQ(text_of(std::runtime_error("two\nlines")), "two lines");
  EXPECT_EQ(text_of(std::runtime_error("")), "a C++ exception of type std::runtime_error");
  EXPECT_EQ(text_of(42), "a C++ exception of type int");
  try {
    TORCH_CHECK(false, "no such tensor");
  } catch (...) {
    EXPECT_EQ(what_was_thrown(), "no such tensor");
  }
}

}  // namespace
}  // namespace faceoff
