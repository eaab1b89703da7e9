#include "run/results.hpp"

#include <faceoff/error.hpp>

#include <fstream>

#include "base/files.hpp"
#include "fuzz/require.hpp"
#include "fuzz/targets.hpp"
#include "temporary_folder.hpp"

namespace faceoff::fuzz {

void results(std::string_view input) {
  static const TemporaryFolder run;
  std::ofstream(run / "results.jsonl", std::ios::binary) << input;
  std::size_t lines = 0;
  try {
    read_results(run.path(), [&](const ItemLine& line, const std::string& where) {
      ++lines;
      const std::string written = to_text(line);
      require(to_text(parse_item_line(written, where)) == written, "what is written reads otherwise");
    });
  } catch (const FileError&) {
    return;
  }
  settle_results(run.path());
  require(done_items(run.path()).all.size() == lines, "a line is lost");
  keep_results(
      run.path(), [](const ItemLine& line) { return std::optional(line.item); }, [] {});
  require(count_results(run.path()) == static_cast<std::int64_t>(lines), "a line is lost");
}

}  // namespace faceoff::fuzz
