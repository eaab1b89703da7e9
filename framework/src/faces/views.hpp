#pragma once

#include <faceoff/error.hpp>
#include <faceoff/resample.hpp>
#include <faceoff/view.hpp>

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>

#include "faces/face.hpp"

namespace faceoff {

/// One differentiable map from a picture to a model's input: where each view pixel is taken from, and where a picture's
/// points come to lie.
struct View {
  Taps rows, columns;    ///< upright: rows and columns on their own
  at::Tensor map;        ///< [1,2,3] float64, from the picture's pixels to the view's
  at::Tensor grid = {};  ///< [1,height,width,2] where the view turns: its pixels' places in what is upright, in [-1,1]

  /// picture [1,C,H,W] → [1,C,height,width]
  at::Tensor operator()(const at::Tensor& picture) const;
};

/// Whole pixels of a picture: rows [top, bottom), columns [left, right).
struct Part {
  std::int64_t top = 0, left = 0, bottom = 0, right = 0;

  std::int64_t height() const { return std::max<std::int64_t>(bottom - top, 0); }
  std::int64_t width() const { return std::max<std::int64_t>(right - left, 0); }
};

/// What of its picture a view is made of.
Part seen_by(const View& view);

/// The same view where a part of the picture alone is there, which has all that the view is made of.
View of_part(const View& view, const Part& part);

/// A face of which there is no view: its box, or what lies about its landmarks, has no pixel in the picture.
class Unviewable : public Error {
 public:
  using Error::Error;
};

/// The view of a picture of this size; `face` for what is cut about one, with 68 landmarks for DlibRect, 68 or 5
/// for FivePoints. Throws Unviewable, and Error where there are other landmarks than these.
View make_view(const ViewSpec& spec, std::int64_t height, std::int64_t width, const Face* face = nullptr);

/// A mirrored face's landmarks [K,2] in the order that faces have them: what was the left eye is the right one. 68 or
/// 5; others as they are.
at::Tensor mirrored(const at::Tensor& landmarks);

/// Whether a picture of this size shows anything of the face in the view.
bool viewable(const ViewSpec& spec, std::int64_t height, std::int64_t width, const Face& face);

/// True where the view's rows are rows of the picture.
inline bool upright(const Crop& crop) {
  return !std::holds_alternative<FivePoints>(crop);
}

}  // namespace faceoff
