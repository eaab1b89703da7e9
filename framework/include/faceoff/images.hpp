#pragma once

#include <faceoff/export.hpp>
#include <faceoff/random.hpp>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace faceoff {

/// What an augmentation changes.
struct Images {
  at::Tensor pixels;  ///< [R,3,H,W] RGB in [0,255]
  /// [R,2,3] affine, from the picture's pixels to these, so that true boxes move along; undefined once a transform was
  /// no affine map.
  at::Tensor map;
  at::Tensor landmarks;  ///< [R,K,2] in these pixels; undefined at the picture, and where a face of the batch has none
  at::Tensor partners =
      {};  ///< [R,P,3,H,W] views of other people, as many as the augmentation asked for; else undefined
};

/// The images' maps followed by another affine map: [R,2,3] ∘ [R,2,3] → [R,2,3].
FACEOFF_API at::Tensor compose(const at::Tensor& after, const at::Tensor& before);

/// Points [R,…,2] through the rows' maps [R,2,3].
FACEOFF_API at::Tensor apply_map(const at::Tensor& map, const at::Tensor& points);

/// Boxes [R,N,4] through the rows' maps, as the upright boxes about the mapped corners.
FACEOFF_API at::Tensor map_boxes(const at::Tensor& map, const at::Tensor& boxes);

/// Each row k times, the copies adjacent.
FACEOFF_API Images repeated(const Images& images, std::int64_t k);

/// The images with new pixels, which an affine map a row [R,2,3] or one of all [1,2,3] brought where they are.
FACEOFF_API Images moved(const Images& images, const at::Tensor& pixels, const at::Tensor& map);

/// A rectangle of whole pixels within an image.
struct Window {
  std::int64_t top = 0, left = 0, height = 0, width = 0;
};

/// A window a row: its sides U[low, high) of the image's, at a random place within it.
FACEOFF_API std::vector<Window> random_windows(Random& random, std::int64_t height, std::int64_t width, double low,
                                               double high);

/// An affine map without a turn: x to scale_x · x + shift_x, y to scale_y · y + shift_y, in pixels.
struct Move {
  double scale_x = 1, shift_x = 0, scale_y = 1, shift_y = 0;
};

/// The images with new pixels: a tensor [1,3,H,W] a row, and how each row moved.
FACEOFF_API Images moved(const Images& images, const std::vector<at::Tensor>& rows, const std::vector<Move>& moves);

}  // namespace faceoff
