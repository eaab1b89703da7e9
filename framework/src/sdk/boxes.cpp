#include <faceoff/boxes.hpp>

#include <ATen/ATen.h>

namespace faceoff {

namespace {

/// What both boxes cover.
at::Tensor shared(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor low = at::maximum(a.narrow(-1, 0, 2), b.narrow(-1, 0, 2));
  const at::Tensor high = at::minimum(a.narrow(-1, 2, 2), b.narrow(-1, 2, 2));
  return (high - low).clamp_min(0).prod(-1);
}

}  // namespace

at::Tensor area_of(const at::Tensor& boxes) {
  return (boxes.narrow(-1, 2, 2) - boxes.narrow(-1, 0, 2)).clamp_min(0).prod(-1);
}

at::Tensor overlap(const at::Tensor& boxes, const at::Tensor& others) {
  const at::Tensor a = boxes.unsqueeze(2), b = others.unsqueeze(1);
  const at::Tensor both = shared(a, b);
  return both / (area_of(a) + area_of(b) - both).clamp_min(1e-12);
}

at::Tensor distance(const at::Tensor& boxes, const at::Tensor& faces) {
  constexpr double far = 1e6;
  const at::Tensor longer = (faces.narrow(2, 2, 2) - faces.narrow(2, 0, 2)).amax(2).unsqueeze(1);  // [R,1,F]
  const at::Tensor from = (boxes.narrow(2, 0, 2) + boxes.narrow(2, 2, 2)).unsqueeze(2) / 2;        // [R,N,1,2]
  const at::Tensor to = (faces.narrow(2, 0, 2) + faces.narrow(2, 2, 2)).unsqueeze(1) / 2;          // [R,1,F,2]
  // So that the square root has a slope at the centre itself, too.
  const at::Tensor pixels = ((from - to).square().sum(3) + 1e-12).sqrt();
  return (pixels / longer.clamp_min(1e-6)).masked_fill(longer <= 0, far);
}

at::Tensor share_of(const at::Tensor& boxes, const at::Tensor& extent) {
  return shared(boxes, extent.unsqueeze(1)) / area_of(extent).unsqueeze(1);
}

}  // namespace faceoff
