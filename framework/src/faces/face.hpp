#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>

namespace faceoff {

/// x0, y0, x1, y1 in a picture's pixels; pixel i covers [i, i+1).
struct Box {
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  double width() const { return x1 - x0; }
  double height() const { return y1 - y0; }
  double area() const { return std::max(width(), 0.0) * std::max(height(), 0.0); }
};

/// What is in both; of no area where there is nothing.
inline Box intersection(const Box& a, const Box& b) {
  return {std::max(a.x0, b.x0), std::max(a.y0, b.y0), std::min(a.x1, b.x1), std::min(a.y1, b.y1)};
}

/// Intersection over union.
inline double iou(const Box& a, const Box& b) {
  const double shared = intersection(a, b).area(), all = a.area() + b.area() - shared;
  return all > 0 ? shared / all : 0;
}

/// One face of a picture, in its pixels.
struct Face {
  Box box;
  double score = 0;
  at::Tensor landmarks;  ///< [K,2] float64, or undefined
};

}  // namespace faceoff
