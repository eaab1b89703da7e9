#pragma once

#include <faceoff/export.hpp>

#include <ATen/core/Tensor.h>

#include <string>

namespace faceoff {

/// What a model provides and a loss needs; a set of bits.
enum class Field : unsigned {
  none = 0,
  scores = 1,
  boxes = 2,
  landmarks = 4,
  embedding = 8,
  picture = 16,
  targets = 32,  ///< never provided by a model: the experiment's [attack] target
  mean = 64,     ///< nor this: the mean embedding of the experiment's [data] people
};
constexpr Field operator|(Field a, Field b) {
  return static_cast<Field>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr Field operator&(Field a, Field b) {
  return static_cast<Field>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}
constexpr Field without(Field a, Field b) {
  return static_cast<Field>(static_cast<unsigned>(a) & ~static_cast<unsigned>(b));
}
constexpr bool includes(Field all, Field wanted) {
  return (all & wanted) == wanted;
}

/// "scores, boxes"
FACEOFF_API std::string to_string(Field fields);

/// What a model makes of its input, a row a view; an undefined tensor was not produced.
struct Output {
  at::Tensor scores;     ///< [R,N]   in [0,1]; 0 pads
  at::Tensor boxes;      ///< [R,N,4] x0 y0 x1 y1, pixels of the view
  at::Tensor landmarks;  ///< [R,K,2] x y, pixels of the view, of the face that it shows; beside scores and boxes
                         ///< [R,N,K,2], a face a candidate, by which recognisers are aligned (K = 5: FivePoints)
  at::Tensor embedding;  ///< [R,D]   unit length
  at::Tensor picture;    ///< [R,3,H,W] the view itself, RGB in [0,255], for losses on pixels (total variation, SSIM)
};

/// What a loss compares with, row by row.
struct Reference {
  Output clean;        ///< the same model on the unperturbed picture
  at::Tensor boxes;    ///< [R,F,4] the true faces, in the pixels of Output.boxes; empty boxes pad
  at::Tensor extent;   ///< [R,4]   the picture's own rectangle in those pixels, for areas as a share of the picture
  at::Tensor targets;  ///< [R,T,K,D] T targets with K embeddings each, unit length; zeros pad. In an attack T is 1: of
                       ///< several candidates the one that the attacked models together find the face nearest to, in
                       ///< each step anew
  at::Tensor own;      ///< [R,K,D] the protected person, unit length: the clean face and, where [attack] own says so,
                       ///< other photos; rows of zeros pad
  at::Tensor subject;  ///< [R] int64: whose rows belong together, for losses over a picture's worst face
  at::Tensor mean;     ///< [D] the gallery's mean embedding, for losses that centre; undefined without [data] people
};

}  // namespace faceoff
