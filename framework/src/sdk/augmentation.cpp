#include <faceoff/augmentation.hpp>

#include <ATen/ATen.h>

namespace faceoff {

at::Tensor filter_gradient(const at::Tensor& pixels,
                           const std::function<at::Tensor(const at::Tensor& gradient)>& filter) {
  if (!pixels.requires_grad()) return pixels;
  const at::Tensor same = pixels.view_as(pixels);  // a tensor of its own: the hook is not the caller's
  same.register_hook([filter](const at::Tensor& gradient) { return filter(gradient); });
  return same;
}

}  // namespace faceoff
