#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "faces/portrait.hpp"
#include "judge/detection.hpp"
#include "judge/judges.hpp"
#include "judge/recognition.hpp"
#include "picture/degrade.hpp"
#include "picture/picture.hpp"
#include "picture/quality.hpp"

namespace faceoff {

/// What recognisers make of one face.
struct FaceEvaluation {
  Box box;  ///< on the clean picture, six digits as everything that is recorded
  Identity who;
  std::optional<BeforeAfter<bool>> found;  ///< by who finds faces for recognisers; nothing where nobody had to
  std::vector<Recognition> models;
};

/// What one detector makes of a picture.
struct DetectorEvaluation {
  std::string name, role;
  double minimum_score = 0;  ///< from which on a box counts as found
  BeforeAfter<Detection> seen;
};

/// What is seen of a picture after one degradation.
struct Judgement {
  std::string after;  ///< the degradation's name
  std::vector<FaceEvaluation> faces;
  std::vector<DetectorEvaluation> detectors;
};

/// How pictures are looked at: what happens to them before, who finds and aligns the faces for all recognisers, which
/// are `by.models`, and all detectors.
struct Examination {
  Portraying by;  ///< with a detector wherever there are recognisers, or no case says where its faces are
  std::vector<const LoadedModel*> detectors;
  std::vector<Degradation> after;
};

/// That of a variant's judges.
Examination examination(const Judges& judges, std::vector<Degradation> after);

/// A picture as it was, with what is known of it.
struct CleanPicture {
  /// A face that an attack was about.
  struct Attacked {
    Box box;
    std::string target;  ///< who it was to be taken for, or empty
  };
  const Picture& picture;
  std::filesystem::path file;                  ///< as given: its folder may say who is on it
  std::optional<std::vector<Attacked>> faces;  ///< nothing: all that the examination's detector finds
  std::string target = {};                     ///< of faces that are nothing: whom all were to be taken for, or empty
};

/// Judges delivered pictures. What was seen of the last clean pictures is remembered, so that a sweep over one picture
/// looks at it once.
class Evaluator {
 public:
  explicit Evaluator(Examination examination) : examination_(std::move(examination)) {}

  const Examination& examination() const { return examination_; }

  /// What these judges, who are part of the examination, make of a delivered picture as it was read again, after each
  /// degradation; recognisers choose between these people. Throws PictureError where the two pictures differ in size.
  std::vector<Judgement> evaluate(const CleanPicture& clean, const Picture& delivered, const Judges& judges,
                                  const Gallery& people);

 private:
  using Detected = std::map<const LoadedModel*, std::vector<Face>>;  // by each detector, at any score that counts

  /// What is seen of a picture, in the pixels of the picture as it was.
  struct Look {
    std::vector<bool> found;        // of the true faces
    std::vector<Embeddings> faces;  // theirs, [D]; none of a face that is not found
    Detected detected;
  };
  struct Clean {
    std::string key;                                       // of the picture's file and the faces
    std::vector<Box> boxes;                                // the faces
    std::vector<Box> where;                                // where the examination's detector sees them
    std::map<const LoadedModel*, std::vector<Box>> truth;  // as each judging detector draws them
    std::vector<Embeddings> faces;
    std::vector<Look> looks;  // a degradation
  };

  Embeddings embed_all(const at::Tensor& pixels, const Face* face) const;
  Detected detect_all(const at::Tensor& pixels) const;
  std::vector<Face> find(const at::Tensor& pixels, const Detected& detected) const;
  Look look(const Picture& picture, const Degradation& after, const std::vector<Box>& where) const;
  Clean look_at_clean(const CleanPicture& one, std::string key) const;
  const Clean& clean(const CleanPicture& one);
  std::vector<FaceEvaluation> identify(const CleanPicture& one, const Clean& seen, const Judges& judges,
                                       const Gallery& people, const std::vector<LineUp>& lineups) const;

  Examination examination_;
  std::deque<Clean> remembered_;
};

}  // namespace faceoff
