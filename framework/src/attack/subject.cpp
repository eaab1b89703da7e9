#include "attack/subject.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "attack/rows.hpp"
#include "faces/views.hpp"

namespace faceoff {

namespace {

Part whole(const at::Tensor& picture) {
  return {0, 0, picture.size(2), picture.size(3)};
}

at::Tensor cut(const at::Tensor& picture, const Part& part) {
  return picture.narrow(2, part.top, part.height()).narrow(3, part.left, part.width());
}

/// Pixels as they are reckoned with.
at::Tensor numbers(const at::Tensor& pixels) {
  return pixels.scalar_type() == at::kByte ? pixels.to(at::kFloat) : pixels;
}

/// Squares about the faces, so many times as long as a box's longer side, as far as they are on the picture.
std::vector<Part> squares(const at::Tensor& picture, const std::vector<Face>& faces, double size) {
  std::vector<Part> all;
  for (const Face& face : faces) {
    const double half = size * std::max(face.box.width(), face.box.height()) / 2;
    const double cx = (face.box.x0 + face.box.x1) / 2, cy = (face.box.y0 + face.box.y1) / 2;
    const auto bound = [](double v, std::int64_t side) { return std::clamp<std::int64_t>(std::llround(v), 0, side); };
    all.push_back({bound(cy - half, picture.size(2)), bound(cx - half, picture.size(3)),
                   bound(cy + half, picture.size(2)), bound(cx + half, picture.size(3))});
  }
  return all;
}

/// 1 on these squares, where a part of the picture is the whole.
at::Tensor mask_of(const std::vector<Part>& squares, const Part& part, const at::TensorOptions& options) {
  at::Tensor mask = at::zeros({1, 1, part.height(), part.width()}, options);
  for (const Part& square : squares) {
    if (square.height() == 0 || square.width() == 0) continue;
    mask.narrow(2, square.top - part.top, square.height()).narrow(3, square.left - part.left, square.width()).fill_(1);
  }
  return mask;
}

/// The least part of a picture that has all of these, and some room about it where an augmentation at the picture may
/// move what lies there into sight. It begins and ends where a JPEG's blocks do, so that compressing it is compressing
/// the picture.
Part around(const std::vector<Part>& parts, const at::Tensor& picture, bool moves) {
  constexpr std::int64_t block = 16;
  Part all{picture.size(2), picture.size(3), 0, 0};
  for (const Part& part : parts) {
    if (part.height() == 0 || part.width() == 0) continue;
    all = {std::min(all.top, part.top), std::min(all.left, part.left), std::max(all.bottom, part.bottom),
           std::max(all.right, part.right)};
  }
  if (all.height() == 0) return whole(picture);
  const std::int64_t about = moves ? std::max(all.height(), all.width()) / 8 : 0;
  const auto before = [&](std::int64_t at) { return std::max<std::int64_t>(at - about, 0) / block * block; };
  const auto behind = [&](std::int64_t at, std::int64_t side) {
    return std::min((at + about + block - 1) / block * block, side);
  };
  return {before(all.top), before(all.left), behind(all.bottom, picture.size(2)), behind(all.right, picture.size(3))};
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
  return (covered > 0).logical_and(rows.unsqueeze(1).logical_and(columns)).to(covered.options());
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
  at::Tensor whole = at::zeros(picture.sizes(), difference.options());
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

/// Of each picture the part that may change.
Subjects parts(const Assembly& assembly, std::span<const AttackInput> pictures) {
  const Experiment& experiment = assembly.experiment;
  const bool faces_alone = only_faces_are_seen(assembly);
  const bool moves = std::ranges::any_of(assembly.augmentations,
                                         [](const AugmentationStep& step) { return step.at == Stage::picture; });
  Subjects subjects;
  std::vector<at::Tensor> pixels, masks, maps;
  for (std::size_t p = 0; p < pictures.size(); ++p) {
    const AttackInput& input = pictures[p];
    std::vector<Part> may_change = {whole(input.clean)};
    if (experiment.mask == MaskKind::faces) may_change = squares(input.clean, input.faces, experiment.mask_size);
    std::vector<Part> needed = may_change;
    for (const LoadedModel* model : assembly.surrogates) {
      for (std::size_t f = 0; faces_alone && f < input.faces.size(); ++f)
        needed.push_back(seen_by(make_view(model->view, input.clean.size(2), input.clean.size(3), &input.faces[f])));
    }
    const Part part = around(needed, input.clean, faces_alone && moves);
    pixels.push_back(numbers(cut(input.clean, part)));
    masks.push_back(mask_of(may_change, part, pixels.back().options()));
    subjects.pasted |= !faces_alone && (part.height() < input.clean.size(2) || part.width() < input.clean.size(3));
    subjects.rows.push_back({p, counting(static_cast<std::int64_t>(input.faces.size())), input.key, part.height(),
                             part.width(), input.grey, part.top, part.left});
  }
  std::int64_t height = 0, width = 0;
  for (const Subject& row : subjects.rows) {
    height = std::max(height, row.height);
    width = std::max(width, row.width);
    const auto left = static_cast<double>(row.left), top = static_cast<double>(row.top);
    maps.push_back(subjects.pasted ? at::eye(2, 3, at::kDouble)
                                   : at::tensor({1., 0., -left, 0., 1., -top}, at::kDouble).view({2, 3}));
  }
  for (std::size_t p = 0; p < pictures.size(); ++p) {
    pixels[p] = padded(pixels[p], height, width);
    masks[p] = padded(masks[p], height, width);
  }
  subjects.pixels = at::cat(pixels);
  subjects.mask = at::cat(masks);
  subjects.map = at::stack(maps);
  return subjects;
}

}  // namespace

bool only_faces_are_seen(const Assembly& assembly) {
  return std::ranges::all_of(assembly.surrogates,
                             [](const LoadedModel* model) { return about_a_face(model->view.crop); }) &&
         std::ranges::none_of(assembly.losses, [](const LossTerm& term) { return term.models.empty(); });
}

std::int64_t Subjects::most_faces() const {
  std::size_t most = 0;
  for (const Subject& row : rows) most = std::max(most, row.faces.size());
  return static_cast<std::int64_t>(most);
}

Subjects make_subjects(const Assembly& assembly, std::span<const AttackInput> pictures) {
  const bool cropped = assembly.experiment.subject == SubjectKind::crop;
  return cropped ? crops(assembly.surrogates.front()->view, pictures) : parts(assembly, pictures);
}

std::vector<Extent> shown_extents(const Subjects& subjects, std::span<const AttackInput> pictures) {
  std::vector<Extent> all;
  for (const Subject& row : subjects.rows) {
    const at::Tensor& picture = pictures[row.picture].clean;
    all.push_back(subjects.pasted ? Extent{picture.size(2), picture.size(3)} : Extent{row.height, row.width});
  }
  return all;
}

at::Tensor shown(const Subjects& subjects, std::size_t subject, const at::Tensor& rows,
                 std::span<const AttackInput> pictures) {
  const Subject& row = subjects.rows[subject];
  const at::Tensor own = rows.narrow(2, 0, row.height).narrow(3, 0, row.width);
  if (!subjects.pasted) return own;
  const at::Tensor picture = pictures[row.picture].clean.to(rows.scalar_type()).expand({rows.size(0), -1, -1, -1});
  const at::Tensor beside = picture.narrow(2, row.top, row.height);
  return at::slice_scatter(picture, at::slice_scatter(beside, own, 3, row.left, row.left + row.width), 2, row.top,
                           row.top + row.height);
}

at::Tensor paste(const Subjects& subjects, const at::Tensor& optimised, std::span<const AttackInput> pictures,
                 std::size_t picture, double epsilon, Norm norm) {
  const AttackInput& input = pictures[picture];
  const auto first = std::ranges::find(subjects.rows, picture, &Subject::picture) - subjects.rows.begin();
  const auto count = std::ranges::count(subjects.rows, picture, &Subject::picture);
  const std::span<const Subject> own =
      std::span(subjects.rows).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
  const at::Tensor rows = optimised.narrow(0, first, count);
  Part part = whole(input.clean);
  at::Tensor delivered;
  if (subjects.kind == SubjectKind::crop) {
    delivered = input.clean + spread(own, subjects.map.narrow(0, first, count),
                                     rows - subjects.pixels.narrow(0, first, count), input);
  } else {
    const Subject& row = own.front();
    part = row.part();
    delivered = rows.narrow(2, 0, row.height).narrow(3, 0, row.width);
  }
  const at::Tensor clean = numbers(cut(input.clean, part));
  if (input.grey) delivered = delivered.mean(1, true);
  if (norm == Norm::inf) {
    delivered = at::minimum(at::maximum(delivered.round(), (clean - epsilon).ceil()), (clean + epsilon).floor());
  } else {
    const at::Tensor origin = input.grey ? clean.narrow(1, 0, 1) : clean;
    delivered = origin + to_integers(delivered - origin, epsilon, input.grey ? 3 : 1);
  }
  at::Tensor pixels = input.clean.to(at::kByte, /*non_blocking=*/false, /*copy=*/true);
  cut(pixels, part).copy_(delivered.clamp(0, 255).to(at::kByte).expand_as(clean));
  return pixels;
}

}  // namespace faceoff
