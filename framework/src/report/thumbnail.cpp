#include "report/thumbnail.hpp"

#include <faceoff/error.hpp>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>

#include "picture/picture.hpp"

namespace faceoff {

std::optional<Thumbnail> thumbnail(const std::filesystem::path& picture, const Box& face, int side) try {
  constexpr double around = 1.5;
  constexpr int quality = 85;
  const Picture whole = read_picture(picture);
  const double half = around / 2 * std::max(face.width(), face.height());
  const double x = (face.x0 + face.x1) / 2, y = (face.y0 + face.y1) / 2;
  const auto corner = [&](double centre) { return static_cast<int>(std::floor(centre - half)); };
  const int length = std::max(1, static_cast<int>(std::lround(2 * half)));
  const cv::Rect shown = cv::Rect(corner(x), corner(y), length, length) & cv::Rect({}, whole.rgb.size());
  if (shown.empty()) return std::nullopt;
  const double scale = static_cast<double>(side) / std::max(shown.width, shown.height);
  const auto pixels = [&](int length_of) { return std::max(1, static_cast<int>(std::lround(length_of * scale))); };
  Picture small;
  cv::resize(whole.rgb(shown), small.rgb, {pixels(shown.width), pixels(shown.height)}, 0, 0,
             scale < 1 ? cv::INTER_AREA : cv::INTER_CUBIC);
  const auto right = static_cast<double>(shown.x + shown.width), bottom = static_cast<double>(shown.y + shown.height);
  return Thumbnail{encode_picture(small, {PictureFormat::jpeg, quality}),
                   {static_cast<double>(shown.x), static_cast<double>(shown.y), right, bottom},
                   small.rgb.cols,
                   small.rgb.rows};
} catch (const Error&) {
  return std::nullopt;  // a report without it is better than none
}

}  // namespace faceoff
