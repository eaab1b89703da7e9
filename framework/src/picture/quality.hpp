#pragma once

#include <opencv2/core/mat.hpp>

#include <optional>

namespace faceoff {

/// How much a delivered picture differs from the original, both CV_8UC3 of one size.
struct Quality {
  double l2 = 0;               ///< length of the whole difference, grey levels
  int linf = 0;                ///< largest difference of a value, grey levels
  std::optional<double> psnr;  ///< dB; nothing where nothing differs
  double changed = 0;          ///< share of the pixels that differ
  double ssim = 1;             ///< Wang et al. 2004: Gaussian 11×11, σ 1.5, mean over whole windows and channels
};

Quality compare(const cv::Mat& original, const cv::Mat& delivered);

/// The difference as a picture: grey where nothing differs, and the largest difference as black or full colour.
cv::Mat difference_picture(const cv::Mat& original, const cv::Mat& delivered);

}  // namespace faceoff
