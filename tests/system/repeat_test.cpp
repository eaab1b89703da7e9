// The same command gives the same bits.
#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "pictures.hpp"
#include "program.hpp"

namespace system_test {
namespace {

Args impersonate_args(const fs::path& out, const Args& more = {}) {
  Args args = {"run", "experiments/impersonate.toml", "--out", out.string(), "--set", "attack.epsilon=8"};
  args.insert(args.end(), more.begin(), more.end());
  return args;
}

/// One face on the first, two on the second.
std::vector<fs::path> two_pictures(const TemporaryFolder& folder) {
  EXPECT_TRUE(cv::imwrite((folder / "one.png").string(), small_picture()));
  EXPECT_TRUE(cv::imwrite((folder / "two.png").string(), two_small_faces()));
  return {folder / "one.png", folder / "two.png"};
}

/// A run of a few steps on these pictures; its folder.
fs::path short_run(const TemporaryFolder& folder, const std::string& name, const std::vector<fs::path>& pictures,
                   const Args& more = {}) {
  Args settings = {"--set", "optimizer.steps=5",
                   "--set", "data.pictures=" + toml_list(pictures),
                   "--set", "data.people=" + toml_list({samples()[0], samples()[2]})};
  settings.insert(settings.end(), more.begin(), more.end());
  const Outcome outcome = run_faceoff(impersonate_args(folder / name, settings));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return folder / name;
}

/// What a run made of the pictures, by picture, without what depends on the clock and the picture's place.
std::map<std::string, std::pair<Json, std::string>> deliveries(const fs::path& run) {
  std::map<std::string, std::pair<Json, std::string>> all;
  for (const Json& item : results(run)) {
    Json rest = timeless(item);
    rest.erase("item");
    const std::string file = read_text(run / item["output"].get<std::string>());
    EXPECT_FALSE(file.empty());
    all[item["picture"]] = {rest, file};
  }
  return all;
}

TEST(Repeating, TheSameSeedGivesTheSameBits) {
  const TemporaryFolder folder;
  const std::vector<fs::path> pictures = two_pictures(folder);
  const fs::path first = short_run(folder, "first", pictures), second = short_run(folder, "second", pictures);
  const std::vector<Json> one = results(first), two = results(second);
  ASSERT_EQ(one.size(), 2U);
  ASSERT_EQ(two.size(), 2U);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_EQ(timeless(one[i]), timeless(two[i]));
  EXPECT_EQ(files_in(first), files_in(second));
  EXPECT_EQ(deliveries(first), deliveries(second));
  for (const char* same : {"experiment.toml", "resolved.toml"})
    EXPECT_EQ(read_text(first / same), read_text(second / same));
}

TEST(Repeating, NeitherOrderNorCompanyMattersToPicturesInBatchesOfOne) {
  const TemporaryFolder folder;
  const Args one = {"--batch", "1"};
  const std::vector<fs::path> pictures = two_pictures(folder);
  const auto forth = deliveries(short_run(folder, "forth", pictures, one));
  const auto back = deliveries(short_run(folder, "back", {pictures[1], pictures[0]}, one));
  const auto alone = deliveries(short_run(folder, "alone", {pictures[1]}, one));
  EXPECT_EQ(forth, back);
  ASSERT_EQ(alone.size(), 1U);
  EXPECT_EQ(alone.begin()->second, forth.at(alone.begin()->first));
}

TEST(Repeating, AnotherSeedGivesOtherBits) {
  const TemporaryFolder folder;
  const std::vector<fs::path> pictures = {two_pictures(folder)[1]};
  const auto one = deliveries(short_run(folder, "one", pictures));
  const auto two = deliveries(short_run(folder, "two", pictures, {"--set", "seed=2"}));
  EXPECT_NE(one.begin()->second.second, two.begin()->second.second);
}

}  // namespace
}  // namespace system_test
