// cmake --install: a package that works wherever it is moved to, for its users and for whoever builds a plugin with it.
#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>

#include <set>
#include <string>
#include <vector>

#include "pictures.hpp"
#include "program.hpp"

namespace system_test {
namespace {

const fs::path source = FACEOFF_SOURCE_FOLDER;

/// A call of a package's program.
Call program_of(const fs::path& prefix, const Args& args, const fs::path& folder) {
  Call call{{(prefix / "bin" / "faceoff").string()}, {}, folder};
  call.command.insert(call.command.end(), args.begin(), args.end());
  return call;
}

/// The plugins that a program lists, without their files.
std::set<std::string> names_in(const Json& listed) {
  std::set<std::string> names;
  for (const Json& plugin : listed["plugins"])
    names.insert(plugin["kind"].get<std::string>() + " " + plugin["name"].get<std::string>());
  return names;
}

/// Configures a project; the folder where it has found Face/Off.
std::string configure(const fs::path& project, const fs::path& build, const Args& more) {
  Args command = {"cmake", "-G", "Ninja", "-S", project.string(), "-B", build.string()};
  command.insert(command.end(), more.begin(), more.end());
  const Outcome outcome = run({command});
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  const std::string key = "FaceOff_DIR:PATH=";
  for (const std::string& line : lines_of(read_text(build / "CMakeCache.txt"))) {
    if (line.starts_with(key)) return line.substr(key.size());
  }
  return "";
}

class Package : public testing::Test {
 protected:
  Package() {
    const fs::path first = folder_ / "first";
    const Outcome installed = run({{"cmake", "--install", FACEOFF_BUILD_FOLDER, "--prefix", first.string()}});
    EXPECT_EQ(installed.code, 0) << installed.err;
    fs::rename(first, prefix_);
  }

  TemporaryFolder folder_;
  const fs::path prefix_ = folder_ / "moved here";
};

TEST_F(Package, HoldsEverythingAndNothingThatPointsBack) {
  const Outcome listed = run(program_of(prefix_, {"plugins", "--json"}, folder_.path()));
  ASSERT_EQ(listed.code, 0) << listed.err;
  EXPECT_EQ(listed.err, "");
  const Json plugins = Json::parse(listed.out);
  EXPECT_EQ(names_in(plugins), names_in(Json::parse(run_faceoff({"plugins", "--json"}).out)));
  for (const Json& plugin : plugins["plugins"])
    EXPECT_TRUE(plugin["file"].get<std::string>().starts_with(prefix_.string())) << plugin;

  EXPECT_EQ(files_in(prefix_ / "include" / "faceoff"), files_in(source / "framework" / "include" / "faceoff"));
  EXPECT_EQ(files_in(prefix_ / "share" / "faceoff" / "experiments"), files_in(source / "experiments"));
  EXPECT_EQ(files_in(prefix_ / "share" / "faceoff" / "templates"), files_in(source / "framework" / "templates"));
  EXPECT_EQ(files_in(prefix_ / "share" / "faceoff" / "report"),
            (std::vector<std::string>{"licences/vega-embed.txt", "licences/vega-lite.txt", "licences/vega.txt",
                                      "vega-embed.min.js", "vega-lite.min.js", "vega.min.js"}))
      << "scripts/vega fetches them";
  EXPECT_EQ(files_in(prefix_ / "lib" / "faceoff" / "plugins" / "calibration"),
            files_in(source / "plugins" / "models" / "calibration"));
  EXPECT_TRUE(fs::exists(prefix_ / "share" / "doc" / "faceoff" / "LICENSE"));
  for (const std::string& file : files_in(prefix_)) {
    const std::string bytes = read_text(prefix_ / file);
    EXPECT_FALSE(contains(bytes, (folder_ / "first").string())) << file;
    EXPECT_FALSE(contains(bytes, FACEOFF_BUILD_FOLDER "/lib")) << file;
    EXPECT_FALSE(contains(bytes, "intel64")) << file << " has a run path of the LibTorch wheel";
  }
}

TEST_F(Package, BuildsAThirdPartysPluginAndRunsIt) {
  const fs::path build = folder_ / "build";
  const std::string found =
      configure(source / "tests" / "external", build, {"-DCMAKE_PREFIX_PATH=" + prefix_.string()});
  EXPECT_EQ(found, (prefix_ / "lib" / "cmake" / "FaceOff").string());
  const Outcome built = run({{"cmake", "--build", build.string()}});
  ASSERT_EQ(built.code, 0) << built.out << built.err;

  cv::imwrite((folder_ / "small.png").string(), small_picture());
  fs::copy(source / "tests" / "external" / "dodge.toml", folder_.path());
  const Outcome outcome = run(
      program_of(prefix_, {"run", "dodge.toml", "--set", "optimizer.steps=3", "--out", "run", "--plugin-path", "build"},
                 folder_.path()));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_FALSE(contains(outcome.err, "warning")) << outcome.err;
  EXPECT_FALSE(contains(outcome.err, "no threshold")) << "without its calibrations\n" << outcome.err;
  ASSERT_EQ(results(folder_ / "run").size(), 1U);
  EXPECT_EQ(results(folder_ / "run")[0]["status"], "attacked");
}

TEST_F(Package, RunsItsExperimentsAndMakesProjectsThatFindIt) {
  const fs::path experiment = prefix_ / "share" / "faceoff" / "experiments" / "hide_from_detector.toml";
  const Outcome dry = run(program_of(
      prefix_, {"run", experiment.string(), "--set", "data.pictures=" + toml_list({samples().front()}), "--dry-run"},
      folder_.path()));
  EXPECT_EQ(dry.code, 0) << dry.err;

  ASSERT_TRUE(cv::imwrite((folder_ / "small.png").string(), small_picture()));
  const Outcome done = run(
      program_of(prefix_, {"protect", "small.png", "--from", "both", "--set", "optimizer.steps=1"}, folder_.path()));
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.out, "small.faceoff.png\n");

  const Outcome made = run(program_of(prefix_, {"new", "loss", "mine"}, folder_.path()));
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(configure(folder_ / "mine", folder_ / "mine" / "build", {}),
            (prefix_ / "lib" / "cmake" / "FaceOff").string());
  const std::string tests = read_text(folder_ / "mine" / "build" / "CTestTestfile.cmake");
  EXPECT_TRUE(contains(tests, (prefix_ / "bin" / "faceoff").string())) << tests;
}

}  // namespace
}  // namespace system_test
