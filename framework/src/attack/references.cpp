#include "attack/references.hpp"

#include <faceoff/images.hpp>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "faces/faces.hpp"
#include "faces/matching.hpp"

namespace faceoff {

namespace {

constexpr std::int64_t at_once = 16;  ///< clean views that a model is asked about together

/// Lists of boxes, a list a subject, as [B,F,4] float64; empty boxes pad.
at::Tensor as_tensor(const std::vector<std::vector<Box>>& lists) {
  std::size_t most = 1;
  for (const auto& list : lists) most = std::max(most, list.size());
  at::Tensor boxes =
      at::zeros({static_cast<std::int64_t>(lists.size()), static_cast<std::int64_t>(most), 4}, at::kDouble);
  auto to = boxes.accessor<double, 3>();
  for (std::size_t s = 0; s < lists.size(); ++s) {
    for (std::size_t f = 0; f < lists[s].size(); ++f) {
      const Box& box = lists[s][f];
      const std::array<double, 4> values = {box.x0, box.y0, box.x1, box.y1};
      for (std::size_t i = 0; i < values.size(); ++i)
        to[static_cast<std::int64_t>(s)][static_cast<std::int64_t>(f)][static_cast<std::int64_t>(i)] = values[i];
    }
  }
  return boxes;
}

/// Rows of parts that may differ in their second size (candidates), zeros behind.
at::Tensor stacked(const std::vector<at::Tensor>& parts) {
  if (parts.empty() || parts.size() == 1 || parts.front().dim() < 2)
    return parts.empty() ? at::Tensor() : at::cat(parts);
  std::int64_t most = 0;
  for (const at::Tensor& part : parts) most = std::max(most, part.size(1));
  std::vector<at::Tensor> padded;
  for (const at::Tensor& part : parts) {
    std::vector<std::int64_t> pad(static_cast<std::size_t>(2 * (part.dim() - 1)), 0);
    pad.back() = most - part.size(1);
    padded.push_back(at::constant_pad_nd(part, pad));
  }
  return at::cat(padded);
}

at::Tensor gather(const at::Tensor& from, const at::Tensor& rows) {
  return from.defined() ? from.index_select(0, rows) : from;
}

}  // namespace

References::References(const LoadedModel& model, const ModelViews& views, const Subjects& subjects,
                       std::span<const AttackInput> pictures, Field wanted, at::Tensor mean, double minimum_score)
    : model_(model), subjects_(subjects), wanted_(wanted), mean_(std::move(mean)) {
  std::vector<std::vector<Box>> faces, frames;
  for (const Subject& subject : subjects.rows) {
    const AttackInput& picture = pictures[subject.picture];
    std::vector<Box>& list = faces.emplace_back();
    for (const Face& face : picture.faces) list.push_back(face.box);
    frames.push_back(
        {Box{0, 0, static_cast<double>(picture.clean.size(3)), static_cast<double>(picture.clean.size(2))}});
  }
  faces_ = as_tensor(faces);
  frames_ = as_tensor(frames);
  const at::NoGradGuard no_grad;
  ask(views);
  if (includes(model.provides, Field::scores | Field::boxes) && !about_a_face(model.view.crop))
    draw(pictures, minimum_score);
  if (includes(model.provides, Field::embedding)) gather_targets(pictures);
}

void References::ask(const ModelViews& views) {
  const at::Tensor pixels = views.clean();
  std::vector<Output> outputs;
  for (std::int64_t begin = 0; begin < pixels.size(0); begin += at_once)
    outputs.push_back(forward(model_, pixels.narrow(0, begin, std::min(at_once, pixels.size(0) - begin))));
  const auto all = [&](at::Tensor Output::*field, Field of) {
    std::vector<at::Tensor> parts;
    if (includes(model_.provides, of)) {
      for (const Output& output : outputs) parts.push_back(output.*field);
    }
    return stacked(parts);
  };
  clean_ = {all(&Output::scores, Field::scores), all(&Output::boxes, Field::boxes),
            all(&Output::landmarks, Field::landmarks), all(&Output::embedding, Field::embedding),
            includes(wanted_, Field::picture) ? pixels : at::Tensor()};
  if (clean_.embedding.defined()) own_ = clean_.embedding.unsqueeze(1);
}

void References::draw(std::span<const AttackInput> pictures, double minimum_score) {
  std::vector<std::vector<Box>> boxes;
  for (std::int64_t s = 0; s < subjects_.count(); ++s) {
    const AttackInput& picture = pictures[subjects_.rows[static_cast<std::size_t>(s)].picture];
    Output answer;
    answer.scores = clean_.scores.narrow(0, s, 1);
    answer.boxes = clean_.boxes.narrow(0, s, 1);
    const at::Tensor map = make_view(model_.view, picture.clean.size(2), picture.clean.size(3)).map;
    const std::vector<Face> found = detected(model_, answer, map, picture.clean, minimum_score);
    std::vector<Box>& list = boxes.emplace_back();
    for (const Face& face : picture.faces) list.push_back(as_drawn(found, face.box));
  }
  drawn_ = as_tensor(boxes);
}

void References::gather_targets(std::span<const AttackInput> pictures) {
  std::vector<std::vector<at::Tensor>> faces;  // of each reference the targets' embeddings [K,D]
  std::int64_t most_targets = 0, most_photos = 0;
  for (const Subject& subject : subjects_.rows) {
    const AttackInput& picture = pictures[subject.picture];
    if (picture.targets.empty()) return;
    for (const std::int64_t f : subject.faces) {
      std::vector<at::Tensor>& targets = faces.emplace_back();
      for (const Target& target : picture.targets[static_cast<std::size_t>(f)]) {
        targets.push_back(target.attacked.at(&model_));
        most_photos = std::max(most_photos, targets.back().size(0));
      }
      most_targets = std::max(most_targets, static_cast<std::int64_t>(targets.size()));
    }
  }
  std::vector<at::Tensor> rows;
  for (const std::vector<at::Tensor>& targets : faces) {
    std::vector<at::Tensor> padded;
    for (const at::Tensor& photos : targets)
      padded.push_back(at::constant_pad_nd(photos, {0, 0, 0, most_photos - photos.size(0)}));
    const at::Tensor row = at::stack(padded);
    rows.push_back(at::constant_pad_nd(row, {0, 0, 0, 0, 0, most_targets - row.size(0)}));
  }
  targets_ = at::stack(rows);
}

at::Tensor References::placed(const at::Tensor& boxes, const Rows& rows, std::int64_t copies) const {
  std::vector<std::int64_t> subjects;
  for (const std::int64_t row : rows.subject) subjects.push_back(row / copies);
  return map_boxes(rows.images.map, boxes.index_select(0, at::tensor(subjects, at::kLong)));
}

Reference References::of(const Rows& rows, std::int64_t copies) const {
  const at::Tensor& pixels = rows.images.pixels;
  const at::Tensor index = as_index(rows.reference, pixels.device());
  const auto wanted = [&](Field field, const at::Tensor& from) {
    return includes(wanted_, field) ? gather(from, index) : at::Tensor();
  };
  Reference reference;
  reference.clean = {wanted(Field::scores, clean_.scores), wanted(Field::boxes, clean_.boxes),
                     wanted(Field::landmarks, clean_.landmarks), wanted(Field::embedding, clean_.embedding),
                     wanted(Field::picture, clean_.picture)};
  reference.targets = gather(targets_, index);
  reference.own = gather(own_, index);
  reference.mean = mean_;
  reference.subject = as_index(rows.subject, pixels.device());
  if (!rows.images.map.defined()) return reference;
  const at::TensorOptions options = pixels.options().requires_grad(false);
  reference.boxes = placed(faces_, rows, copies).to(options);
  reference.extent = placed(frames_, rows, copies).to(options).squeeze(1);
  return reference;
}

at::Tensor References::drawn(const Rows& rows, std::int64_t copies) const {
  if (!drawn_.defined() || !rows.images.map.defined()) return {};
  return placed(drawn_, rows, copies);
}

}  // namespace faceoff
