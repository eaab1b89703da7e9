// faceoff plugins: what there is, for people and for programs.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "program.hpp"

namespace system_test {
namespace {

const std::map<std::string, std::string> kinds = {{"ssd_mobilenet_v1", "model"},
                                                  {"face_landmark_68", "model"},
                                                  {"face_recognition", "model"},
                                                  {"torchscript", "model"},
                                                  {"detection", "loss"},
                                                  {"similarity", "loss"},
                                                  {"pgd", "optimizer"},
                                                  {"momentum_pgd", "optimizer"},
                                                  {"apgd", "optimizer"},
                                                  {"square", "optimizer"},
                                                  {"random_scale", "augmentation"},
                                                  {"random_crop", "augmentation"},
                                                  {"uniform_noise", "augmentation"}};

Json json_of(const Args& args) {
  Args all = {"plugins"};
  all.insert(all.end(), args.begin(), args.end());
  all.push_back("--json");
  const Outcome outcome = run_faceoff(all);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  return Json::parse(outcome.out);
}

TEST(PluginsCommand, ListsEveryPluginOnALine) {
  const Outcome outcome = run_faceoff({"plugins"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
  const std::vector<std::string> lines = lines_of(outcome.out);
  std::set<std::string> named;
  for (const std::string& line : lines) {
    const auto found = std::ranges::find_if(kinds, [&](const auto& plugin) {
      return line.starts_with(plugin.second + " ") && contains(line, "  " + plugin.first + " ");
    });
    if (found != kinds.end()) named.insert(found->first);
  }
  EXPECT_EQ(named.size(), kinds.size()) << outcome.out;
}

TEST(PluginsCommand, SaysWhatOneTakes) {
  const Outcome outcome = run_faceoff({"plugins", "detection"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
  const std::vector<std::string> lines = lines_of(outcome.out);
  EXPECT_EQ(lines.front(), "detection: loss");
  for (const std::string part : {"  needs: scores, boxes", "    area = false", "    sign = \"hard\""}) {
    EXPECT_NE(std::ranges::find(lines, part), lines.end()) << part << " is not in\n" << outcome.out;
  }
  EXPECT_TRUE(contains(outcome.out, "\"hard\" or \"tanh\""));
}

TEST(PluginsCommand, ListsForPrograms) {
  const Json json = json_of({});
  std::map<std::string, std::string> found;
  for (const Json& plugin : json["plugins"]) {
    found[plugin["name"]] = plugin["kind"];
    EXPECT_FALSE(plugin["summary"].get<std::string>().empty()) << plugin;
    EXPECT_TRUE(fs::exists(plugin["file"].get<std::string>())) << plugin;
  }
  for (const auto& [name, kind] : kinds) EXPECT_EQ(found[name], kind) << name;
  EXPECT_EQ(json["broken"], Json::array());
}

void expect_whole(const Json& param) {
  SCOPED_TRACE(param.dump());
  for (const char* key : {"name", "type", "unit", "default", "low", "high", "choices", "doc"}) {
    ASSERT_TRUE(param.contains(key)) << key;
  }
  EXPECT_FALSE(param["doc"].get<std::string>().empty());
  const std::string type = param["type"];
  const Json& value = param["default"];
  const bool fits = (type == "boolean" && value.is_boolean()) || (type == "integer" && value.is_number_integer()) ||
                    (type == "number" && value.is_number_float()) || (type == "string" && value.is_string()) ||
                    (type.starts_with("list of ") && value.is_array());
  EXPECT_TRUE(fits);
  if (!param["low"].is_null()) {
    EXPECT_LE(param["low"].get<double>(), value.get<double>());
  }
  if (!param["high"].is_null()) {
    EXPECT_GE(param["high"].get<double>(), value.get<double>());
  }
  const Json& choices = param["choices"];
  if (!choices.empty()) {
    EXPECT_NE(std::find(choices.begin(), choices.end(), value), choices.end());
  }
}

TEST(PluginsCommand, SaysEverythingOfEachForPrograms) {
  for (const auto& [name, kind] : kinds) {
    SCOPED_TRACE(name);
    const Json json = json_of({name});
    ASSERT_EQ(json["plugins"].size(), 1U);
    const Json& plugin = json["plugins"][0];
    EXPECT_EQ(plugin["name"], name);
    EXPECT_EQ(plugin["kind"], kind);
    EXPECT_TRUE(plugin["citation"].is_string());
    EXPECT_EQ(plugin.contains("needs"), kind == "loss");
    EXPECT_EQ(plugin.contains("provides"), kind == "model");
    for (const Json& param : plugin["params"]) expect_whole(param);
  }
  const Json pgd = json_of({"pgd"})["plugins"][0];
  const Json& steps = pgd["params"][0];
  EXPECT_EQ(steps["name"], "steps");
  EXPECT_EQ(steps["type"], "integer");
  EXPECT_EQ(steps["default"], 40);
  EXPECT_EQ(steps["low"], 1);
  EXPECT_EQ(json_of({"similarity"})["plugins"][0]["needs"], (Json{"embedding", "targets"}));
  EXPECT_EQ(json_of({"ssd_mobilenet_v1"})["plugins"][0]["provides"], (Json{"scores", "boxes"}));
}

TEST(PluginsCommand, TheReferencePageIsCurrent) {
  const Outcome outcome = run_faceoff({"plugins", "--markdown"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(read_text(fs::path(FACEOFF_SOURCE_FOLDER) / "docs" / "plugins.md"), outcome.out)
      << "make it anew: build/release/bin/faceoff plugins --markdown > docs/plugins.md";
}

TEST(PluginsCommand, ChecksALibrary) {
  const std::string file = (fs::path(FACEOFF_PLUGIN_FOLDER) / "pgd.so").string();
  const Outcome outcome = run_faceoff({"plugins", "check", file});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const std::vector<std::string> lines = lines_of(outcome.out);
  ASSERT_EQ(lines.size(), 11U) << outcome.out;
  EXPECT_EQ(lines.front(), "optimizer pgd");
  for (std::size_t i = 1; i < lines.size(); ++i) EXPECT_TRUE(lines[i].starts_with("  ok      ")) << lines[i];

  const Outcome none = run_faceoff({"plugins", "check"});
  EXPECT_EQ(none.code, 2);
  EXPECT_EQ(none.err, "faceoff: check needs a library: faceoff plugins check FILE.so\n");
  const Outcome absent = run_faceoff({"plugins", "check", "nowhere.so"});
  EXPECT_EQ(absent.code, 2);
  EXPECT_EQ(absent.err, "faceoff: no library nowhere.so\n");
  EXPECT_EQ(run_faceoff({"plugins", "check", file, "--time-limit", "-1"}).code, 2);
}

TEST(PluginsCommand, AnUnknownName) {
  for (const Args& args : {Args{"plugins", "pdg"}, Args{"plugins", "pdg", "--json"}}) {
    const Outcome outcome = run_faceoff(args);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err, "faceoff: no plugin 'pdg'; did you mean 'pgd'?\n");
  }
  const Outcome two = run_faceoff({"plugins", "pgd", "detection"});
  EXPECT_EQ(two.code, 2);
  EXPECT_EQ(two.err, "faceoff: more arguments than the command takes; --help shows what it takes\n");
}

TEST(PluginsCommand, AFullDiskIsToldOf) {
  const Outcome outcome = run({{"sh", "-c", std::string(FACEOFF_BINARY) + " plugins > /dev/full"}});
  EXPECT_EQ(outcome.code, 4);
  EXPECT_EQ(outcome.err, "faceoff: standard output can't be written to\n");
}

TEST(PluginsCommand, ABrokenFile) {
  const TemporaryFolder folder;
  const std::string file = write_text(folder / "broken.so", "this is no library\n").string();
  const Args path = {"--plugin-path", folder.path().string()};

  const Outcome list = run_faceoff({"plugins", path[0], path[1]});
  EXPECT_EQ(list.code, 0);
  EXPECT_EQ(lines_of(list.err).size(), 1U) << list.err;
  EXPECT_TRUE(list.err.starts_with("warning: " + file + " can't be used: ")) << list.err;
  EXPECT_TRUE(contains(list.out, "momentum_pgd"));

  const Outcome named = run_faceoff({"plugins", "broken", path[0], path[1]});
  EXPECT_EQ(named.code, 3);
  EXPECT_EQ(named.out, "");
  EXPECT_TRUE(contains(named.err, "faceoff: " + file + " can't be used: ")) << named.err;

  const Outcome json = run_faceoff({"plugins", "--json", path[0], path[1]});
  EXPECT_EQ(json.code, 0);
  EXPECT_EQ(Json::parse(json.out)["broken"][0]["file"], file);
}

TEST(PluginsCommand, FoldersBesideTheStandardOne) {
  const TemporaryFolder folder;
  // The standard folder's plugins are seen before by no other name: a copy is another file of the same name.
  fs::copy_file(fs::path(FACEOFF_PLUGIN_FOLDER) / "pgd.so", folder / "pgd.so");
  Call call = faceoff({"plugins", "--json"});
  call.environment["FACEOFF_PLUGIN_PATH"] = folder.path().string() + "::" + folder.path().string();
  const Outcome outcome = run(call);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  ASSERT_EQ(json["broken"].size(), 1U) << "the first one found counts";
  EXPECT_TRUE(contains(json["broken"][0]["message"], "already registered by " + (folder / "pgd.so").string()))
      << json["broken"][0]["message"];
  call.environment["FACEOFF_PLUGIN_PATH"] = (folder / "nowhere").string();
  const Outcome missing = run(call);
  EXPECT_EQ(missing.code, 2);
  EXPECT_EQ(missing.err, "faceoff: FACEOFF_PLUGIN_PATH: no folder '" + (folder / "nowhere").string() + "'\n");
}

}  // namespace
}  // namespace system_test
