#include "attack/subject.hpp"

#include <faceoff/random.hpp>

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

#include "faces/views.hpp"

namespace faceoff {

namespace {

constexpr double margin = 1.1;  // of a face's box: what mask = "faces" covers

/// 1 on the squares about the faces.
at::Tensor faces_mask(const at::Tensor& picture, const std::vector<Face>& faces) {
  at::Tensor mask = at::zeros({1, 1, picture.size(2), picture.size(3)}, picture.options());
  for (const Face& face : faces) {
    const double half = margin * std::max(face.box.width(), face.box.height()) / 2;
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

/// The crops' differences on the picture's pixels, [1,3,H,W].
at::Tensor spread(const Subjects& subjects, const at::Tensor& difference, const at::Tensor& picture,
                  const std::vector<Face>& faces) {
  const std::int64_t height = picture.size(2), width = picture.size(3);
  at::Tensor whole = at::zeros_like(picture);
  at::Tensor nearest = at::full({height, width}, std::numeric_limits<double>::infinity(), at::kDouble);
  const at::Tensor xs = at::arange(width, at::kDouble) + .5, ys = at::arange(height, at::kDouble) + .5;
  for (std::int64_t b = 0; b < difference.size(0); ++b) {
    const auto m = subjects.map.accessor<double, 3>();
    const at::Tensor u = (xs * m[b][0][0] + m[b][0][2]).floor(), v = (ys * m[b][1][1] + m[b][1][2]).floor();
    const std::int64_t side_x = difference.size(3), side_y = difference.size(2);
    const at::Tensor columns = at::nonzero((u >= 0).logical_and(u < side_x)).flatten();
    const at::Tensor rows = at::nonzero((v >= 0).logical_and(v < side_y)).flatten();
    if (columns.numel() == 0 || rows.numel() == 0) continue;
    const std::int64_t x0 = columns[0].item<std::int64_t>(), y0 = rows[0].item<std::int64_t>();
    const auto region = [&](const at::Tensor& t) {
      return t.narrow(-2, y0, rows.numel()).narrow(-1, x0, columns.numel());
    };
    const Box& box = faces[static_cast<std::size_t>(subjects.faces[static_cast<std::size_t>(b)].front())].box;
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

}  // namespace

Subjects make_subjects(const Assembly& assembly, const at::Tensor& picture, const std::vector<Face>& faces, bool grey,
                       std::uint64_t key) {
  const Experiment& experiment = assembly.experiment;
  Subjects subjects;
  subjects.kind = experiment.subject;
  subjects.grey = grey;
  const auto count = static_cast<std::int64_t>(faces.size());
  if (experiment.subject == SubjectKind::crop) {
    std::vector<at::Tensor> pixels, masks, maps;
    for (std::int64_t f = 0; f < count; ++f) {
      const View view = make_view(assembly.surrogates.front()->view, picture.size(2), picture.size(3),
                                  &faces[static_cast<std::size_t>(f)]);
      pixels.push_back(view(picture));
      masks.push_back(on_picture(view, picture));
      maps.push_back(view.map);
      subjects.faces.push_back({f});
      subjects.keys.push_back(mix(key, static_cast<std::uint64_t>(f)));
    }
    subjects.pixels = at::cat(pixels).clamp(0, 255);
    subjects.map = at::cat(maps);
    subjects.mask = at::cat(masks);
    return subjects;
  }
  subjects.pixels = picture;
  subjects.mask = experiment.mask == MaskKind::faces
                      ? faces_mask(picture, faces)
                      : at::ones({1, 1, picture.size(2), picture.size(3)}, picture.options());
  subjects.map = at::eye(2, 3, at::kDouble).unsqueeze(0);
  subjects.faces.emplace_back();
  for (std::int64_t f = 0; f < count; ++f) subjects.faces.back().push_back(f);
  subjects.keys.push_back(key);
  return subjects;
}

at::Tensor paste(const Subjects& subjects, const at::Tensor& optimised, const at::Tensor& picture,
                 const std::vector<Face>& faces, double epsilon, Norm norm) {
  at::Tensor delivered = optimised;
  if (subjects.kind == SubjectKind::crop) {
    delivered = picture + spread(subjects, optimised - subjects.pixels, picture, faces);
  }
  if (subjects.grey) delivered = delivered.mean(1, true);
  if (norm == Norm::inf) {
    delivered = at::minimum(at::maximum(delivered.round(), (picture - epsilon).ceil()), (picture + epsilon).floor());
  } else {
    const at::Tensor origin = subjects.grey ? picture.narrow(1, 0, 1) : picture;
    delivered = origin + to_integers(delivered - origin, epsilon, subjects.grey ? 3 : 1);
  }
  return delivered.clamp(0, 255).to(at::kByte).expand_as(picture);
}

}  // namespace faceoff
