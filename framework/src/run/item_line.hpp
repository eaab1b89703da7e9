#pragma once

#include <faceoff/budget.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "judge/evaluation.hpp"
#include "picture/quality.hpp"

namespace faceoff {

/// What became of a picture: it was attacked and delivered, or delivered unchanged, or nothing of it was.
/// `unchanged`: attacked, and every pixel is as it was.
enum class Status { attacked, unchanged, no_face, failed };

/// Whether faces were attacked, to whatever effect.
inline bool was_attacked(Status status) {
  return status == Status::attacked || status == Status::unchanged;
}
std::string to_string(Status status);

/// What one detector makes of one face, clean and delivered.
struct Sighting {
  std::string name, role;
  BeforeAfter<double> score = {0, 0};  ///< of the box found nearest to the face, 0 where none overlaps it
  double iou = 0;                      ///< of that box with the face, on the delivered picture
};

/// What became of one face: what is evaluated after "png", by the same code.
struct ItemFace {
  FaceEvaluation said;
  std::vector<Sighting> detectors;  ///< one at least
};

/// The faces of a judgement, with what its detectors make of each.
std::vector<ItemFace> faces_of(const Judgement& judgement);

/// What a JPEG's encoding came upon: the attacked pixels as a file without loss.
struct Lossless {
  Quality quality;
  std::vector<ItemFace> faces;
};

/// A line of results.jsonl.
struct ItemLine {
  std::int64_t item = 0;
  std::string variant, picture;  ///< the picture as given
  std::string output;            ///< relative to the run; empty where nothing was delivered
  Status status = Status::failed;
  std::string key;             ///< item_key(); empty where the picture could not be read
  std::string picture_sha256;  ///< of what was read; likewise
  std::string output_sha256;   ///< of what was delivered; empty where nothing was
  double epsilon = 0;
  Norm norm = Norm::inf;
  Quality quality;         ///< of what was delivered
  std::int64_t bytes = 0;  ///< likewise
  std::int64_t queries = 0;
  double seconds = 0;
  std::string started, finished;
  std::vector<ItemFace> faces;
  std::optional<Lossless> lossless;  ///< where the delivered file is a JPEG
  std::vector<std::string> notes;    ///< what reading and writing the picture changed or left out
  std::string error;                 ///< why it failed
};

/// Without its line break.
std::string to_text(ItemLine line);
/// Throws FileError with `where` (file:line) for what a run would not write.
ItemLine parse_item_line(const std::string& text, const std::string& where);

}  // namespace faceoff
