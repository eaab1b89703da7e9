#pragma once

#include <faceoff/export.hpp>

#include <cstdint>
#include <string>
#include <variant>

namespace faceoff {

/// The whole picture, zero-padded right and below to a square, then TensorFlow's legacy bilinear (face-api's
/// detectors).
struct WholePicture {
  bool operator==(const WholePicture&) const = default;
};

/// The whole picture, stretched to the view's height and width; bilinear, half-pixel centres, the border repeated, and
/// not antialiased (OpenCV's resize).
struct StretchedPicture {
  bool operator==(const StretchedPicture&) const = default;
};

/// The whole picture, resized as StretchedPicture does but alike in height and width, to the largest whole size that
/// the view has room for, in its middle; black about it.
struct LetterboxedPicture {
  bool operator==(const LetterboxedPicture&) const = default;
};

/// A square about a face's box: `scale` × its longer side, its centre `down` × that side lower; antialiased triangle
/// filter, half-pixel centres, the border repeated.
struct BoxCrop {
  double scale = 1.1;
  double down = 0;
  bool operator==(const BoxCrop&) const = default;
};

/// face-api's crop of a face's box: floored, zero-padded to a centred square, legacy bilinear.
struct PaddedBox {
  bool operator==(const PaddedBox&) const = default;
};

/// face-api's aligned rectangle about eyes and mouth (68 landmarks), extracted as PaddedBox does.
struct DlibRect {
  bool operator==(const DlibRect&) const = default;
};

/// The face turned, scaled and shifted so that eye centres, nose and mouth corners come to lie, in the least squares
/// sense, where ArcFace's template has them (J. Deng et al., "ArcFace", CVPR 2019); antialiased where it shrinks, the
/// border repeated.
struct FivePoints {
  bool operator==(const FivePoints&) const = default;
};

using Crop = std::variant<WholePicture, BoxCrop, PaddedBox, DlibRect, FivePoints, StretchedPicture, LetterboxedPicture>;

/// True where the crop is cut about a face rather than being the whole picture.
inline bool about_a_face(const Crop& crop) {
  return !std::holds_alternative<WholePicture>(crop) && !std::holds_alternative<StretchedPicture>(crop) &&
         !std::holds_alternative<LetterboxedPicture>(crop);
}

/// What a model wants to see. Height and width 0: the picture's own size.
struct ViewSpec {
  std::int64_t height = 0;
  std::int64_t width = 0;
  Crop crop;
  bool operator==(const ViewSpec&) const = default;
};

/// "whole_picture", "box", "padded_box", "dlib_rect", "five_points", "stretched_picture" or "letterboxed_picture": the
/// name that experiments and calibrations use.
FACEOFF_API std::string to_string(const Crop& crop);

}  // namespace faceoff
