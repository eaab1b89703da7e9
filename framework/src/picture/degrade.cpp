#include "picture/degrade.hpp"

#include <faceoff/error.hpp>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/one_line.hpp"

namespace faceoff {

namespace {

/// A finite number, or 0, which no degradation takes.
double number(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size() && std::isfinite(value);
  return whole ? value : 0;
}

}  // namespace

Degradation parse_degradation(const std::string& name) {
  using Kind = Degradation::Kind;
  constexpr double widest = 50;
  const std::size_t colon = name.find(':');
  const std::string kind = name.substr(0, colon);
  const double amount = colon == std::string::npos ? 0 : number(name.substr(colon + 1));
  if (name == "png") return {Kind::none, 0, name};
  const bool quality = amount >= 1 && amount <= 100 && amount == std::floor(amount);
  if (kind == "jpeg" && quality) return {Kind::jpeg, amount, name};
  if (kind == "resize" && amount > 0 && amount <= 1) return {Kind::resize, amount, name};
  if (kind == "blur" && amount > 0 && amount <= widest) return {Kind::blur, amount, name};
  throw ConfigError(
      "'" + one_line(name) +
      "': there are png (as delivered), jpeg:QUALITY (1 to 100), resize:FACTOR (above 0, at most 1) and " +
      "blur:SIGMA (pixels, above 0, at most 50)");
}

const std::vector<std::string>& usual_degradations() {
  static const std::vector<std::string> usual = {"png", "jpeg:95", "jpeg:85", "jpeg:75", "resize:0.5", "blur:1"};
  return usual;
}

cv::Mat degrade(const Picture& picture, const Degradation& how) {
  using Kind = Degradation::Kind;
  cv::Mat out;
  if (how.kind == Kind::none) return picture.rgb;
  if (how.kind == Kind::jpeg) {
    Picture opaque = picture;
    opaque.alpha = cv::Mat();
    const auto bytes = encode_picture(opaque, {PictureFormat::jpeg, static_cast<int>(how.amount)});
    return decode_picture(bytes, how.name).rgb;
  }
  if (how.kind == Kind::resize) {
    const auto smaller = [&](int side) { return std::max(1, static_cast<int>(std::lround(side * how.amount))); };
    cv::resize(picture.rgb, out, {smaller(picture.rgb.cols), smaller(picture.rgb.rows)}, 0, 0, cv::INTER_AREA);
  }
  if (how.kind == Kind::blur) {
    cv::GaussianBlur(picture.rgb, out, {}, how.amount, how.amount, cv::BORDER_REFLECT_101);
  }
  return out;
}

}  // namespace faceoff
