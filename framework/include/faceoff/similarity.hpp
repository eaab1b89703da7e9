#pragma once

#include <faceoff/export.hpp>

#include <ATen/core/Tensor.h>

namespace faceoff {

/// Embeddings [...,D] as they look from `mean` [D]: it is subtracted, and they are of unit length again; rows of zeros,
/// which pad, stay zeros. Where `mean` is undefined they come back as they are.
FACEOFF_API at::Tensor centred(const at::Tensor& embeddings, const at::Tensor& mean);

/// [R]: the mean dot product of embedding [R,D] with others, Reference.own [R,K,D] or Reference.targets [R,T,K,D]. Rows
/// of zeros pad and count for nothing; 0 where all pad. Where `mean` [D] is defined, all are centred there first.
FACEOFF_API at::Tensor mean_similarity(const at::Tensor& embedding, const at::Tensor& others,
                                       const at::Tensor& mean = {});

}  // namespace faceoff
