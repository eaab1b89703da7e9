#include "attack.hpp"

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include <algorithm>

namespace bad_plugins {

namespace {

constexpr const char* experiment =
    "[data]\n"
    "pictures = [\"before.png\", \"dark.png\", \"after.png\"]\n"
    "[models.toy]\n"
    "plugin = \"bad_model\"\n"
    "[models.bad]\n"
    "plugin = \"bad_model\"\n"
    "[faces]\n"
    "detector = \"toy\"\n"
    "[attack]\n"
    "epsilon = 4\n"
    "mask = \"faces\"\n"
    "[[loss]]\n"
    "plugin = \"bad_loss\"\n"
    "models = [\"bad\"]\n"
    "[[augment]]\n"
    "plugin = \"bad_augmentation\"\n"
    "[run]\n"
    "batch = 1\n"  // a fault is about one picture
    "[optimizer]\n"
    "plugin = \"bad_optimizer\"\n";

/// Noise about a grey level.
void save(const fs::path& file, int level) {
  cv::Mat pixels(40, 48, CV_8UC3);
  cv::RNG random(static_cast<std::uint64_t>(level));
  random.fill(pixels, cv::RNG::UNIFORM, level - 20, level + 20);
  ASSERT_TRUE(cv::imwrite(file.string(), pixels));
}

/// The item without what tells one variant or one run from another.
Json comparable(Json item) {
  item = system_test::timeless(std::move(item));
  for (const char* key : {"item", "variant", "output", "key"}) EXPECT_EQ(item.erase(key), 1U) << key;
  return item;
}

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

}  // namespace

fs::path built(const std::string& part) {
  return fs::path(FACEOFF_BUILD_FOLDER) / "bad_plugins" / part;
}

std::vector<std::string> lines_with(const std::string& text, const std::string& beginning) {
  std::vector<std::string> lines = lines_of(text);
  std::erase_if(lines, [&](const std::string& line) { return !line.starts_with(beginning); });
  return lines;
}

Attack::Attack() {
  save(folder_ / "before.png", 140);
  save(folder_ / "dark.png", 40);
  save(folder_ / "after.png", 170);
  system_test::write_text(folder_ / "x.toml", experiment);
}

Outcome Attack::attack(const Args& more) const {
  fs::remove_all(folder_ / "run");
  Args args = {"run", "x.toml", "--out", "run", "--plugin-path", built("run").string()};
  args.insert(args.end(), more.begin(), more.end());
  return system_test::run_faceoff(args, folder_.path());
}

const std::map<std::string, Json>& Attack::behaving() {
  if (!behaving_.empty()) return behaving_;
  Args args = {"run", "x.toml", "--out", "behaving", "--plugin-path", built("run").string()};
  const Outcome outcome = system_test::run_faceoff(args, folder_.path());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  for (const Json& item : system_test::results(folder_ / "behaving")) behaving_[item["picture"]] = item;
  EXPECT_EQ(behaving_.size(), 3U);
  return behaving_;
}

void Attack::expect_whole(const Json& item) {
  const Json& twin = behaving().at(item["picture"]);
  ASSERT_EQ(item["status"], "attacked") << item;
  EXPECT_GT(item["linf"].get<int>(), 0);
  EXPECT_LE(item["linf"].get<double>(), item["epsilon"].get<double>());
  EXPECT_EQ(comparable(item), comparable(twin));
  const std::string delivered = system_test::read_text(folder_ / "run" / item["output"].get<std::string>());
  EXPECT_FALSE(delivered.empty());
  EXPECT_TRUE(delivered == system_test::read_text(folder_ / "behaving" / twin["output"].get<std::string>()))
      << "another picture than without the fault";
}

void Attack::expect_failed(const Json& item, const std::vector<std::string>& parts) {
  ASSERT_EQ(item["status"], "failed") << item;
  EXPECT_TRUE(item["output"].is_null());
  Json usual = item;
  usual.erase("error");
  EXPECT_EQ(keys(usual), keys(behaving().at(item["picture"])));
  const std::string error = item["error"];
  EXPECT_EQ(lines_of(error).size(), 1U) << error;
  for (const std::string& part : parts) EXPECT_TRUE(contains(error, part)) << part << " is not in: " << error;
  for (const char* trace : {"frame #", "Exception raised from", "C++ exception of type c10"})
    EXPECT_FALSE(contains(error, trace)) << error;
}

void Attack::expect_complete(const std::vector<Json>& items, std::size_t count) const {
  EXPECT_EQ(items.size(), count);
  std::vector<std::string> delivered = {"environment.json", "experiment.toml", "resolved.toml", "results.jsonl"};
  for (const Json& item : items) {
    if (!item["output"].is_string()) continue;
    const fs::path output = item["output"].get<std::string>();
    delivered.push_back(output.string());
    delivered.push_back(("traces" / output.lexically_relative("images")).replace_extension(".csv").string());
  }
  std::ranges::sort(delivered);
  EXPECT_EQ(system_test::files_in(folder_ / "run"), delivered);
}

std::string Attack::expect_refused(const Outcome& outcome, int code) const {
  EXPECT_EQ(outcome.code, code) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_FALSE(fs::exists(folder_ / "run")) << "something was written";
  const std::vector<std::string> said = lines_with(outcome.err, "faceoff: ");
  EXPECT_EQ(said.size(), 1U) << outcome.err;
  for (const char* trace : {"frame #", "Exception raised from", "terminate", "what()"})
    EXPECT_FALSE(contains(outcome.err, trace)) << outcome.err;
  return said.empty() ? "" : said.front().substr(std::string("faceoff: ").size());
}

}  // namespace bad_plugins
