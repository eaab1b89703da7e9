#include "report/roc.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/numbers.hpp"
#include "report/html.hpp"

namespace faceoff {

namespace {

constexpr double width = 640, height = 440, left = 64, top = 34, right = 622, bottom = 384;
constexpr double line_height = 18;

/// Okabe and Ito's colours, which everybody tells apart, the light ones darkened for white paper and the dark ones
/// lightened for a black screen; and dashes, for who prints without colour.
struct Style {
  const char *light, *dark, *dashes;
};
constexpr std::array<Style, 7> styles = {{
    {"#0072b2", "#56a9e0", "none"},
    {"#c64f00", "#f08a4b", "8 3"},
    {"#00805c", "#3cc79b", "2 2.5"},
    {"#b0558a", "#dd9cc2", "9 3 2 3"},
    {"#9a6a00", "#e9b949", "5 2"},
    {"#3b3b98", "#a5a5f0", "12 3 2 3 2 3"},
    {"#4d4d4d", "#bdbdbd", "4 4"},
}};

std::string dark_rules() {
  std::string rules =
      ".paper{fill:#15171b}.ink{fill:#e8e8e8}.soft{fill:#a8adb5}.grid{stroke:#343941}.axis{stroke:#a8adb5}";
  for (std::size_t i = 0; i < styles.size(); ++i) {
    const std::string colour = styles.at(i).dark;
    rules += ".line" + std::to_string(i) + "{stroke:" + colour + "}.area" + std::to_string(i) + "{fill:" + colour + "}";
  }
  return "<style>@media (prefers-color-scheme:dark){" + rules + "}</style>\n";
}

/// A tag's attribute.
std::string attribute(const std::string& name, double value) {
  return " " + name + "=\"" + fixed(value, 1) + "\"";
}

std::string segment(double x1, double y1, double x2, double y2, const char* kind) {
  const bool grid = kind == std::string("grid");
  return "<line class=\"" + std::string(kind) + "\" stroke=\"" + (grid ? "#e2e2e2" : "#555") + "\"" +
         attribute("x1", x1) + attribute("y1", y1) + attribute("x2", x2) + attribute("y2", y2) + "/>\n";
}

/// `markup` is text that is escaped already.
std::string label(double x, double y, const char* anchor, const std::string& markup, const char* kind = "ink") {
  const bool soft = kind == std::string("soft");
  return "<text class=\"" + std::string(kind) + "\" fill=\"" + (soft ? "#666" : "#1a1a1a") + "\"" + attribute("x", x) +
         attribute("y", y) + " text-anchor=\"" + anchor + "\">" + markup + "</text>\n";
}

std::string power_of_ten(int power) {
  if (power == 0) return "1";
  return "10<tspan dy=\"-5\" font-size=\"10\">\u2212" + std::to_string(-power) + "</tspan>";
}

/// Where a rate and a share lie.
struct Axes {
  int lowest = -1;  ///< the power of ten at the left

  double x(double rate) const { return left + (right - left) * (std::log10(rate) / -lowest + 1); }
  bool show(double rate) const { return rate > 0 && x(rate) > left - .05; }
  static double y(double share) { return bottom - (bottom - top) * share; }
  std::string point(double rate, double share) const { return fixed(x(rate), 1) + "," + fixed(y(share), 1) + " "; }
};

/// Down to the power of ten of ten pairs of different people, below which chance alone draws.
Axes axes_of(const std::vector<RocLine>& lines) {
  Axes axes;
  for (const RocLine& line : lines) {
    const double power =
        std::floor(1 - std::log10(static_cast<double>(std::max<std::int64_t>(line.performance.different, 1))));
    axes.lowest = std::min(axes.lowest, std::max(static_cast<int>(power), -6));
  }
  return axes;
}

std::string frame(const Axes& axes) {
  std::string svg;
  for (int power = axes.lowest; power <= 0; ++power) {
    const double at = axes.x(std::pow(10, power));
    svg += segment(at, top, at, bottom, "grid") + label(at, bottom + 20, "middle", power_of_ten(power));
    for (int times = 2; times < 10 && power < 0; ++times) {
      const double between = axes.x(times * std::pow(10, power));
      svg += segment(between, bottom, between, bottom + 3, "axis");
    }
  }
  for (int tenth = 0; tenth <= 10; ++tenth) {
    const double at = Axes::y(tenth / 10.);
    svg += segment(left, at, right, at, "grid");
    if (tenth % 2 == 0) svg += label(left - 8, at + 4.5, "end", fixed(tenth / 10., 1));
  }
  svg += segment(left, bottom, right, bottom, "axis") + segment(left, top, left, bottom, "axis");
  svg += label((left + right) / 2, bottom + 44, "middle", "false accept rate");
  return svg + "<text class=\"ink\" fill=\"#1a1a1a\" transform=\"translate(20 " + fixed((top + bottom) / 2, 1) +
         ") rotate(-90)\" text-anchor=\"middle\">true accept rate</text>\n";
}

/// The interval around a line, where it was measured.
std::string band(const Axes& axes, const Performance& performance, const std::string& number, const Style& style) {
  std::string upper, lower;
  for (const auto& [rate, at] : performance.at_rate) {
    if (!axes.show(rate)) continue;
    upper += axes.point(rate, at.tar.high);
    lower = axes.point(rate, at.tar.low) + lower;
  }
  if (upper.empty()) return "";
  return "<polygon class=\"area" + number + "\" fill=\"" + style.light + "\" fill-opacity=\"0.16\" points=\"" + upper +
         lower + "\"/>\n";
}

std::string stroke(const std::string& number, const Style& style) {
  return "class=\"line" + number + "\" fill=\"none\" stroke=\"" + style.light +
         "\" stroke-width=\"1.8\" stroke-linejoin=\"round\" stroke-dasharray=\"" + style.dashes + "\"";
}

std::string curve(const Axes& axes, const Performance& performance, const std::string& number, const Style& style) {
  std::string points;
  for (const auto& [rate, share] : performance.roc) {
    if (axes.show(rate)) points += axes.point(rate, share);
  }
  return "<polyline " + stroke(number, style) + " points=\"" + points + "\"/>\n";
}

/// In the corner below good embedders' curves, in their order: name, true accept rate at 1e-3, AUC.
std::string legend(const std::vector<RocLine>& lines) {
  constexpr double letter = 7.4, sample = 40, auc = 52, tar = 130, margin = 8;
  const bool at_a_thousandth =
      std::ranges::any_of(lines, [](const RocLine& line) { return line.performance.at_rate.contains(1e-3); });
  std::size_t longest = 0;
  for (const RocLine& line : lines) longest = std::max(longest, line.name.size());
  const double wide = std::min(sample + letter * static_cast<double>(longest) + (at_a_thousandth ? tar : 0) + auc,
                               right - left - 2 * margin);
  const double high = line_height * static_cast<double>(lines.size() + 1) + margin;
  const double end = right - margin, x = end - wide, y = bottom - high - margin;
  std::string svg = "<rect class=\"paper\" fill=\"white\" fill-opacity=\"0.85\"" + attribute("x", x - margin) +
                    attribute("y", y) + attribute("width", wide + 2 * margin) + attribute("height", high) + "/>\n" +
                    label(end, y + line_height - 2, "end", "AUC", "soft");
  if (at_a_thousandth) svg += label(end - auc, y + line_height - 2, "end", "true accepts at 1e-3", "soft");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const double at = y + line_height * (static_cast<double>(i) + 1.5) + 2;
    svg += "<path " + stroke(std::to_string(i % styles.size()), styles.at(i % styles.size())) + " d=\"M" + fixed(x, 1) +
           " " + fixed(at, 1) + "h30\"/>\n" + label(x + sample, at + 4, "start", escape_html(lines[i].name)) +
           label(end, at + 4, "end", fixed(lines[i].performance.auc.value, 3));
    const auto found = lines[i].performance.at_rate.find(1e-3);
    if (found == lines[i].performance.at_rate.end()) continue;
    const Estimate& rate = found->second.tar;
    svg += label(end - auc, at + 4, "end",
                 fixed(rate.value, 2) + " [" + fixed(rate.low, 2) + ", " + fixed(rate.high, 2) + "]");
  }
  return svg;
}

std::string with_thousands(std::int64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

/// Who was compared: the same people for all lines.
std::string compared(const Performance& performance) {
  return with_thousands(performance.people) + " people, " + with_thousands(performance.faces) + " faces; " +
         with_thousands(performance.same) + " pairs of the same person, " + with_thousands(performance.different) +
         " of different ones";
}

}  // namespace

const std::vector<double>& roc_rates() {
  static const std::vector<double> rates = {1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3,
                                            5e-3, 1e-2, 2e-2, 5e-2, 1e-1, 2e-1, 5e-1};
  return rates;
}

std::string roc_svg(std::vector<RocLine> lines) {
  const auto worth_at = [](const RocLine& line) {
    const auto at = line.performance.at_rate.find(1e-3);
    return at != line.performance.at_rate.end() ? at->second.tar.value : line.performance.auc.value;
  };
  std::ranges::stable_sort(lines, std::greater<>{}, worth_at);
  const Axes axes = axes_of(lines);
  std::string svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + fixed(width, 0) + " " + fixed(height, 0) +
      "\" font-family=\"'Helvetica Neue',Arial,sans-serif\" font-size=\"13\">\n"
      "<title>True against false accept rate</title>\n" +
      dark_rules() + "<rect class=\"paper\" fill=\"white\" width=\"100%\" height=\"100%\"/>\n" + frame(axes);
  for (std::size_t i = 0; i < lines.size(); ++i)
    svg += band(axes, lines[i].performance, std::to_string(i % styles.size()), styles.at(i % styles.size()));
  for (std::size_t i = 0; i < lines.size(); ++i)
    svg += curve(axes, lines[i].performance, std::to_string(i % styles.size()), styles.at(i % styles.size()));
  svg += legend(lines);
  if (!lines.empty()) svg += label(left, top - 12, "start", compared(lines.front().performance), "soft");
  return svg + "</svg>\n";
}

}  // namespace faceoff
