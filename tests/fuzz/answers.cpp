#include "judge/answers.hpp"

#include <faceoff/error.hpp>

#include "fuzz/input_file.hpp"
#include "fuzz/targets.hpp"

namespace faceoff::fuzz {

void answers(std::string_view input) {
  const InputFile file(input);
  try {
    const Answers answers(file.path());
    answers.require({{"a.jpg", "base/a.png", 2}, {"b.jpg", "base/b.png", std::nullopt}}, {"judge"});
    std::vector<EvaluationLine> lines(2);
    lines[0].picture = "a.jpg";
    lines[0].output = "base/a.png";
    lines[0].seen = {"png", std::vector<FaceEvaluation>(2), {}};
    lines[1] = lines[0];
    lines[1].seen.after = "jpeg:75";
    answers.add_to(lines);
    for (const EvaluationLine& line : lines) to_text(line);
  } catch (const ConfigError&) {
  }
}

}  // namespace faceoff::fuzz
