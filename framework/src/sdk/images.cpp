#include <faceoff/images.hpp>

#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>

namespace faceoff {

at::Tensor compose(const at::Tensor& after, const at::Tensor& before) {
  const at::Tensor linear = after.narrow(2, 0, 2);
  const at::Tensor moved = at::matmul(linear, before);
  const at::Tensor shift = moved.narrow(2, 2, 1) + after.narrow(2, 2, 1);
  return at::cat({moved.narrow(2, 0, 2), shift}, 2);
}

at::Tensor apply_map(const at::Tensor& map, const at::Tensor& points) {
  const at::Tensor flat = points.flatten(1, -2);
  const at::Tensor mapped = at::matmul(flat, map.narrow(2, 0, 2).transpose(1, 2)) + map.select(2, 2).unsqueeze(1);
  return mapped.view(points.sizes());
}

at::Tensor map_boxes(const at::Tensor& map, const at::Tensor& boxes) {
  const at::Tensor x0 = boxes.select(2, 0), y0 = boxes.select(2, 1), x1 = boxes.select(2, 2), y1 = boxes.select(2, 3);
  const at::Tensor corners = at::stack({x0, y0, x1, y0, x0, y1, x1, y1}, 2).unflatten(2, {4, 2});
  const at::Tensor mapped = apply_map(map, corners);
  return at::cat({mapped.amin(2), mapped.amax(2)}, 2);
}

at::Tensor scale_and_shift(const at::Tensor& scale_x, const at::Tensor& scale_y, const at::Tensor& shift_x,
                           const at::Tensor& shift_y) {
  const at::Tensor zero = at::zeros_like(scale_x);
  return at::stack({scale_x, zero, shift_x, zero, scale_y, shift_y}, 1).view({-1, 2, 3});
}

}  // namespace faceoff
