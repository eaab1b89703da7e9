#include "picture/quality.hpp"

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>

namespace faceoff {

namespace {

constexpr int window = 11;

/// The structural similarity of each pixel's window.
cv::Mat similarities(const cv::Mat& a, const cv::Mat& b) {
  constexpr double c1 = 0.01 * 255 * 0.01 * 255, c2 = 0.03 * 255 * 0.03 * 255;
  const auto blur = [](const cv::Mat& m) {
    cv::Mat out;
    cv::GaussianBlur(m, out, {window, window}, 1.5, 1.5, cv::BORDER_REFLECT);
    return out;
  };
  cv::Mat x, y;
  a.convertTo(x, CV_32F);
  b.convertTo(y, CV_32F);
  const cv::Mat mx = blur(x), my = blur(y);
  const cv::Mat vx = blur(x.mul(x)) - mx.mul(mx), vy = blur(y.mul(y)) - my.mul(my), cov = blur(x.mul(y)) - mx.mul(my);
  const cv::Scalar k1 = cv::Scalar::all(c1), k2 = cv::Scalar::all(c2);
  const cv::Mat top = (2 * mx.mul(my) + k1).mul(2 * cov + k2);
  const cv::Mat bottom = (mx.mul(mx) + my.mul(my) + k1).mul(vx + vy + k2);
  return top / bottom;
}

/// Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity", 2004, without its
/// downsampling: the mean over the windows that lie wholly within the picture. A band of rows at a time: what is
/// reckoned with is many times as large as the pixels.
double ssim(const cv::Mat& a, const cv::Mat& b) {
  constexpr int band = 64;
  // A picture smaller than a window has none within it, so its border counts as if mirrored.
  const int margin_x = a.cols < window ? 0 : window / 2, margin_y = a.rows < window ? 0 : window / 2;
  const int across = a.cols - 2 * margin_x, down = a.rows - 2 * margin_y;
  double sum = 0;
  for (int top = 0; top < down; top += band) {
    const int rows = std::min(band, down - top);
    const cv::Range seen(top, top + rows + 2 * margin_y);
    const cv::Mat x = a.rowRange(seen), y = b.rowRange(seen);
    if (cv::norm(x, y, cv::NORM_INF) == 0) {
      sum += 3. * rows * across;
      continue;
    }
    const cv::Scalar part = cv::sum(similarities(x, y)(cv::Rect(margin_x, margin_y, across, rows)));
    sum += part[0] + part[1] + part[2];
  }
  return sum / (3. * across * down);
}

}  // namespace

Quality compare(const cv::Mat& original, const cv::Mat& delivered) {
  Quality quality;
  quality.linf = static_cast<int>(cv::norm(original, delivered, cv::NORM_INF));
  if (quality.linf == 0) return quality;
  const double squared = cv::norm(original, delivered, cv::NORM_L2SQR);
  quality.l2 = std::sqrt(squared);
  quality.psnr = 10 * std::log10(255. * 255. * static_cast<double>(original.total() * 3) / squared);
  quality.ssim = ssim(original, delivered);
  cv::Mat difference;
  cv::absdiff(original, delivered, difference);
  cv::Mat largest;  // of a pixel's three values
  cv::reduce(difference.reshape(1, static_cast<int>(difference.total())), largest, 1, cv::REDUCE_MAX);
  const int differing = cv::countNonZero(largest);
  quality.changed = static_cast<double>(differing) / static_cast<double>(original.total());
  return quality;
}

cv::Mat difference_picture(const cv::Mat& original, const cv::Mat& delivered) {
  constexpr double grey = 128, room = 127;
  cv::Mat difference;
  cv::subtract(delivered, original, difference, cv::noArray(), CV_32F);
  const double largest = cv::norm(difference, cv::NORM_INF);
  cv::Mat picture;
  difference.convertTo(picture, CV_8U, largest > 0 ? room / largest : 0, grey);
  return picture;
}

}  // namespace faceoff
