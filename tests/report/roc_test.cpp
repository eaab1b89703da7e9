// The plot of true against false accept rates: well-formed whatever the names are, and drawn where the figures say.
#include "report/roc.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "plugins/plugin_files.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

Performance made_up(double tar) {
  Performance performance;
  performance.people = 1234;
  performance.faces = 5000;
  performance.same = 8000;
  performance.different = 2'000'000;
  performance.auc = {.99, .98, .995};
  for (const double rate : {1e-4, 1e-3, 1e-2}) performance.at_rate[rate] = {.5, {tar, tar - .1, tar + .05}};
  performance.roc = {{0, .1}, {1e-6, .2}, {1e-4, tar}, {1e-2, tar}, {1, 1}};
  return performance;
}

/// What Python's parser makes of it: each element's name, and what it says.
std::vector<std::string> parsed(const std::string& svg) {
  const TemporaryFolder folder;
  std::ofstream(folder / "roc.svg") << svg;
  const std::string command =
      "python3 -c 'import sys, xml.etree.ElementTree as e\n"
      "for x in e.parse(sys.argv[1]).iter():\n"
      "  print(x.tag.split(\"}\")[1] + \"|\" + \"\".join(x.itertext()) + \"|\" + "
      "x.get(\"points\", \"\"))' " +
      (folder / "roc.svg").string() + " > " + (folder / "out").string();
  EXPECT_EQ(std::system(command.c_str()), 0);  // NOLINT(cert-env33-c): a test
  std::vector<std::string> lines;
  std::ifstream in(folder / "out");
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

bool has(const std::vector<std::string>& lines, const std::string& line) {
  return std::ranges::find(lines, line) != lines.end();
}

TEST(Roc, IsWellFormedWhateverAModelIsNamed) {
  const std::string name = "a <b> & \"c\" 'd' ]]> é";
  const std::vector<std::string> lines = parsed(roc_svg({{name, made_up(.8)}, {"plain", made_up(.6)}}));
  EXPECT_TRUE(has(lines, "text|" + name + "|"));
  EXPECT_TRUE(has(lines, "text|false accept rate|"));
  EXPECT_TRUE(has(lines, "text|true accept rate|"));
  EXPECT_TRUE(has(lines, "text|10\u22123|"));
  EXPECT_TRUE(has(lines, "text|0.80 [0.70, 0.85]|"));
  EXPECT_TRUE(
      has(lines, "text|1,234 people, 5,000 faces; 8,000 pairs of the same person, 2,000,000 of different ones|"));
}

TEST(Roc, DrawsARateInPowersOfTenDownToTenPairs) {
  const std::vector<std::string> lines = parsed(roc_svg({{"one", made_up(.5)}}));
  // From 1e-6, which the left edge stands for: ten of two million pairs lie between it and 1e-5.
  EXPECT_TRUE(has(lines, "polyline||64.0,314.0 250.0,209.0 436.0,209.0 622.0,34.0 "));
  EXPECT_TRUE(has(lines, "polygon||250.0,191.5 343.0,191.5 436.0,191.5 436.0,244.0 343.0,244.0 250.0,244.0 "));
}

TEST(Roc, OfFewPairsShowsWhatIsThere) {
  Performance few = made_up(.5);
  few.different = 9;
  few.at_rate.clear();
  few.roc = {{0, .5}, {1. / 9, 1}, {1, 1}};
  const std::vector<std::string> lines = parsed(roc_svg({{"few", few}}));
  EXPECT_TRUE(has(lines, "text|10\u22121|"));
  EXPECT_FALSE(has(lines, "text|10\u22122|"));
  EXPECT_EQ(std::ranges::count_if(lines, [](const std::string& line) { return line.starts_with("polygon"); }), 0);
  EXPECT_FALSE(parsed(roc_svg({})).empty());
}

}  // namespace
}  // namespace faceoff
