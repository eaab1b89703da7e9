#include <faceoff/error.hpp>
#include <faceoff/safetensors.hpp>

#include <array>
#include <vector>

#include "fuzz/input_file.hpp"
#include "fuzz/targets.hpp"

namespace faceoff::fuzz {

namespace {

/// The tensors of the corpus have these names.
void get(const TensorFile& file, const char* name, const std::vector<std::int64_t>& shape) {
  try {
    file.get(name, shape);
  } catch (const FileError&) {
  }
}

}  // namespace

void safetensors(std::string_view input) {
  const InputFile bytes(input);
  try {
    const TensorFile file(bytes.path());
    for (const char* name : {"a", "b"}) {
      for (std::size_t sides = 0; sides <= 2; ++sides) get(file, name, std::vector<std::int64_t>(sides, -1));
    }
  } catch (const FileError&) {
  }
}

}  // namespace faceoff::fuzz
