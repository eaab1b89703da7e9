#include "attack/model_views.hpp"

#include <faceoff/images.hpp>

#include <ATen/ATen.h>

#include <optional>
#include <utility>

#include "plugins/call_plugin.hpp"

namespace faceoff {

namespace {

/// A face where an affine map of the picture puts it.
Face moved(const Face& face, const at::Tensor& map) {
  const at::Tensor box =
      map_boxes(map, at::tensor({face.box.x0, face.box.y0, face.box.x1, face.box.y1}, at::kDouble).view({1, 1, 4}));
  const auto b = box.accessor<double, 3>();
  Face there{{b[0][0][0], b[0][0][1], b[0][0][2], b[0][0][3]}, face.score, {}};
  if (face.landmarks.defined()) there.landmarks = apply_map(map, face.landmarks.unsqueeze(0)).squeeze(0);
  return there;
}

}  // namespace

ModelViews::ModelViews(const LoadedModel& model, const Subjects& subjects, std::span<const AttackInput> pictures)
    : model_(model), subjects_(subjects), pictures_(pictures), of_faces_(about_a_face(model.view.crop)) {
  for (std::size_t s = 0; s < subjects.rows.size(); ++s) {
    const at::Tensor& clean = pictures[subjects.rows[s].picture].clean;
    std::vector<View>& views = still_.emplace_back();
    if (of_faces_) {
      for (std::size_t f = 0; f < subjects.rows[s].faces.size(); ++f)
        views.push_back(make_view(model.view, clean.size(2), clean.size(3), &face(s, f)));
    } else {
      views.push_back(make_view(model.view, clean.size(2), clean.size(3)));
    }
    first_.push_back(first_.back() + static_cast<std::int64_t>(views.size()));
  }
}

const Face& ModelViews::face(std::size_t subject, std::size_t place) const {
  const Subject& row = subjects_.rows[subject];
  return pictures_[row.picture].faces[static_cast<std::size_t>(row.faces[place])];
}

at::Tensor ModelViews::clean() const {
  std::vector<at::Tensor> all;
  for (std::size_t s = 0; s < still_.size(); ++s) {
    for (const View& view : still_[s]) all.push_back(view(pictures_[subjects_.rows[s].picture].clean));
  }
  return at::cat(all);
}

Rows ModelViews::of(const std::vector<Rows>& pictures, std::int64_t copies) const {
  Rows rows;
  std::vector<at::Tensor> pixels, maps, landmarks;
  for (const Rows& group : pictures) add(group, copies, rows, pixels, maps, landmarks);
  if (pixels.empty()) return rows;
  rows.images.pixels = pixels.size() == 1 ? pixels.front() : at::cat(pixels);
  if (!maps.empty()) rows.images.map = at::cat(maps);
  if (landmarks.size() == rows.subject.size()) rows.images.landmarks = at::cat(landmarks);
  return rows;
}

void ModelViews::add(const Rows& pictures, std::int64_t copies, Rows& rows, std::vector<at::Tensor>& pixels,
                     std::vector<at::Tensor>& maps, std::vector<at::Tensor>& landmarks) const {
  const Images& images = pictures.images;
  if (!images.map.defined()) rows.unmapped_by = pictures.unmapped_by;
  const std::int64_t height = images.pixels.size(2), width = images.pixels.size(3);
  if (!images.map.defined() && of_faces_) {
    throw PluginFault("plugin " + pictures.unmapped_by,
                      "it is no affine map (it gives none), so that nobody knows where the faces are that '" +
                          model_.name + "' sees: say at = \"view\"");
  }
  const auto subject_of = [&](std::int64_t row) {
    return static_cast<std::size_t>(pictures.subject[static_cast<std::size_t>(row)] / copies);
  };
  const auto own_map = [&](std::size_t s) { return subjects_.map.narrow(0, static_cast<std::int64_t>(s), 1); };
  const auto unmoved = [&](std::int64_t row) {
    const std::size_t s = subject_of(row);
    const at::Tensor& clean = pictures_[subjects_.rows[s].picture].clean;
    return clean.size(2) == height && clean.size(3) == width && at::equal(images.map.narrow(0, row, 1), own_map(s));
  };
  const auto put = [&](std::int64_t row, const at::Tensor& view, const at::Tensor& map, std::int64_t reference) {
    pixels.push_back(view);
    if (map.defined()) maps.push_back(map);
    rows.subject.push_back(pictures.subject[static_cast<std::size_t>(row)]);
    rows.reference.push_back(reference);
  };
  if (subjects_.kind == SubjectKind::picture && !of_faces_) {
    // Whole pictures of one size have one view.
    const View view = make_view(model_.view, height, width);
    pixels.push_back(view(images.pixels));
    if (images.map.defined()) maps.push_back(compose(view.map.expand({images.map.size(0), 2, 3}), images.map));
    for (std::int64_t r = 0; r < pictures.count(); ++r) {
      rows.subject.push_back(pictures.subject[static_cast<std::size_t>(r)]);
      rows.reference.push_back(first_[subject_of(r)]);
    }
    return;
  }
  // Taken apart once: the gradients of rows that are taken one by one would each be as large as all of them.
  const std::vector<at::Tensor> each = images.pixels.split(1);
  for (std::int64_t r = 0; r < pictures.count(); ++r) {
    const at::Tensor& picture = each[static_cast<std::size_t>(r)];
    const std::size_t s = subject_of(r);
    const at::Tensor map = images.map.narrow(0, r, 1);
    if (subjects_.kind == SubjectKind::crop) {
      put(r, picture, map, first_[s]);
      continue;
    }
    const bool still = unmoved(r);
    for (std::size_t f = 0; f < still_[s].size(); ++f) {
      const Face there = still ? face(s, f) : moved(face(s, f), map);
      std::optional<View> view;
      if (!still) {
        if (!viewable(model_.view, height, width, there)) continue;  // this draw says nothing of it
        view = make_view(model_.view, height, width, &there);
      }
      const View& seen = still ? still_[s][f] : *view;
      const at::Tensor whole = compose(seen.map, map);
      if (there.landmarks.defined()) landmarks.push_back(apply_map(whole, face(s, f).landmarks.unsqueeze(0)));
      put(r, seen(picture), whole, first_[s] + static_cast<std::int64_t>(f));
    }
  }
}

}  // namespace faceoff
