#pragma once

#include <faceoff/output.hpp>

#include <torch/types.h>

#include <cstdint>
#include <string>

namespace faceoff {

/// Whether all values are finite: one pass, since a sum keeps what is not.
bool finite(const at::Tensor& tensor);

/// Checks what a model made of R views, of the fields that it provides: shapes, rows, a box a score, finite values.
/// Throws PluginError, naming `who`.
void check_output(const std::string& who, Field provides, const Output& output, std::int64_t rows);

}  // namespace faceoff
