#include "judge/lines.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "support.hpp"

namespace faceoff {
namespace {

TEST(EvaluationLines, AWholeNumberHasToBeOneAndToFit) {
  for (const Json& item : {Json(2.5), Json(true), Json(1e300), Json(std::numeric_limits<std::uint64_t>::max())}) {
    const std::string said = error_of<FileError>([&] { line_of({{"item", item}}); });
    expect_in(said, "a test's line: not as faceoff evaluate wrote it: ");
    expect_in(said, item.dump());
  }
}

}  // namespace
}  // namespace faceoff
