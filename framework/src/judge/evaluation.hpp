#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "faces/portrait.hpp"
#include "judge/detection.hpp"
#include "judge/lineup.hpp"
#include "judge/outcome.hpp"
#include "picture/degrade.hpp"
#include "picture/quality.hpp"
#include "plugins/role.hpp"

namespace faceoff {

/// A delivered picture and the one that it was made of.
struct Case {
  struct ProtectedFace {
    Box box;             ///< on the clean picture
    std::string target;  ///< who it was to be taken for, or empty
  };
  std::filesystem::path clean, delivered;
  /// Nothing: whatever faces the clean picture shows, and whom all of them were to be taken for, or empty.
  std::optional<std::vector<ProtectedFace>> faces;
  std::string target = {};
};

/// Who looks at the pictures, and what happens to them before.
struct Panel {
  Portraying by;  ///< finds and aligns the faces for all recognisers, which are its models
  std::vector<const LoadedModel*> detectors;
  std::vector<Degradation> after;
};

/// Of the panel, who judges a case, and the people whom recognisers choose between.
struct Jury {
  std::vector<Judge> recognisers, detectors;
  const Gallery* people = nullptr;
};

/// Of the clean picture and of the delivered one, both after the same degradation.
template <class T>
using Both = std::array<T, 2>;

/// What one recogniser makes of one face.
struct Recognition {
  const Judge* judge = nullptr;
  bool target_known = false;                ///< whether photos of the target are there
  bool target_disjoint = false;             ///< and whether the attack looked at none of them
  std::optional<Outcome> outcome;           ///< nothing where there are no people to choose between
  Both<std::optional<Match>> best;          ///< nothing where no face was found
  Both<std::optional<double>> target = {};  ///< mean cosine with the target's judging photos
  Both<std::optional<double>> self = {};    ///< mean cosine with the person's other photos, else with the clean face
};

struct FaceEvaluation {
  Box box;
  std::string target, person;  ///< names, or empty
  bool known = false;          ///< whether other photos of the person are there
  Both<bool> found = {};       ///< by the panel's detector
  std::vector<Recognition> models;
};

struct DetectorEvaluation {
  const Judge* judge = nullptr;
  Both<Detection> seen;
};

/// What is seen of one case after one degradation.
struct CaseEvaluation {
  const Degradation* after = nullptr;
  double minimum_score = 0;  ///< from which on a box counts as found
  std::vector<FaceEvaluation> faces;
  std::vector<DetectorEvaluation> detectors;
};

/// What is seen of one case.
struct CaseEvaluations {
  Quality quality;  ///< of the delivered picture
  std::vector<CaseEvaluation> after;
};

/// Evaluates cases, reading their files again. Of the last clean picture it remembers what was seen: cases of one
/// picture are best given one after another.
class Evaluator {
 public:
  explicit Evaluator(const Panel& panel) : panel_(panel) {}

  /// Throws as read_picture() does, and PictureError where the two differ in size.
  CaseEvaluations evaluate(const Case& one, const Jury& jury);

 private:
  using Embeddings = std::map<const LoadedModel*, at::Tensor>;  // [D]; none of a face that is not found

  /// What the panel sees of a picture, in the pixels of the picture as it was.
  struct Look {
    std::vector<bool> found;                                   // of the true faces
    std::vector<Embeddings> faces;                             // theirs
    std::map<const LoadedModel*, std::vector<Face>> detected;  // by each detector
  };
  struct Clean {
    std::filesystem::path file;
    Picture picture;
    std::vector<Box> boxes;                                // the protected faces
    std::vector<Box> where;                                // where the panel's detector sees them
    std::map<const LoadedModel*, std::vector<Box>> truth;  // as each judging detector draws them
    std::vector<Embeddings> faces;
    std::vector<Look> looks;  // a degradation
  };

  Embeddings embed_all(const at::Tensor& pixels, const Face* face) const;
  Look look(const Picture& picture, const Degradation& after, const std::vector<Box>& where) const;
  const Clean& clean(const Case& one);

  const Panel& panel_;
  std::optional<Clean> clean_;
};

}  // namespace faceoff
