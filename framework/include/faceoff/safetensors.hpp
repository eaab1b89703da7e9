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
  /// Reads the file and checks its header. Throws FileError.
  explicit TensorFile(const std::filesystem::path& path);

  /// A copy of the tensor in the given type. Throws FileError where it is missing, or not of this shape (−1: any size
  /// but 0), or not finite.
  at::Tensor get(const std::string& name, at::IntArrayRef shape, at::ScalarType dtype = at::kFloat) const;
  bool contains(const std::string& name) const { return tensors_.contains(name); }
  /// What the file says beside its tensors; empty where it says nothing.
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  std::string path_;
  std::map<std::string, std::string> metadata_;
  std::map<std::string, at::Tensor> tensors_;
};

/// The bytes of a safetensors file with these float32 tensors, in the order of their names: the same tensors give the
/// same bytes.
FACEOFF_API std::string to_safetensors(const std::map<std::string, at::Tensor>& tensors,
                                       const std::map<std::string, std::string>& metadata);

}  // namespace faceoff
