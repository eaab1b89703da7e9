#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "faces/face.hpp"
#include "picture/picture.hpp"
#include "plugins/loaded_model.hpp"

namespace faceoff {

/// A decoded picture as [1,3,H,W] RGB in [0,255]. As uint8 it takes a quarter of the memory, and is made into numbers
/// where it is looked at.
at::Tensor to_tensor(const Picture& picture, const at::TensorOptions& options);

constexpr std::size_t most_faces = 100;  ///< that are taken of a picture

/// A detector's boxes on a picture [1,3,H,W] at its plain pass: score above the threshold, best first, overlapping ones
/// (IoU > 0.5) dropped, at most 100, clipped to the picture; with landmarks where the detector gives them.
std::vector<Face> detect(const LoadedModel& detector, const at::Tensor& picture, double minimum_score);

/// The same of what the detector has answered already to its view of the picture, under the view's map.
std::vector<Face> detected(const LoadedModel& detector, const Output& answer, const at::Tensor& map,
                           const at::Tensor& picture, double minimum_score);

/// Faces for subjects and for aligning to recognisers: the plain pass, and where it finds none a second one with zero
/// padding of half the longer side all around. With the landmarks of a landmark model where one is given, else with
/// those of the detector, if it gives any. Left to right. `plain`: what the plain pass finds, where that is known.
std::vector<Face> find_faces(const LoadedModel& detector, const LoadedModel* landmarks, const at::Tensor& picture,
                             double minimum_score, std::optional<std::vector<Face>> plain = {});

/// Whether a model gives the landmarks of the face that it is shown, as [faces] landmarks has to; a detector gives
/// those of the faces that it finds.
bool is_landmark_model(const LoadedModel& model);

/// Why a model can't be shown the faces that this detector finds, with this landmark model or null; empty: it can.
std::string why_not_aligned(const LoadedModel& model, const LoadedModel& detector, const LoadedModel* landmarks);

/// Each face's landmarks, where a view of it shows any of the picture.
void add_landmarks(const LoadedModel& model, const at::Tensor& picture, std::vector<Face>& faces);

}  // namespace faceoff
