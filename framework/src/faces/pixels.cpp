#include "faces/pixels.hpp"

#include <ATen/ATen.h>

namespace faceoff {

at::Tensor to_tensor(const Picture& picture, const at::TensorOptions& options) {
  const at::Tensor bytes =
      at::from_blob(picture.rgb.data, {picture.rgb.rows, picture.rgb.cols, 3}, at::TensorOptions(at::kByte));
  return bytes.permute({2, 0, 1}).unsqueeze(0).to(options).contiguous();
}

}  // namespace faceoff
