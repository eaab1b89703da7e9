// Tables for people.
#include <algorithm>
#include <cmath>
#include <map>

#include "base/numbers.hpp"
#include "base/one_line.hpp"
#include "compare/formats.hpp"

namespace faceoff {

namespace {

/// Characters, each as wide as another in what we write.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// How a measure is called, and how many digits of it are worth reading.
struct Wording {
  const char* title;
  int digits;
};

const Wording& wording(const std::string& measure) {
  static const std::map<std::string, Wording> all = {{"hidden", {"hidden from", 1}},
                                                     {"protected", {"not taken for the person by", 1}},
                                                     {"not_found", {"not found for", 1}},
                                                     {"rank1", {"best match the target, says", 1}},
                                                     {"identified", {"identified as the person by", 1}},
                                                     {"impersonated", {"taken for the target by", 1}},
                                                     {"dodged", {"not taken for oneself by", 1}},
                                                     {"score", {"score of the face, says", 3}},
                                                     {"target_cosine", {"cosine with the target, says", 3}},
                                                     {"self_cosine", {"cosine with oneself, says", 3}},
                                                     {"psnr", {"PSNR in dB", 2}},
                                                     {"ssim", {"SSIM", 4}},
                                                     {"linf", {"largest change in grey levels", 1}},
                                                     {"queries", {"queries a picture", 1}},
                                                     {"seconds", {"seconds a picture", 2}}};
  return all.at(measure);
}

std::string p_text(const std::optional<double>& p) {
  if (!p) return "–";
  return *p < .001 ? "< 0.001" : fixed(*p, 3);
}

std::string with_sign(double value, int digits) {
  const std::string text = fixed(value, digits);
  return text.starts_with('-') ? text : "+" + text;
}

/// "12.5 [5.5, 26.1]", or the figure alone where it has no interval.
std::string with_interval(const Estimate& estimate, int digits, double factor, bool sign) {
  const auto text = [&](double value) {
    return sign ? with_sign(factor * value, digits) : fixed(factor * value, digits);
  };
  if (std::isnan(estimate.low)) return text(estimate.value);
  return text(estimate.value) + " [" + text(estimate.low) + ", " + text(estimate.high) + "]";
}

/// The first column as wide as its levels, indented below their setting.
std::string words_of(const Table& table, const Plan& plan) {
  const bool share = table.measure.is_share;
  const int digits = wording(table.measure.name).digits;
  const double factor = share ? 100 : 1;
  TextTable text({plan.by.empty() ? "variant" : plan.by, table.measure.of_faces() ? "faces" : "pictures",
                  share ? "% [95 %]" : "mean [95 %]", share ? "clean" : "", "pairs", "difference [95 %]",
                  share ? "gained" : "", share ? "lost" : "", share ? "g" : "r", "p", "Holm", "p by picture", "Holm"});
  std::size_t group = plan.groups.size();
  for (const Row& row : table.rows) {
    const Group& in = plan.groups[row.group];
    if (row.group != group && !in.setting.empty()) text.add_line(in.setting);
    group = row.group;
    const std::string indent = in.setting.empty() ? "" : "  ";
    std::vector<std::string> fields = {indent + in.levels[row.level].name, std::to_string(row.n),
                                       with_interval(row.value, digits, factor, false),
                                       row.clean ? fixed(factor * row.clean->value, digits) : ""};
    if (row.difference) {
      const Difference& found = *row.difference;
      fields.insert(fields.end(), {std::to_string(found.n), with_interval(found.value, digits, factor, true),
                                   share ? std::to_string(found.gained) : "", share ? std::to_string(found.lost) : "",
                                   found.test.effect ? with_sign(*found.test.effect, 2) : "–", p_text(found.test.p),
                                   p_text(found.p_holm)});
      if (found.p_by_picture)
        fields.insert(fields.end(), {p_text(found.p_by_picture), p_text(found.p_by_picture_holm)});
    } else {
      fields.insert(fields.end(), {"", row.level == 0 ? "baseline" : "no pairs"});
    }
    text.add(fields);
  }
  return "\n" + title_of(table.measure) + "\n" + text.text("  ");
}

/// What each contestant delivered and cost.
std::string costs(const Comparison& comparison) {
  TextTable text({"", "pictures", "without face", "failed", "faces", "PSNR [95 %]", "queries", "seconds"});
  const auto mean = [&](const char* name, std::size_t contestant, bool interval) -> std::string {
    const auto series = std::ranges::find(comparison.runs.series, name, [](const Series& s) { return s.measure.name; });
    if (series == comparison.runs.series.end()) return "–";
    const std::map<Unit, double>& values = series->values[contestant];
    if (values.empty()) return "–";
    std::vector<Cluster> pictures;
    double sum = 0;
    for (const auto& [unit, value] : values) {
      pictures.push_back({value, 1});
      sum += value;
    }
    if (!interval) return fixed(sum / static_cast<double>(values.size()), wording(name).digits);
    return with_interval(bootstrap_mean(pictures), wording(name).digits, 1, false);
  };
  for (std::size_t c = 0; c < comparison.runs.contestants.size(); ++c) {
    const Contestant& one = comparison.runs.contestants[c];
    const auto unless_none = [](std::int64_t count) { return count > 0 ? std::to_string(count) : ""; };
    text.add({one.label, std::to_string(one.pictures), unless_none(one.without_face), unless_none(one.failed),
              std::to_string(one.faces), mean("psnr", c, true), mean("queries", c, false), mean("seconds", c, false)});
  }
  return text.text("");
}

}  // namespace

std::string TextTable::text(const std::string& indent) const {
  std::vector<std::size_t> widths(rows_.front().size());
  std::vector<bool> used(widths.size());
  for (const auto& row : rows_) {
    if (row.size() < 2) continue;  // a line of its own
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(row[i]));
      used[i] = used[i] || i == 0 || (&row != &rows_.front() && !row[i].empty());
    }
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line = indent;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (!used[i]) continue;
      const std::size_t width = width_of(row[i]);
      const std::string padding(width < widths[i] ? widths[i] - width : 0, ' ');
      line += i == 0 ? row[i] + padding : "  " + padding + row[i];
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string title_of(const Measure& measure) {
  std::string text = wording(measure.name).title;
  if (!measure.of_faces()) return text;
  text += " " + one_line(measure.judge) + " (" + measure.role + ")";
  if (!measure.is_share) return text;
  if (!measure.threshold) return text;
  if (measure.name == "hidden") return text + ": no box of it with a score above " + shortest(*measure.threshold);
  return text + ": a cosine " + (measure.name == "dodged" ? "below " : "of at least ") + fixed(*measure.threshold, 3) +
         ", false accept rate " + shortest(*measure.false_accept_rate);
}

std::string to_words(const Comparison& comparison) {
  std::string text = costs(comparison);
  for (const Table& table : comparison.tables) text += words_of(table, comparison.plan);
  return text;
}

}  // namespace faceoff
