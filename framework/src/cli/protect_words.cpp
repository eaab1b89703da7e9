#include "cli/protect_words.hpp"

#include <algorithm>
#include <climits>

#include "base/lists.hpp"
#include "base/numbers.hpp"
#include "base/one_line.hpp"

namespace faceoff {

namespace {

std::string size(std::int64_t bytes) {
  constexpr double kilo = 1000, mega = 1e6;
  const auto count = static_cast<double>(bytes);
  return count < mega ? fixed(std::max(count / kilo, .1), count < 10 * kilo ? 1 : 0) + " kB"
                      : fixed(count / mega, 1) + " MB";
}

std::string cost(const ItemLine& line, std::int64_t before) {
  std::string text = "what it cost: changed by at most " + std::to_string(line.quality.linf) + " of 255 grey levels, ";
  if (line.quality.psnr) text += "PSNR " + fixed(*line.quality.psnr, 1) + " dB, ";
  return text + "SSIM " + fixed(line.quality.ssim, 3) + "; " + size(line.bytes) + ", and " + size(before) +
         " before; " + fixed(line.seconds, 0) + " s";
}

std::string first_line(const PhotoOutcome& outcome) {
  const std::string name = outcome.photo->name, output = one_line(outcome.output_name(), PATH_MAX);
  const std::string earlier = outcome.earlier ? ", as it was before" : "";
  switch (outcome.fate) {
    case Fate::delivered:
      return outcome.earlier ? name + ": done already: " + output : name + " → " + output;
    case Fate::no_face:
      return name + ": no face found" + earlier + "; nothing was written";
    case Fate::unchanged:
      return name + ": the attack changed nothing" + earlier + "; nothing was written";
    case Fate::failed:
      return name + ": failed: " + outcome.why;
    case Fate::blocked:
      break;
  }
  return name + ": left alone: " + outcome.why;
}

Json counts_json(const std::vector<JudgeCount>& counts) {
  Json all = Json::array();
  for (const JudgeCount& one : counts)
    all.push_back({{"name", one.name}, {"faces", one.faces}, {"before", one.held[0]}, {"after", one.held[1]}});
  return all;
}

}  // namespace

std::vector<std::string> words_of(const PhotoOutcome& outcome, const std::string& as) {
  std::vector<std::string> lines = {first_line(outcome)};
  if (outcome.fate != Fate::delivered || !outcome.line) return lines;
  const std::string indent = "    ";
  for (const std::string& line : words_of(outcome.verdict, as)) lines.push_back(indent + line);
  if (outcome.recognised_by_jpeg > 0) {
    lines.push_back(indent + "it is the JPEG that " + std::to_string(outcome.recognised_by_jpeg) +
                    " of these are recognised by: before it was encoded they were not");
  }
  lines.push_back(indent + cost(*outcome.line, outcome.bytes_before));
  for (const std::string& note : outcome.line->notes) lines.push_back(indent + note);
  return lines;
}

std::string summary_of(const std::vector<PhotoOutcome>& outcomes) {
  const auto count = [&](const auto& holds) { return std::ranges::count_if(outcomes, holds); };
  const auto is = [](const PhotoOutcome& one, Fate fate) { return one.fate == fate; };
  const auto written = [&](const PhotoOutcome& one) { return is(one, Fate::delivered) && !one.earlier; };
  std::vector<std::string> parts;
  const auto add = [&](const std::string& what, const auto& holds) {
    if (const auto n = count(holds); n > 0) parts.push_back(std::to_string(n) + " " + what);
  };
  add("written", written);
  add("done already", [&](const PhotoOutcome& one) { return is(one, Fate::delivered) && one.earlier; });
  add("without a face", [&](const PhotoOutcome& one) { return is(one, Fate::no_face); });
  add("that the attack changed nothing of", [&](const PhotoOutcome& one) { return is(one, Fate::unchanged); });
  add("failed", [&](const PhotoOutcome& one) { return is(one, Fate::failed); });
  add("left alone", [&](const PhotoOutcome& one) { return is(one, Fate::blocked); });
  const std::string text =
      std::to_string(outcomes.size()) + (outcomes.size() == 1 ? " photo: " : " photos: ") + joined(parts) + "\n";
  if (count(written) == 0) return text + "nothing was written\n";
  // By recognisers, or where none judged by detectors.
  const bool recognisers = count([](const PhotoOutcome& one) { return !one.verdict.recognised.empty(); }) > 0;
  const auto held = count([&](const PhotoOutcome& one) {
    const std::vector<JudgeCount>& judges = recognisers ? one.verdict.recognised : one.verdict.found;
    return std::ranges::any_of(judges, [](const JudgeCount& judge) { return judge.held[1] > 0; });
  });
  return text + "on " + std::to_string(held) + " of those written a face is still " +
         (recognisers ? "recognised" : "found") + " by a judge that was never attacked; others may judge otherwise\n";
}

Json to_json(const PhotoOutcome& outcome) {
  const bool delivered = outcome.fate == Fate::delivered;
  Json about = {{"photo", outcome.photo->name},
                {"status", to_string(outcome.fate)},
                {"earlier", outcome.earlier},
                {"output", delivered ? Json(outcome.output_name()) : Json(nullptr)}};
  if (!outcome.why.empty()) about["why"] = outcome.why;
  if (!delivered || !outcome.line) return about;
  const ItemLine& line = *outcome.line;
  about["faces"] = line.faces.size();
  about["recognised"] = counts_json(outcome.verdict.recognised);
  about["taken_for_target"] = counts_json(outcome.verdict.taken);
  about["found"] = counts_json(outcome.verdict.found);
  about["linf"] = line.quality.linf;
  about["psnr"] = line.quality.psnr ? Json(rounded(*line.quality.psnr)) : Json(nullptr);
  about["ssim"] = rounded(line.quality.ssim);
  about["bytes"] = {outcome.bytes_before, line.bytes};
  about["seconds"] = rounded(line.seconds);
  return about;
}

}  // namespace faceoff
