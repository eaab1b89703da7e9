#include "judge/evaluation_line.hpp"

#include <faceoff/error.hpp>

#include "fuzz/require.hpp"
#include "fuzz/targets.hpp"

namespace faceoff::fuzz {

void evaluation_line(std::string_view input) {
  std::string written;
  try {
    written = to_text(parse_evaluation_line(std::string(input), "input:1"));
  } catch (const FileError&) {
    return;
  }
  require(to_text(parse_evaluation_line(written, "written:1")) == written, "what is written reads otherwise");
}

}  // namespace faceoff::fuzz
