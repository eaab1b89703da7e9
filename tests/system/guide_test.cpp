// docs/writing-a-plugin.md and docs/tutorial.md: their files are written, their commands are run, in the order in which
// a reader meets them.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "pages.hpp"
#include "program.hpp"

namespace system_test {
namespace {

/// Does what a page of docs/ says, in a folder that looks like a set-up checkout.
void follow(const std::string& page, const fs::path& folder) {
  furnish(folder);
  std::set<std::string> written;
  for (const Block& block : blocks_in(fs::path(FACEOFF_SOURCE_FOLDER) / "docs" / page)) {
    SCOPED_TRACE(block.text);
    const std::string file = file_of(block);
    if (block.language == "sh") {
      const Outcome outcome = run({{"bash", "-euo", "pipefail", "-c", block.text}, {}, folder});
      ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
      EXPECT_FALSE(contains(outcome.out + outcome.err, "FAILED")) << outcome.out << outcome.err;
    } else if (block.language != "text") {
      ASSERT_NE(file, "") << "its first line does not say which file it is, so it can't be tested";
      ASSERT_TRUE(written.insert(file).second) << "the page has it twice";
      fs::create_directories((folder / file).parent_path());
      write_text(folder / file, block.text);
      const bool is_code = block.language == "cpp";
      EXPECT_TRUE(!is_code || lines_of(block.text).size() <= 40) << "longer than a plugin has to be";
    }
  }
}

TEST(Guide, ItsPluginsBuildAndRunAsItSays) {
  const TemporaryFolder folder;
  ASSERT_NO_FATAL_FAILURE(follow("writing-a-plugin.md", folder.path()));
  std::set<std::string> kinds;
  const Json listed =
      Json::parse(run_faceoff({"plugins", "--json", "--plugin-path", (folder / "my_plugins/build").string()}).out);
  for (const Json& plugin : listed["plugins"]) {
    const bool ours = plugin["file"].get<std::string>().starts_with(folder.path().string());
    if (ours) kinds.insert(plugin["kind"].get<std::string>());
  }
  EXPECT_EQ(kinds, (std::set<std::string>{"loss", "optimizer", "augmentation", "model"}));
  const std::vector<Json> items = results(folder / "my_plugins" / "run");
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0]["status"], "attacked");
  EXPECT_EQ(items[0]["faces"][0]["models"][0]["name"], "texture");
}

TEST(Tutorial, LeadsFromNothingToALossOfOnesOwn) {
  const TemporaryFolder folder;
  ASSERT_NO_FATAL_FAILURE(follow("tutorial.md", folder.path()));
  EXPECT_TRUE(fs::exists(folder / "build/tutorial/first/report.html"));
  const std::vector<Json> items = results(folder / "build/tutorial/comparison");
  ASSERT_EQ(items.size(), 2U);
  for (const Json& item : items) EXPECT_EQ(item["status"], "attacked");
}

}  // namespace
}  // namespace system_test
