#include "picture/views.hpp"

#include <faceoff/error.hpp>

#include <ATen/ATen.h>

#include <cmath>
#include <string>

namespace faceoff {

namespace {

struct Overloads {
  const ViewSpec& spec;
  std::int64_t height, width;
  const Face* face;

  at::Tensor map(double sx, double tx, double sy, double ty) const {
    return at::tensor({sx, 0., tx, 0., sy, ty}, at::kDouble).view({1, 2, 3});
  }

  View operator()(const WholePicture&) const {
    const std::int64_t longer = std::max(height, width);
    const std::int64_t out_h = spec.height > 0 ? spec.height : height, out_w = spec.width > 0 ? spec.width : width;
    if (spec.height == 0)
      return {legacy_bilinear(height, out_h, 0, height), legacy_bilinear(width, out_w, 0, width), map(1, 0, 1, 0)};
    // face-api maps boxes back by the rounded size of the picture within the view, not by the exact ratio.
    const auto inside = [&](std::int64_t side, std::int64_t out) {
      const double exact = static_cast<double>(side * out) / static_cast<double>(longer);
      return std::max(std::floor(exact + .5), 1.) / static_cast<double>(side);
    };
    return {legacy_bilinear(longer, out_h, 0, height), legacy_bilinear(longer, out_w, 0, width),
            map(inside(width, out_w), 0, inside(height, out_h), 0)};
  }

  View operator()(const BoxCrop& crop) const {
    const Box& box = face->box;
    const double longer = std::max(box.width(), box.height()), side = crop.scale * longer;
    const double x0 = (box.x0 + box.x1 - side) / 2, y0 = (box.y0 + box.y1 - side) / 2 + crop.down * longer;
    const double sx = static_cast<double>(spec.width) / side, sy = static_cast<double>(spec.height) / side;
    return {triangle(y0, y0 + side, spec.height, height), triangle(x0, x0 + side, spec.width, width),
            map(sx, -sx * x0, sy, -sy * y0)};
  }

  View operator()(const PaddedBox&) const { return padded(face->box); }

  View operator()(const DlibRect&) const {
    const at::Tensor& points = face->landmarks;
    const auto mean = [&](std::int64_t from, std::int64_t to) { return points.narrow(0, from, to - from).mean(0); };
    const at::Tensor left = mean(36, 42), right = mean(42, 48), mouth = mean(48, 68);
    const at::Tensor centre = (left + right + mouth) / 3;
    const double eyes_to_mouth = ((mouth - left).norm() + (mouth - right).norm()).item<double>() / 2;
    const double size = std::floor(eyes_to_mouth / .45);
    const double x = std::floor(std::max(0., centre[0].item<double>() - .5 * size));
    const double y = std::floor(std::max(0., centre[1].item<double>() - .43 * size));
    return padded({x, y, x + size, y + size});
  }

  /// face-api's extraction: clipped to the picture and floored, zero-padded to a centred square, legacy bilinear.
  View padded(const Box& box) const {
    const double left = std::max(box.x0, 0.), top = std::max(box.y0, 0.);
    const auto clipped = [](double from, double to, std::int64_t side) {
      return static_cast<std::int64_t>(std::floor(std::min(to - from, static_cast<double>(side) - from)));
    };
    const std::int64_t w = clipped(left, box.x1, width), h = clipped(top, box.y1, height);
    if (w < 1 || h < 1) throw Unviewable("a face's box has no pixel inside the picture");
    const auto x = static_cast<std::int64_t>(std::floor(left)), y = static_cast<std::int64_t>(std::floor(top));
    const std::int64_t side = std::max(w, h);
    const auto taps = [&](std::int64_t length, std::int64_t at, std::int64_t out) {
      const std::int64_t missing = side - length;
      const std::int64_t before = missing - (missing + 1) / 2;  // the rounded half comes after
      Taps along = legacy_bilinear(side, out, before, length);
      along.index += at;
      return along;
    };
    const double scale = static_cast<double>(spec.height) / static_cast<double>(side);
    const double pad_x = scale * static_cast<double>(side - w) / 2, pad_y = scale * static_cast<double>(side - h) / 2;
    return {taps(h, y, spec.height), taps(w, x, spec.width),
            map(scale, pad_x - scale * left, scale, pad_y - scale * top)};
  }
};

}  // namespace

View make_view(const ViewSpec& spec, std::int64_t height, std::int64_t width, const Face* face) {
  return std::visit(Overloads{spec, height, width, face}, spec.crop);
}

bool viewable(const ViewSpec& spec, std::int64_t height, std::int64_t width, const Face& face) {
  const Box& box = face.box;
  const bool outside =
      box.x1 <= 0 || box.y1 <= 0 || box.x0 >= static_cast<double>(width) || box.y0 >= static_cast<double>(height);
  if (outside) return false;
  try {
    make_view(spec, height, width, &face);
    return true;
  } catch (const Unviewable&) {
    return false;
  }
}

bool about_a_face(const Crop& crop) {
  return !std::holds_alternative<WholePicture>(crop);
}

bool needs_landmarks(const Crop& crop) {
  return std::holds_alternative<DlibRect>(crop);
}

}  // namespace faceoff
