#include "faces/faces.hpp"

#include <faceoff/images.hpp>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "faces/views.hpp"

namespace faceoff {

namespace {

constexpr double overlap = .5;

/// Points [K,2] of a view in the picture: the inverse of its map, which only scales and shifts.
at::Tensor to_picture(const at::Tensor& map, const at::Tensor& points) {
  return (points - map.select(2, 2)) / at::stack({map[0][0][0], map[0][1][1]});
}

/// The same of a box.
Box to_picture(const at::Tensor& map, const Box& box) {
  const auto m = map.accessor<double, 3>();
  const auto x = [&](double v) { return (v - m[0][0][2]) / m[0][0][0]; };
  const auto y = [&](double v) { return (v - m[0][1][2]) / m[0][1][1]; };
  return {x(box.x0), y(box.y0), x(box.x1), y(box.y1)};
}

/// What boxes are clipped to, in the pixels of a detector's view: the picture, and for face-api's square all of the
/// view, as face-api does it.
Box seen(const ViewSpec& spec, const at::Tensor& map, const at::Tensor& picture) {
  if (std::holds_alternative<WholePicture>(spec.crop) && spec.height > 0)
    return {0, 0, static_cast<double>(spec.width), static_cast<double>(spec.height)};
  const at::Tensor corners =
      at::tensor({0., 0., static_cast<double>(picture.size(3)), static_cast<double>(picture.size(2))}, at::kDouble);
  const at::Tensor there = map_boxes(map, corners.view({1, 1, 4}));
  const auto box = there.accessor<double, 3>();
  return {box[0][0][0], box[0][0][1], box[0][0][2], box[0][0][3]};
}

std::vector<Face> suppress(std::vector<Face> faces) {
  std::ranges::stable_sort(faces, std::greater<>{}, &Face::score);
  std::vector<Face> kept;
  for (const Face& face : faces) {
    const bool free = std::ranges::none_of(kept, [&](const Face& other) { return iou(face.box, other.box) > overlap; });
    if (free) kept.push_back(face);
    if (kept.size() == most_faces) break;
  }
  return kept;
}

}  // namespace

at::Tensor to_tensor(const Picture& picture, const at::TensorOptions& options) {
  const at::Tensor bytes =
      at::from_blob(picture.rgb.data, {picture.rgb.rows, picture.rgb.cols, 3}, at::TensorOptions(at::kByte));
  return bytes.permute({2, 0, 1}).unsqueeze(0).to(options, /*non_blocking=*/false, /*copy=*/true).contiguous();
}

std::vector<Face> detect(const LoadedModel& detector, const at::Tensor& picture, double minimum_score) {
  const at::NoGradGuard no_grad;
  const View view = make_view(detector.view, picture.size(2), picture.size(3));
  return detected(detector, forward(detector, view(picture)), view.map, picture, minimum_score);
}

std::vector<Face> detected(const LoadedModel& detector, const Output& answer, const at::Tensor& map,
                           const at::Tensor& picture, double minimum_score) {
  const at::Tensor scores = answer.scores.select(0, 0).to(at::kCPU, at::kDouble).contiguous();
  const at::Tensor boxes = answer.boxes.select(0, 0).to(at::kCPU, at::kDouble).contiguous();
  const at::Tensor landmarks =
      answer.landmarks.defined() ? answer.landmarks.select(0, 0).to(at::kCPU, at::kDouble) : at::Tensor();
  const auto score = scores.accessor<double, 1>();
  const auto box = boxes.accessor<double, 2>();
  const Box shown = seen(detector.view, map, picture);
  std::vector<Face> found;
  for (std::int64_t i = 0; i < scores.size(0); ++i) {
    if (score[i] <= minimum_score) continue;
    const at::Tensor points = landmarks.defined() ? to_picture(map, landmarks[i]) : at::Tensor();
    found.push_back({{box[i][0], box[i][1], box[i][2], box[i][3]}, score[i], points});
  }
  found = suppress(std::move(found));
  for (Face& face : found) {
    face.box =
        to_picture(map, {std::clamp(face.box.x0, shown.x0, shown.x1), std::clamp(face.box.y0, shown.y0, shown.y1),
                         std::clamp(face.box.x1, shown.x0, shown.x1), std::clamp(face.box.y1, shown.y0, shown.y1)});
  }
  return found;
}

std::vector<Face> find_faces(const LoadedModel& detector, const LoadedModel* landmarks, const at::Tensor& picture,
                             double minimum_score, std::optional<std::vector<Face>> plain) {
  const at::NoGradGuard no_grad;
  std::vector<Face> faces = plain ? std::move(*plain) : detect(detector, picture, minimum_score);
  // On a strip no face would be large enough there to be found, and the margins take many times its memory.
  constexpr std::int64_t strip = 8;
  const auto [shorter, longer] = std::minmax({picture.size(2), picture.size(3)});
  if (faces.empty() && longer <= strip * shorter) {
    const std::int64_t margin = longer / 2;
    const auto m = static_cast<double>(margin);
    for (Face face : detect(detector, at::constant_pad_nd(picture, {margin, margin, margin, margin}), minimum_score)) {
      face.box = {face.box.x0 - m, face.box.y0 - m, face.box.x1 - m, face.box.y1 - m};
      if (face.landmarks.defined()) face.landmarks = face.landmarks - m;
      faces.push_back(face);
    }
  }
  const Box frame{0, 0, static_cast<double>(picture.size(3)), static_cast<double>(picture.size(2))};
  // A box that the padded pass found mostly outside of the picture, or one of no size, is nobody's face.
  std::erase_if(faces, [&](const Face& face) {
    const Box shown = intersection(face.box, frame);
    return shown.width() < 2 || shown.height() < 2 || shown.area() < .5 * face.box.area();
  });
  std::ranges::stable_sort(faces, {}, [](const Face& face) { return face.box.x0; });
  if (landmarks != nullptr) add_landmarks(*landmarks, picture, faces);
  return faces;
}

bool is_landmark_model(const LoadedModel& model) {
  return includes(model.provides, Field::landmarks) && !includes(model.provides, Field::scores);
}

std::string why_not_aligned(const LoadedModel& model, const LoadedModel& detector, const LoadedModel* landmarks) {
  const bool by_all = std::holds_alternative<DlibRect>(model.view.crop);
  const bool by_five = std::holds_alternative<FivePoints>(model.view.crop);
  if ((!by_all && !by_five) || landmarks != nullptr) return "";
  const std::string name = "name a landmark model, landmarks = \"NAME\" in [faces]";
  if (!includes(detector.provides, Field::landmarks)) return "'" + model.name + "' is aligned by landmarks: " + name;
  if (by_five) return "";
  return "'" + model.name + "' is aligned by 68 landmarks, and '" + detector.name + "' gives fewer: " + name;
}

void add_landmarks(const LoadedModel& model, const at::Tensor& picture, std::vector<Face>& faces) {
  const at::NoGradGuard no_grad;
  for (Face& face : faces) {
    if (!viewable(model.view, picture.size(2), picture.size(3), face)) continue;
    const View view = make_view(model.view, picture.size(2), picture.size(3), &face);
    const at::Tensor points = forward(model, view(picture)).landmarks;
    face.landmarks = to_picture(view.map, points.to(at::kCPU, at::kDouble).squeeze(0));
  }
}

}  // namespace faceoff
