#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "faces/face.hpp"
#include "plugins/loaded_model.hpp"

namespace faceoff {

/// A detector's boxes on a picture [1,3,H,W] at its plain pass: score above the threshold, best first, overlapping ones
/// (IoU > 0.5) dropped, at most 100, clipped to the picture.
std::vector<Face> detect(const LoadedModel& detector, const at::Tensor& picture, double minimum_score);

/// The same of what the detector has answered already to its view of the picture, under the view's map.
std::vector<Face> detected(const LoadedModel& detector, const Output& answer, const at::Tensor& map,
                           const at::Tensor& picture, double minimum_score);

/// Faces for subjects and for aligning to recognisers: the plain pass, and where it finds none a second one with zero
/// padding of half the longer side all around. With landmarks where a landmark model is given. Left to right.
std::vector<Face> find_faces(const LoadedModel& detector, const LoadedModel* landmarks, const at::Tensor& picture,
                             double minimum_score);

/// Each face's landmarks, where a view of it shows any of the picture.
void add_landmarks(const LoadedModel& model, const at::Tensor& picture, std::vector<Face>& faces);

}  // namespace faceoff
