#pragma once

#include <faceoff/output.hpp>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "experiment/experiment.hpp"

namespace faceoff {

// By how much an attack's goal is reached, by what an attacked model answered: above 0 it is. Not a number where there
// is no telling.

/// [R], as mean cosines. To impersonate: how much more like the target's embeddings than like its own a face is. To
/// protect: the same, or how far its cosine with its own is below the threshold, whichever is more and known.
at::Tensor embedder_margin(const at::Tensor& embedding, const Reference& reference, Goal goal,
                           const std::optional<double>& threshold);

/// [R,F]: how far below the minimum score the best box is that overlaps a face by half. faces [R,F,4], empty boxes pad.
at::Tensor detector_margin(const Output& found, const at::Tensor& faces, double minimum_score);

/// Boxes [R,F,4] in the pixels of a view, those emptied of which it shows less than half.
at::Tensor boxes_in_view(const at::Tensor& boxes, std::int64_t height, std::int64_t width);

/// The margins of faces under each attacked model, gathered in one evaluation.
class Margins {
 public:
  Margins(std::int64_t rows, std::int64_t faces) : rows_(rows), faces_(faces) {}

  /// Of an embedder, a margin [n] a view: the row of x and the face of its subject that each is of.
  void add_views(const at::Tensor& margins, const std::vector<std::int64_t>& row,
                 const std::vector<std::int64_t>& face);
  /// Of a detector, margins [n,F] a view of the whole picture.
  void add_pictures(const at::Tensor& margins, const std::vector<std::int64_t>& row);

  /// [rows]: of each row of x the worst over faces and models, each averaged over draws; undefined where no model has
  /// any.
  at::Tensor worst() const;
  /// [groups]: the mean over the faces of the rows in a group, then over the models; undefined where no model has any.
  at::Tensor mean_by_group(const std::vector<std::int64_t>& group_of_row, std::int64_t groups) const;

 private:
  /// Margins [n], each of a place in [rows·faces].
  void add(const at::Tensor& margins, const at::Tensor& places);

  std::int64_t rows_, faces_;
  std::vector<at::Tensor> of_models_;  ///< [rows,faces] float64
};

}  // namespace faceoff
