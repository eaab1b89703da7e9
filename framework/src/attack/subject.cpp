#include "attack/subject.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "attack/rows.hpp"
#include "faces/views.hpp"

namespace faceoff {

namespace {

/// 1 on squares about the faces, so many times as long as a box's longer side.
at::Tensor faces_mask(const at::Tensor& picture, const std::vector<Face>& faces, double size) {
  at::Tensor mask = at::zeros({1, 1, picture.size(2), picture.size(3)}, picture.options());
  for (const Face& face : faces) {
    const double half = size * std::max(face.box.width(), face.box.height()) / 2;
    const double cx = (face.box.x0 + face.box.x1) / 2, cy = (face.box.y0 + face.box.y1) / 2;
    const auto bound = [](double v, std::int64_t side) { return std::clamp<std::int64_t>(std::llround(v), 0, side); };
    const std::int64_t x0 = bound(cx - half, picture.size(3)), x1 = bound(cx + half, picture.size(3));
    const std::int64_t y0 = bound(cy - half, picture.size(2)), y1 = bound(cy + half, picture.size(2));
    mask.narrow(2, y0, y1 - y0).narrow(3, x0, x1 - x0).fill_(1);
  }
  return mask;
}

/// 1 where a crop lies on the picture, [1,1,h,w]: what its view repeats of the border or fills with zeros is never
/// delivered.
at::Tensor on_picture(const View& view, const at::Tensor& picture) {
  const at::Tensor covered = view(at::ones_like(picture.narrow(1, 0, 1)));
  const auto m = view.map.accessor<double, 3>();
  const auto inside = [&](std::int64_t size, double scale, double shift, std::int64_t side) {
    const at::Tensor place = (at::arange(size, at::kDouble) + .5 - shift) / scale;
    return (place >= 0).logical_and(place < static_cast<double>(side)).to(picture.device());
  };
  const at::Tensor columns = inside(covered.size(3), m[0][0][0], m[0][0][2], picture.size(3));
  const at::Tensor rows = inside(covered.size(2), m[0][1][1], m[0][1][2], picture.size(2));
  return (covered > 0).logical_and(rows.unsqueeze(1).logical_and(columns)).to(picture.options());
}

/// Right and below, with zeros.
at::Tensor padded(const at::Tensor& rows, std::int64_t height, std::int64_t width) {
  return at::constant_pad_nd(rows, {0, width - rows.size(3), 0, height - rows.size(2)});
}

/// The crops' differences on their picture's pixels, [1,3,H,W]. subjects: those of the picture, a difference each, with
/// their maps.
at::Tensor spread(std::span<const Subject> subjects, const at::Tensor& map, const at::Tensor& difference,
                  const AttackInput& input) {
  const at::Tensor& picture = input.clean;
  const std::int64_t height = picture.size(2), width = picture.size(3);
  at::Tensor whole = at::zeros_like(picture);
  at::Tensor nearest = at::full({height, width}, std::numeric_limits<double>::infinity(), at::kDouble);
  const at::Tensor xs = at::arange(width, at::kDouble) + .5, ys = at::arange(height, at::kDouble) + .5;
  for (std::int64_t b = 0; b < difference.size(0); ++b) {
    const auto m = map.accessor<double, 3>();
    const at::Tensor u = (xs * m[b][0][0] + m[b][0][2]).floor(), v = (ys * m[b][1][1] + m[b][1][2]).floor();
    const std::int64_t side_x = difference.size(3), side_y = difference.size(2);
    const at::Tensor columns = at::nonzero((u >= 0).logical_and(u < side_x)).flatten();
    const at::Tensor rows = at::nonzero((v >= 0).logical_and(v < side_y)).flatten();
    if (columns.numel() == 0 || rows.numel() == 0) continue;
    const std::int64_t x0 = columns[0].item<std::int64_t>(), y0 = rows[0].item<std::int64_t>();
    const auto region = [&](const at::Tensor& t) {
      return t.narrow(-2, y0, rows.numel()).narrow(-1, x0, columns.numel());
    };
    const Box& box = input.faces[static_cast<std::size_t>(subjects[static_cast<std::size_t>(b)].faces.front())].box;
    const at::Tensor far =
        ((xs - (box.x0 + box.x1) / 2).square().unsqueeze(0) + (ys - (box.y0 + box.y1) / 2).square().unsqueeze(1));
    const at::Tensor nearer = region(far) < region(nearest);
    const at::Tensor enlarged = difference[b]
                                    .index_select(1, v.index_select(0, rows).to(at::kLong).to(difference.device()))
                                    .index_select(2, u.index_select(0, columns).to(at::kLong).to(difference.device()));
    region(whole[0]).copy_(at::where(nearer.to(difference.device()), enlarged, region(whole[0])));
    region(nearest).copy_(at::where(nearer, region(far), region(nearest)));
  }
  return whole;
}

/// The difference [1,C,H,W] as integers, no longer than it was nor than epsilon, where each value is delivered `copies`
/// times: cut toward zero, then the largest fractions rounded up as far as the length allows. Rounding to nearest alone
/// would lose a small budget that is spread over many pixels.
at::Tensor to_integers(const at::Tensor& difference, double epsilon, std::int64_t copies) {
  const at::Tensor exact = difference.to(at::kCPU, at::kDouble).flatten();
  const at::Tensor cut = exact.trunc(), fraction = (exact - cut).abs();
  const at::Tensor order = std::get<1>(fraction.sort(/*stable=*/true, /*dim=*/0, /*descending=*/true));
  const at::Tensor up = cut + exact.sign() * (fraction > 0);
  const at::Tensor cost = (up.square() - cut.square()).index_select(0, order).cumsum(0);
  const double longest = std::min(epsilon * epsilon / static_cast<double>(copies), exact.square().sum().item<double>());
  const double left = longest - cut.square().sum().item<double>();
  const at::Tensor chosen = order.masked_select(cost <= left);
  at::Tensor whole = cut.clone();
  whole.index_copy_(0, chosen, up.index_select(0, chosen));
  return whole.view(difference.sizes()).to(difference.options());
}

/// The crop of each face.
Subjects crops(const ViewSpec& spec, std::span<const AttackInput> pictures) {
  Subjects subjects;
  subjects.kind = SubjectKind::crop;
  std::vector<at::Tensor> pixels, masks, maps;
  for (std::size_t p = 0; p < pictures.size(); ++p) {
    const AttackInput& input = pictures[p];
    for (std::size_t f = 0; f < input.faces.size(); ++f) {
      const View view = make_view(spec, input.clean.size(2), input.clean.size(3), &input.faces[f]);
      pixels.push_back(view(input.clean));
      masks.push_back(on_picture(view, input.clean));
      maps.push_back(view.map);
      subjects.rows.push_back(
          {p, {static_cast<std::int64_t>(f)}, mix(input.key, f), spec.height, spec.width, input.grey});
    }
  }
  subjects.pixels = at::cat(pixels).clamp(0, 255);
  subjects.map = at::cat(maps);
  subjects.mask = at::cat(masks);
  return subjects;
}

/// The pictures themselves.
Subjects whole_pictures(const Experiment& experiment, std::span<const AttackInput> pictures) {
  Subjects subjects;
  std::int64_t height = 0, width = 0;
  for (const AttackInput& input : pictures) {
    height = std::max(height, input.clean.size(2));
    width = std::max(width, input.clean.size(3));
  }
  std::vector<at::Tensor> pixels, masks;
  for (std::size_t p = 0; p < pictures.size(); ++p) {
    const AttackInput& input = pictures[p];
    const at::Tensor mask = experiment.mask == MaskKind::faces
                                ? faces_mask(input.clean, input.faces, experiment.mask_size)
                                : at::ones_like(input.clean.narrow(1, 0, 1));
    pixels.push_back(padded(input.clean, height, width));
    masks.push_back(padded(mask, height, width));
    subjects.rows.push_back({p, counting(static_cast<std::int64_t>(input.faces.size())), input.key, input.clean.size(2),
                             input.clean.size(3), input.grey});
  }
  subjects.pixels = at::cat(pixels);
  subjects.mask = at::cat(masks);
  subjects.map = at::eye(2, 3, at::kDouble).repeat({subjects.count(), 1, 1});
  return subjects;
}

}  // namespace

std::int64_t Subjects::most_faces() const {
  std::size_t most = 0;
  for (const Subject& row : rows) most = std::max(most, row.faces.size());
  return static_cast<std::int64_t>(most);
}

Subjects make_subjects(const Experiment& experiment, const ViewSpec& view, std::span<const AttackInput> pictures) {
  return experiment.subject == SubjectKind::crop ? crops(view, pictures) : whole_pictures(experiment, pictures);
}

at::Tensor paste(const Subjects& subjects, const at::Tensor& optimised, std::span<const AttackInput> pictures,
                 std::size_t picture, double epsilon, Norm norm) {
  const AttackInput& input = pictures[picture];
  const auto first = std::ranges::find(subjects.rows, picture, &Subject::picture) - subjects.rows.begin();
  const auto count = std::ranges::count(subjects.rows, picture, &Subject::picture);
  const std::span<const Subject> own =
      std::span(subjects.rows).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
  const at::Tensor rows = optimised.narrow(0, first, count);
  at::Tensor delivered = rows.narrow(2, 0, own.front().height).narrow(3, 0, own.front().width);
  if (subjects.kind == SubjectKind::crop) {
    delivered = input.clean + spread(own, subjects.map.narrow(0, first, count),
                                     rows - subjects.pixels.narrow(0, first, count), input);
  }
  if (input.grey) delivered = delivered.mean(1, true);
  if (norm == Norm::inf) {
    delivered =
        at::minimum(at::maximum(delivered.round(), (input.clean - epsilon).ceil()), (input.clean + epsilon).floor());
  } else {
    const at::Tensor origin = input.grey ? input.clean.narrow(1, 0, 1) : input.clean;
    delivered = origin + to_integers(delivered - origin, epsilon, input.grey ? 3 : 1);
  }
  return delivered.clamp(0, 255).to(at::kByte).expand_as(input.clean);
}

}  // namespace faceoff
