#include "faces/views.hpp"

#include <faceoff/error.hpp>
#include <faceoff/images.hpp>

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <tuple>
#include <utility>

namespace faceoff {

namespace {

constexpr std::int64_t all_landmarks = 68;

/// Throws where a face has no landmarks, or not those that it is aligned by.
void require_landmarks(const Face& face, bool five_do) {
  if (!face.landmarks.defined()) throw Unviewable("a face has no landmarks");
  const std::int64_t points = face.landmarks.size(0);
  if (points == all_landmarks || (five_do && points == 5)) return;
  throw Error("a face is aligned by " + std::string(five_do ? "5 or 68" : "68") + " landmarks, and has " +
              std::to_string(points));
}

/// Eye centres, nose and mouth corners of 68 landmarks, or the five points themselves: [5,2].
at::Tensor five_points(const at::Tensor& landmarks) {
  if (landmarks.size(0) != all_landmarks) return landmarks;
  const auto mean = [&](std::int64_t from, std::int64_t to) { return landmarks.narrow(0, from, to - from).mean(0); };
  return at::stack({mean(36, 42), mean(42, 48), landmarks[30], landmarks[48], landmarks[54]});
}

/// Where ArcFace's aligned faces have them: [5,2] in a square of this side.
at::Tensor arcface_template(std::int64_t side) {
  return at::tensor({38.2946, 51.6963, 73.5318, 51.5014, 56.0252, 71.7366, 41.5493, 92.3655, 70.7299, 92.2041},
                    at::kDouble)
             .view({5, 2}) *
         (static_cast<double>(side) / 112);
}

/// The rotation, scale and shift [2,3] that brings points nearest to others. S. Umeyama, "Least-squares estimation of
/// transformation parameters between two point patterns", PAMI 1991; in the plane and without reflection.
at::Tensor similarity(const at::Tensor& from, const at::Tensor& to) {
  const at::Tensor from_mean = from.mean(0), to_mean = to.mean(0);
  const at::Tensor f = from - from_mean, t = to - to_mean;
  const at::Tensor along = (f * t).sum(),
                   across = (f.select(1, 0) * t.select(1, 1) - f.select(1, 1) * t.select(1, 0)).sum();
  const at::Tensor a = along / f.square().sum(), b = across / f.square().sum();
  const at::Tensor turn = at::stack({a, -b, b, a}).view({2, 2});
  return at::cat({turn, (to_mean - at::matmul(turn, from_mean)).unsqueeze(1)}, 1);
}

/// The inverse of a similarity [2,3].
at::Tensor undone(const at::Tensor& map) {
  const at::Tensor turn = map.narrow(1, 0, 2);
  const at::Tensor back = turn.t() / turn[0].square().sum();
  return at::cat({back, -at::matmul(back, map.narrow(1, 2, 1))}, 1);
}

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

  View operator()(const StretchedPicture&) const {
    const std::int64_t out_h = spec.height > 0 ? spec.height : height, out_w = spec.width > 0 ? spec.width : width;
    return resized({0, out_h, out_h}, {0, out_w, out_w});
  }

  View operator()(const LetterboxedPicture&) const {
    if (spec.height == 0) return (*this)(StretchedPicture{});
    const double scale = std::min(static_cast<double>(spec.height) / static_cast<double>(height),
                                  static_cast<double>(spec.width) / static_cast<double>(width));
    const auto along = [&](std::int64_t side, std::int64_t out) -> Placed {
      const double exact = static_cast<double>(side) * scale;
      const std::int64_t inside = std::clamp<std::int64_t>(std::llround(exact), 1, out);
      return {(out - inside) / 2, inside, out};
    };
    return resized(along(height, spec.height), along(width, spec.width));
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
    require_landmarks(*face, false);
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

  View operator()(const FivePoints&) const {
    require_landmarks(*face, true);
    const at::Tensor to_view = similarity(five_points(face->landmarks), arcface_template(spec.width));
    const auto m = to_view.accessor<double, 2>();
    const double scale = std::hypot(m[0][0], m[1][0]);
    if (!std::isfinite(scale) || scale <= 0) throw Unviewable("a face's landmarks are all in one place");
    // Upright first, at the view's scale where it shrinks; then turned.
    const at::Tensor to_picture = undone(to_view);
    const auto h = static_cast<double>(spec.height), w = static_cast<double>(spec.width);
    const at::Tensor corners =
        apply_map(to_picture.unsqueeze(0), at::tensor({0., 0., w, 0., 0., h, w, h}, at::kDouble).view({1, 4, 2}));
    const at::Tensor low = corners.amin(1).squeeze(0), high = corners.amax(1).squeeze(0);
    const double shrink = std::min(1., scale);
    const auto along = [&](std::int64_t axis, std::int64_t available) {
      const double from = std::floor(low[axis].item<double>()) - 1, to = high[axis].item<double>() + 1;
      if (to <= 0 || from >= static_cast<double>(available))
        throw Unviewable("a face's landmarks are beyond the picture");
      const auto out = static_cast<std::int64_t>(std::ceil((to - from) * shrink));
      return std::tuple(triangle(from, from + static_cast<double>(out) / shrink, out, available), from, out);
    };
    const auto [columns, left, across] = along(0, width);
    const auto [rows, top, down] = along(1, height);
    const at::Tensor upright = map(shrink, -shrink * left, shrink, -shrink * top);
    const at::Tensor pixels =
        at::stack({(at::arange(spec.width, at::kDouble) + .5).unsqueeze(0).expand({spec.height, spec.width}),
                   (at::arange(spec.height, at::kDouble) + .5).unsqueeze(1).expand({spec.height, spec.width})},
                  2);
    const at::Tensor places = apply_map(compose(upright, to_picture.unsqueeze(0)), pixels.unsqueeze(0));
    const at::Tensor size = at::tensor({static_cast<double>(across), static_cast<double>(down)}, at::kDouble);
    return {rows, columns, to_view.unsqueeze(0), places * 2 / size - 1};
  }

  /// Where a picture's side comes to lie on the view's.
  struct Placed {
    std::int64_t begin, inside, out;
  };
  View resized(const Placed& rows, const Placed& columns) const {
    const auto scale = [](const Placed& part, std::int64_t side) {
      return static_cast<double>(part.inside) / static_cast<double>(side);
    };
    return {half_pixel_bilinear(height, rows.out, rows.begin, rows.inside),
            half_pixel_bilinear(width, columns.out, columns.begin, columns.inside),
            map(scale(columns, width), static_cast<double>(columns.begin), scale(rows, height),
                static_cast<double>(rows.begin))};
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

at::Tensor View::operator()(const at::Tensor& picture) const {
  const at::Tensor seen = resample(picture, rows, columns);
  if (!grid.defined()) return seen;
  constexpr std::int64_t bilinear = 0, border = 1;
  return at::grid_sampler(seen, grid.to(seen.options()), bilinear, border, false);
}

Part seen_by(const View& view) {
  const auto along = [](const Taps& taps) -> std::pair<std::int64_t, std::int64_t> {
    const at::Tensor used = taps.index.masked_select(taps.weight != 0);
    if (used.numel() == 0) return {0, 0};
    return {used.min().item<std::int64_t>(), used.max().item<std::int64_t>() + 1};
  };
  const auto [top, bottom] = along(view.rows);
  const auto [left, right] = along(view.columns);
  return {top, left, bottom, right};
}

View of_part(const View& view, const Part& part) {
  const auto along = [](const Taps& taps, std::int64_t begin, std::int64_t length) {
    return Taps{(taps.index - begin).clamp(0, length - 1), taps.weight};  // what counts for nothing may lie anywhere
  };
  const at::Tensor to_picture =
      at::tensor({1., 0., static_cast<double>(part.left), 0., 1., static_cast<double>(part.top)}, at::kDouble)
          .view({1, 2, 3});
  return {along(view.rows, part.top, part.height()), along(view.columns, part.left, part.width()),
          compose(view.map, to_picture), view.grid};
}

View make_view(const ViewSpec& spec, std::int64_t height, std::int64_t width, const Face* face) {
  return std::visit(Overloads{spec, height, width, face}, spec.crop);
}

at::Tensor mirrored(const at::Tensor& landmarks) {
  static constexpr std::array<std::int64_t, 5> five = {1, 0, 2, 4, 3};
  static constexpr std::array<std::int64_t, all_landmarks> all = {
      16, 15, 14, 13, 12, 11, 10, 9,  8,  7,  6,  5,  4,  3,  2,  1,  0,                // the jaw
      26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 27, 28, 29, 30, 35, 34, 33, 32, 31,       // brows and nose
      45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,                                   // eyes
      54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65};  // the mouth's lines
  const auto in_order = [&](at::IntArrayRef of) { return landmarks.index_select(0, at::tensor(of, at::kLong)); };
  if (landmarks.size(0) == all_landmarks) return in_order(all);
  return landmarks.size(0) == static_cast<std::int64_t>(five.size()) ? in_order(five) : landmarks;
}

bool viewable(const ViewSpec& spec, std::int64_t height, std::int64_t width, const Face& face) {
  const Box& box = face.box;
  if (box.x1 <= 0 || box.y1 <= 0 || box.x0 >= static_cast<double>(width) || box.y0 >= static_cast<double>(height))
    return false;
  try {
    make_view(spec, height, width, &face);
    return true;
  } catch (const Unviewable&) {
    return false;
  }
}

}  // namespace faceoff
