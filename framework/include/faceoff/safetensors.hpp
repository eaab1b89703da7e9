#pragma once

#include <faceoff/export.hpp>

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace faceoff {

/// The tensors of a safetensors file by name. Every access says which file and which tensor is wrong.
class FACEOFF_API TensorFile {
 public:
  /// Maps the file and checks its header. Throws FileError.
  explicit TensorFile(const std::filesystem::path& path);

  /// A copy of the tensor in the given type. Throws FileError where it is missing, or not of this shape (−1: any size),
  /// or not finite.
  at::Tensor get(const std::string& name, at::IntArrayRef shape, at::ScalarType dtype = at::kFloat) const;
  bool contains(const std::string& name) const { return tensors_.contains(name); }

 private:
  std::string path_;
  std::map<std::string, at::Tensor> tensors_;
};

}  // namespace faceoff
