#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "attack/assembly.hpp"
#include "attack/objective.hpp"
#include "faces/face.hpp"
#include "faces/matching.hpp"
#include "faces/targets.hpp"

namespace faceoff {

/// A similarity before and after; nothing after where the face was not found any more.
struct Change {
  double before = 0;
  std::optional<double> after;
};

/// What one embedder says of one face.
struct EmbedderReport {
  const Judge* judge = nullptr;
  std::optional<Change> target;  ///< mean cosine with the target's judging photos; nothing without a target
  Change self;                   ///< cosine with the clean face
};

/// What one detector says of one face, before and after.
struct DetectorReport {
  const Judge* judge = nullptr;
  std::array<double, 2> score = {0, 0};  ///< of the box found nearest to the face, 0 where none overlaps it
  double iou = 0;                        ///< of that box with the face, after
};

/// What became of one true face.
struct FaceReport {
  Box box;
  std::string target;  ///< who it was to be taken for
  std::vector<DetectorReport> detectors;
  std::vector<EmbedderReport> models;
};

/// Judges the delivered picture [1,3,H,W] as it was read again: detectors at their plain pass, faces found and aligned
/// anew for embedders. `faces` are the true faces, found on the clean picture.
std::vector<FaceReport> judge(const Assembly& assembly, const at::Tensor& clean, const at::Tensor& delivered,
                              const std::vector<Face>& faces, const std::vector<Target>& targets);

/// Whether a detector still finds a face.
bool still_found(const DetectorReport& report, double minimum_score);

}  // namespace faceoff
