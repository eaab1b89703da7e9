// A plugin from outside of the tree: a third party's few lines against the build tree, and the program as it is.
#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "pages.hpp"
#include "pictures.hpp"
#include "program.hpp"

namespace system_test {
namespace {

const fs::path project = fs::path(FACEOFF_SOURCE_FOLDER) / "tests" / "external";

TEST(ExternalPlugin, TakesFewLines) {
  EXPECT_LE(lines_of(read_text(project / "dodge.cpp")).size(), 40U);
  EXPECT_EQ(effective_lines(read_text(project / "CMakeLists.txt")).size(), 3U);
}

/// The project, configured and built against this build tree.
void build(const fs::path& folder, const Args& more = {}) {
  Args configure = {"cmake", "-G", "Ninja", "-S", project.string(), "-B", folder.string()};
  const fs::path usual = fs::path(FACEOFF_SOURCE_FOLDER) / "build" / "release";
  if (fs::path(FACEOFF_BUILD_FOLDER) != usual)
    configure.push_back(std::string("-DCMAKE_PREFIX_PATH=") + FACEOFF_BUILD_FOLDER);
  configure.insert(configure.end(), more.begin(), more.end());
  const Outcome configured = run({configure});
  EXPECT_EQ(configured.code, 0) << configured.out << configured.err;
  const Outcome built = run({{"cmake", "--build", folder.string()}});
  EXPECT_EQ(built.code, 0) << built.out << built.err;
  EXPECT_TRUE(fs::exists(folder / "dodge.so"));
}

class Dodging : public testing::Test {
 protected:
  Dodging() {
    cv::imwrite((folder_ / "small.png").string(), small_picture());
    fs::copy(project / "dodge.toml", folder_.path());
  }

  TemporaryFolder folder_;
};

TEST_F(Dodging, BuildsAgainstTheTreeAndRunsInTheProgramAsItIs) {
  const auto before = fs::last_write_time(FACEOFF_BINARY);
  build(folder_ / "build");
  const Outcome listed = run_faceoff({"plugins", "dodge", "--plugin-path", "build"}, folder_.path());
  EXPECT_EQ(listed.code, 0) << listed.err;
  EXPECT_TRUE(contains(listed.out, "needs: embedding\n")) << listed.out;

  const Outcome outcome = run_faceoff({"run", "dodge.toml", "--out", "run", "--plugin-path", "build"}, folder_.path());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err.find("warning"), std::string::npos) << outcome.err;
  const std::vector<Json> items = results(folder_ / "run");
  ASSERT_EQ(items.size(), 1U);
  ASSERT_EQ(items[0]["faces"].size(), 1U);
  const Json& self = items[0]["faces"][0]["models"][0]["self"];
  EXPECT_DOUBLE_EQ(self[0].get<double>(), 1);
  EXPECT_LT(self[1].get<double>(), .6);
  EXPECT_LE(items[0]["linf"].get<int>(), 4);
  const Json environment = Json::parse(read_text(folder_ / "run" / "environment.json"));
  EXPECT_EQ(environment["plugins"]["loss/dodge"]["file"], "dodge.so");
  EXPECT_EQ(fs::last_write_time(FACEOFF_BINARY), before) << "the program was built anew";
}

TEST_F(Dodging, IsUnknownWithoutItsFolder) {
  const Outcome outcome = run_faceoff({"run", "dodge.toml", "--out", "run"}, folder_.path());
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(outcome.err.starts_with("faceoff: dodge.toml:18:10: no loss 'dodge'")) << outcome.err;
}

TEST(ExternalPlugin, AnotherLibTorchIsRefusedAtConfiguring) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "torch");
  write_text(folder / "torch" / "TorchConfig.cmake", "set(Torch_FOUND TRUE)\n");
  write_text(folder / "torch" / "TorchConfigVersion.cmake", "set(PACKAGE_VERSION 1.13.0)\n");
  const Outcome outcome =
      run({{"cmake", "-G", "Ninja", "-S", project.string(), "-B", (folder / "build").string(),
            std::string("-DCMAKE_PREFIX_PATH=") + FACEOFF_BUILD_FOLDER, "-DTorch_DIR=" + (folder / "torch").string()}});
  EXPECT_NE(outcome.code, 0);
  EXPECT_TRUE(contains(outcome.err, "requested version")) << outcome.err;
}

}  // namespace
}  // namespace system_test
