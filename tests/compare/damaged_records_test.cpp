// Records of a run in which any one value is another: they are read, or refused with the file's name.
#include <faceoff/error.hpp>

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "compare/runs.hpp"
#include "judge/evaluation_line.hpp"
#include "plugins/plugin_files.hpp"
#include "run/environment.hpp"
#include "run/item_line.hpp"
#include "support.hpp"
#include "system/made_up_run.hpp"

namespace faceoff {
namespace {

namespace fs = std::filesystem;
using system_test::about, system_test::environment, system_test::face, system_test::item;

std::string deep(char open, char close) {
  constexpr std::size_t levels = 100'000;
  return std::string(levels, open) + std::string(levels, close);
}

/// Every value in it, replaced by ones of every kind, one at a time, as text; and some that no program would write.
std::vector<std::string> damaged(const nlohmann::json& whole) {
  static const std::array<std::string, 14> others = {"null",  "true", "7",     "-1",       "18446744073709551615",
                                                     "1e300", "-0.5", "\"x\"", "\"\"",     "[]",
                                                     "[7]",   "{}",   "[[]]",  "{\"a\":7}"};
  std::vector<std::string> texts;
  const nlohmann::json flat = whole.flatten();
  for (const auto& [path, value] : flat.items()) {
    for (nlohmann::json::json_pointer at(path); !at.empty(); at.pop_back()) {
      for (const std::string& other : others) {
        nlohmann::json one = whole;
        one[at] = nlohmann::json::parse(other);
        texts.push_back(one.dump());
      }
    }
  }
  const std::string text = whole.dump();
  for (std::size_t size = 0; size < text.size(); size += 7) texts.push_back(text.substr(0, size));
  for (const std::string& bad : {deep('[', ']'), "{\"item\":" + deep('[', ']') + "}", std::string(100'000, '['),
                                 std::string(3, '\0'), std::string("\xFF\xFE{}"), text + text, std::string("1e999")})
    texts.push_back(bad);
  return texts;
}

/// Whether it is read. Refused it is as an error of that file, in one line.
template <class Work>
bool is_read(const Work& work) {
  try {
    work();
    return true;
  } catch (const Error& error) {
    const std::string said = error.what();
    EXPECT_NE(said.find("FILE"), std::string::npos) << said;
    EXPECT_EQ(said.find('\n'), std::string::npos) << said;
    EXPECT_LT(said.size(), 1000U);
    return false;
  }
}

class DamagedRecords : public testing::Test {
 protected:
  const nlohmann::json line_ = item("base", "1.png", {face({}), face({.x = 20, .target = {}, .self = {}})});
  const nlohmann::json about_ = environment({{"base", about({{"attack.epsilon", "8"}})}, {"two", about()}});
  TemporaryFolder folder_;
};

TEST_F(DamagedRecords, OfAnItemAreALineOrAnError) {
  ASSERT_TRUE(is_read([&] { parse_item_line(line_.dump(), "FILE:1"); }));
  for (const std::string& text : damaged(line_)) {
    SCOPED_TRACE(text.substr(0, 2000));
    is_read([&] { to_text(parse_item_line(text, "FILE:1")); });
  }
}

TEST_F(DamagedRecords, OfAnEvaluationAreALineOrAnError) {
  const std::string empty = to_text(EvaluationLine());
  for (const std::string& text : damaged(nlohmann::json::parse(empty))) {
    SCOPED_TRACE(text.substr(0, 2000));
    is_read([&] { to_text(parse_evaluation_line(text, "FILE:1")); });
  }
}

TEST_F(DamagedRecords, OfARunAreComparedOrRefused) {
  const fs::path run = folder_ / "FILE";
  fs::create_directory(run);
  const auto compared = [&](const std::string& lines, const std::string& environment) {
    write_bytes(run / "results.jsonl", lines);
    write_bytes(run / "environment.json", environment);
    return is_read([&] {
      if (const auto said = read_environment(run)) to_text(*said);
      read_runs(std::vector<fs::path>{run}, std::nullopt);
    });
  };
  nlohmann::json other = line_;
  other["variant"] = "two";
  other["item"] = 1;
  const std::string lines = line_.dump() + "\n" + other.dump() + "\n";
  ASSERT_TRUE(compared(lines, about_.dump()));
  constexpr std::size_t some = 11;  // each is a run that is written and read
  const std::vector<std::string> environments = damaged(about_), items = damaged(line_);
  for (std::size_t i = 0; i < environments.size(); i += some) {
    SCOPED_TRACE(environments[i].substr(0, 2000));
    compared(lines, environments[i]);
  }
  for (std::size_t i = 0; i < items.size(); i += some) {
    SCOPED_TRACE(items[i].substr(0, 2000));
    compared(items[i] + "\n" + other.dump() + "\n", about_.dump());
  }
}

}  // namespace
}  // namespace faceoff
