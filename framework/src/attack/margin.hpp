#pragma once

#include <faceoff/output.hpp>

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

namespace faceoff {

// By how much an attack's goal is reached, by what an attacked model answered: above 0 it is. Not a number where there
// is no telling.

/// [R]: with a target, how much more like the target's embeddings than like its own a face is, as mean cosines. Without
/// one, how far its cosine with its own is below the threshold, where that is known.
at::Tensor embedder_margin(const at::Tensor& embedding, const Reference& reference,
                           const std::optional<double>& threshold);

/// [R,F]: how far below the minimum score the best box is that overlaps a face by half. faces [R,F,4], empty boxes pad.
at::Tensor detector_margin(const Output& found, const at::Tensor& faces, double minimum_score);

/// Boxes [R,F,4] in the pixels of a view, those emptied of which it shows less than half.
at::Tensor boxes_in_view(const at::Tensor& boxes, std::int64_t height, std::int64_t width);

/// The mean of margins [R] or [R,F], each row with its weight [R], over those that there are.
at::Tensor mean_margin(const at::Tensor& margins, const at::Tensor& weights);

/// The mean of those models' margins that there are; undefined where no model has one.
at::Tensor mean_of_models(std::vector<at::Tensor> margins);

}  // namespace faceoff
