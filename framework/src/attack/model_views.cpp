#include "attack/model_views.hpp"

#include <faceoff/images.hpp>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "attack/target_choice.hpp"
#include "faces/faces.hpp"
#include "faces/matching.hpp"
#include "plugins/call_plugin.hpp"
#include "plugins/check_answer.hpp"

namespace faceoff {

namespace {

/// Boxes as [1,F,4] float64.
at::Tensor as_tensor(const std::vector<Box>& boxes) {
  std::vector<double> values;
  for (const Box& box : boxes) values.insert(values.end(), {box.x0, box.y0, box.x1, box.y1});
  return at::tensor(values, at::kDouble).view({1, -1, 4});
}

/// A face where an affine map of the picture puts it.
Face moved(const Face& face, const at::Tensor& map) {
  const at::Tensor box = map_boxes(map, as_tensor({face.box}));
  const auto b = box.accessor<double, 3>();
  Face there{{b[0][0][0], b[0][0][1], b[0][0][2], b[0][0][3]}, face.score, {}};
  if (!face.landmarks.defined()) return there;
  there.landmarks = apply_map(map, face.landmarks.unsqueeze(0)).squeeze(0);
  const auto m = map.accessor<double, 3>();
  if (m[0][0][0] * m[0][1][1] < m[0][0][1] * m[0][1][0]) there.landmarks = mirrored(there.landmarks);
  return there;
}

constexpr std::int64_t at_once = 16;  ///< clean views that a model is asked about together

/// Tensors one behind another, each with zeros behind in all sizes but the first, where others are larger.
at::Tensor padded(const std::vector<at::Tensor>& parts) {
  std::vector<std::int64_t> largest = parts.front().sizes().vec();
  for (const at::Tensor& part : parts) {
    for (std::size_t d = 0; d < largest.size(); ++d)
      largest[d] = std::max(largest[d], part.size(static_cast<std::int64_t>(d)));
  }
  std::vector<at::Tensor> all;
  for (const at::Tensor& part : parts) {
    std::vector<std::int64_t> pad;  // from the last size to the second
    for (std::size_t d = largest.size() - 1; d > 0; --d)
      pad.insert(pad.end(), {0, largest[d] - part.size(static_cast<std::int64_t>(d))});
    all.push_back(at::constant_pad_nd(part, pad));
  }
  return at::cat(all);
}

at::Tensor gather(const at::Tensor& from, const at::Tensor& rows) {
  return from.defined() ? from.index_select(0, rows) : from;
}

}  // namespace

ModelViews::ModelViews(const LoadedModel& model, const Subjects& subjects, std::span<const AttackInput> pictures,
                       Field wanted, at::Tensor mean, double minimum_score)
    : model_(model),
      subjects_(subjects),
      pictures_(pictures),
      of_faces_(about_a_face(model.view.crop)),
      wanted_(wanted),
      mean_(std::move(mean)) {
  std::vector<at::Tensor> faces, frames;
  for (std::size_t s = 0; s < subjects.rows.size(); ++s) {
    const AttackInput& input = picture(s);
    const std::int64_t height = input.clean.size(2), width = input.clean.size(3);
    std::vector<View>& views = clean_views_.emplace_back();
    if (of_faces_) {
      for (std::size_t f = 0; f < subjects.rows[s].faces.size(); ++f)
        views.push_back(make_view(model.view, height, width, &face(s, f)));
    } else {
      views.push_back(make_view(model.view, height, width));
    }
    first_.push_back(first_.back() + static_cast<std::int64_t>(views.size()));
    still_.push_back(views);
    const Subject& row = subjects.rows[s];
    if (subjects.kind == SubjectKind::picture && !subjects.pasted) {
      std::ranges::transform(views, still_.back().begin(), [&](const View& view) { return of_part(view, row.part()); });
    }
    std::vector<Box> boxes;
    std::ranges::transform(input.faces, std::back_inserter(boxes), &Face::box);
    faces.push_back(as_tensor(boxes));
    frames.push_back(as_tensor({{0, 0, static_cast<double>(width), static_cast<double>(height)}}));
  }
  faces_ = padded(faces);
  frames_ = at::cat(frames);
  const at::NoGradGuard no_grad;
  ask();
  if (includes(model.provides, Field::scores | Field::boxes) && !of_faces_) draw(minimum_score);
  if (!includes(model.provides, Field::embedding)) return;
  gather_own();
  gather_targets();
}

const AttackInput& ModelViews::picture(std::size_t subject) const {
  return pictures_[subjects_.rows[subject].picture];
}

const Face& ModelViews::face(std::size_t subject, std::size_t place) const {
  return picture(subject).faces[static_cast<std::size_t>(subjects_.rows[subject].faces[place])];
}

Rows ModelViews::of(const std::vector<Rows>& pictures, std::int64_t copies) const {
  Rows rows;
  std::vector<at::Tensor> pixels, maps, landmarks;
  const std::vector<Extent> extents = shown_extents(subjects_, pictures_);
  for (const Rows& group : pictures) {
    const Images& images = group.images;
    const bool mapped = images.map.defined();
    if (!mapped) rows.unmapped_by = group.unmapped_by;
    if (!mapped && of_faces_) {
      throw PluginFault("plugin " + group.unmapped_by,
                        "it is no affine map (it gives none), so that nobody knows where the faces are that '" +
                            model_.name + "' sees: say at = \"view\"");
    }
    const auto put = [&](std::int64_t row, std::size_t subject, std::size_t place) {
      rows.subject.push_back(row);
      rows.reference.push_back(first_[subject] + static_cast<std::int64_t>(place));
    };
    const std::int64_t height = images.pixels.size(2), width = images.pixels.size(3);
    if (subjects_.kind == SubjectKind::picture && !of_faces_) {
      // Whole pictures of one size have one view.
      const View view = make_view(model_.view, height, width);
      pixels.push_back(view(images.pixels));
      if (mapped) maps.push_back(compose(view.map.expand({images.map.size(0), 2, 3}), images.map));
      for (const std::int64_t row : group.subject) put(row, static_cast<std::size_t>(row / copies), 0);
      continue;
    }
    // Taken apart once: the gradients of rows that are taken one by one would each be as large as all of them.
    const std::vector<at::Tensor> each = images.pixels.split(1);
    for (std::size_t r = 0; r < each.size(); ++r) {
      const std::int64_t row = group.subject[r];
      const auto s = static_cast<std::size_t>(row / copies);
      const at::Tensor map = images.map.narrow(0, static_cast<std::int64_t>(r), 1);
      if (subjects_.kind == SubjectKind::crop) {
        pixels.push_back(each[r]);
        maps.push_back(map);
        put(row, s, 0);
        continue;
      }
      const bool still = extents[s].height == height && extents[s].width == width &&
                         at::equal(map, subjects_.map.narrow(0, static_cast<std::int64_t>(s), 1));
      for (std::size_t f = 0; f < still_[s].size(); ++f) {
        const Face there = still ? face(s, f) : moved(face(s, f), map);
        if (!still && !viewable(model_.view, height, width, there)) continue;  // this draw says nothing of it
        const View view = still ? still_[s][f] : make_view(model_.view, height, width, &there);
        const at::Tensor whole = compose(view.map, map);
        if (there.landmarks.defined()) landmarks.push_back(apply_map(whole, face(s, f).landmarks.unsqueeze(0)));
        pixels.push_back(view(each[r]));
        maps.push_back(whole);
        put(row, s, f);
      }
    }
  }
  if (pixels.empty()) return rows;
  rows.images.pixels = pixels.size() == 1 ? pixels.front() : at::cat(pixels);
  if (!maps.empty()) rows.images.map = at::cat(maps);
  if (landmarks.size() == rows.subject.size()) rows.images.landmarks = at::cat(landmarks);
  return rows;
}

void ModelViews::ask() {
  std::vector<at::Tensor> views;
  for (std::size_t s = 0; s < clean_views_.size(); ++s) {
    for (const View& view : clean_views_[s]) views.push_back(view(picture(s).clean));
  }
  const at::Tensor pixels = at::cat(views);
  std::vector<Output> outputs;
  for (std::int64_t begin = 0; begin < pixels.size(0); begin += at_once)
    outputs.push_back(forward(model_, pixels.narrow(0, begin, std::min(at_once, pixels.size(0) - begin))));
  for (const auto& [field, tensor] : output_parts) {
    std::vector<at::Tensor> parts;
    for (const Output& output : outputs) parts.push_back(output.*tensor);
    if (includes(model_.provides, field)) clean_.*tensor = padded(parts);
  }
  if (includes(wanted_, Field::picture)) clean_.picture = pixels;
}

void ModelViews::draw(double minimum_score) {
  std::vector<at::Tensor> boxes;
  for (std::size_t s = 0; s < clean_views_.size(); ++s) {
    Output answer;
    answer.scores = clean_.scores.narrow(0, static_cast<std::int64_t>(s), 1);
    answer.boxes = clean_.boxes.narrow(0, static_cast<std::int64_t>(s), 1);
    const std::vector<Face> found =
        detected(model_, answer, clean_views_[s].front().map, picture(s).clean, minimum_score);
    std::vector<Box> drawn;
    for (const Face& face : picture(s).faces) drawn.push_back(as_drawn(found, face.box));
    boxes.push_back(as_tensor(drawn));
  }
  drawn_ = padded(boxes);
}

void ModelViews::gather_own() {
  const at::Tensor of_faces = clean_.embedding.unsqueeze(1);  // an embedder sees faces
  std::vector<at::Tensor> references;                         // [1,K,D]
  for (const Subject& subject : subjects_.rows) {
    const std::vector<Embeddings>& photos = pictures_[subject.picture].own;
    for (const std::int64_t f : subject.faces) {
      at::Tensor own = of_faces.narrow(0, static_cast<std::int64_t>(references.size()), 1);
      if (!photos.empty() && photos[static_cast<std::size_t>(f)].contains(&model_))
        own = at::cat({own, photos[static_cast<std::size_t>(f)].at(&model_).unsqueeze(0)}, 1);
      references.push_back(own);
    }
  }
  own_ = padded(references);
}

void ModelViews::gather_targets() {
  std::vector<at::Tensor> faces;  // of each reference the targets' embeddings [1,T,K,D]
  for (const Subject& subject : subjects_.rows) {
    const AttackInput& picture = pictures_[subject.picture];
    if (picture.targets.empty()) return;
    for (const std::int64_t f : subject.faces) {
      std::vector<at::Tensor> targets;
      for (const Target& target : picture.targets[static_cast<std::size_t>(f)])
        targets.push_back(target.attacked.at(&model_).unsqueeze(0));
      faces.push_back(padded(targets).unsqueeze(0));
    }
  }
  targets_ = padded(faces);
  if (targets_.size(1) > 1) several_targets_ = mean_of_photos(targets_);
}

at::Tensor ModelViews::placed(const at::Tensor& boxes, const Rows& rows, std::int64_t copies) const {
  const at::Tensor subjects = at::tensor(rows.subject, at::kLong).div(copies, "floor");
  return map_boxes(rows.images.map, boxes.index_select(0, subjects));
}

Reference ModelViews::reference(const Rows& rows, std::int64_t copies, const at::Tensor& chosen) const {
  const at::Tensor& pixels = rows.images.pixels;
  const at::Tensor index = as_index(rows.reference, pixels.device());
  Reference reference;
  for (const auto& [field, tensor] : output_parts) {
    if (includes(wanted_, field)) reference.clean.*tensor = gather(clean_.*tensor, index);
  }
  reference.targets = chosen.defined() && targets_.defined()
                          ? targets_.index({index, chosen.index_select(0, index)}).unsqueeze(1)
                          : gather(targets_, index);
  reference.own = gather(own_, index);
  reference.mean = mean_;
  reference.subject = as_index(rows.subject, pixels.device());
  if (!rows.images.map.defined()) return reference;
  const at::TensorOptions options = pixels.options().requires_grad(false);
  reference.boxes = placed(faces_, rows, copies).to(options);
  reference.extent = placed(frames_, rows, copies).to(options).squeeze(1);
  return reference;
}

at::Tensor ModelViews::drawn(const Rows& rows, std::int64_t copies) const {
  if (!drawn_.defined() || !rows.images.map.defined()) return {};
  return placed(drawn_, rows, copies);
}

}  // namespace faceoff
