#pragma once

#include <faceoff/output.hpp>

#include <torch/types.h>

#include <cstdint>
#include <string>

namespace faceoff {

/// Whether all values are finite: one pass, since a sum keeps what is not.
bool finite(const at::Tensor& tensor);

/// Checks what a model made of views [R,3,h,w], of the fields that it provides: shapes, rows, a box a score, the views'
/// type, finite values, scores in [0,1], embeddings of unit length. Throws PluginError, naming `who`.
void check_output(const std::string& who, Field provides, const Output& output, const at::Tensor& views);

}  // namespace faceoff
