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

/// One of the steps of a name.
Degradation::Step step_of(const std::string& name, const std::string& of) {
  using Kind = Degradation::Kind;
  constexpr double widest = 50;
  const std::size_t colon = name.find(':');
  const std::string kind = name.substr(0, colon);
  const double amount = colon == std::string::npos ? 0 : number(name.substr(colon + 1));
  const bool whole = amount == std::floor(amount);
  if (kind == "jpeg" && amount >= 1 && amount <= 100 && whole) return {Kind::jpeg, amount};
  if (kind == "resize" && amount > 0 && amount <= 1) return {Kind::resize, amount};
  if (kind == "blur" && amount > 0 && amount <= widest) return {Kind::blur, amount};
  if (kind == "median" && amount >= 3 && amount <= widest && std::fmod(amount, 2) == 1) return {Kind::median, amount};
  throw ConfigError(
      "'" + one_line(of) +
      "': there are png (as delivered), jpeg:QUALITY (1 to 100), resize:FACTOR (above 0, at most 1), " +
      "blur:SIGMA (pixels, above 0, at most 50), median:SIDE (pixels, odd, 3 to 49), and several of them " +
      "one after the other, as in jpeg:50+blur:1");
}

cv::Mat degraded(const cv::Mat& rgb, const Degradation::Step& how) {
  using Kind = Degradation::Kind;
  cv::Mat out;
  switch (how.kind) {
    case Kind::jpeg: {
      Picture picture;
      picture.rgb = rgb;
      const auto bytes = encode_picture(picture, {PictureFormat::jpeg, static_cast<int>(how.amount)});
      return decode_picture(bytes, "jpeg").rgb;
    }
    case Kind::resize: {
      const auto smaller = [&](int side) { return std::max(1, static_cast<int>(std::lround(side * how.amount))); };
      cv::resize(rgb, out, {smaller(rgb.cols), smaller(rgb.rows)}, 0, 0, cv::INTER_AREA);
      break;
    }
    case Kind::blur:
      cv::GaussianBlur(rgb, out, {}, how.amount, how.amount, cv::BORDER_REFLECT_101);
      break;
    case Kind::median:
      cv::medianBlur(rgb, out, static_cast<int>(how.amount));
      break;
  }
  return out;
}

}  // namespace

Degradation parse_degradation(const std::string& name) {
  Degradation all{{}, name};
  if (name == "png") return all;
  for (std::size_t begin = 0, end = 0; end != std::string::npos; begin = end + 1) {
    end = name.find('+', begin);
    all.steps.push_back(step_of(name.substr(begin, end == std::string::npos ? end : end - begin), name));
  }
  return all;
}

const std::vector<std::string>& usual_degradations() {
  static const std::vector<std::string> usual = {"png", "jpeg:95", "jpeg:85", "jpeg:75", "resize:0.5", "blur:1"};
  return usual;
}

cv::Mat degrade(const Picture& picture, const Degradation& how) {
  cv::Mat out = picture.rgb;
  for (const Degradation::Step& step : how.steps) out = degraded(out, step);
  return out;
}

}  // namespace faceoff
