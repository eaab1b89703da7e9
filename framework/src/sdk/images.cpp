#include <faceoff/augmentation.hpp>
#include <faceoff/images.hpp>

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

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

std::vector<Window> random_windows(Random& random, std::int64_t height, std::int64_t width, double low, double high) {
  const at::Tensor share = random.uniform(low, high).to(at::kCPU, at::kDouble);
  const at::Tensor place = random.uniform(0, 1, {2}).to(at::kCPU, at::kDouble);
  std::vector<Window> windows;
  for (std::int64_t r = 0; r < random.rows(); ++r) {
    const auto part = [](double of, std::int64_t side) {
      return std::max<std::int64_t>(1, std::llround(of * static_cast<double>(side)));
    };
    Window window{0, 0, part(share[r].item<double>(), height), part(share[r].item<double>(), width)};
    const auto offset = [&](std::int64_t axis, std::int64_t free) {
      return std::min(free, static_cast<std::int64_t>(place[r][axis].item<double>() * static_cast<double>(free + 1)));
    };
    window.top = offset(0, height - window.height);
    window.left = offset(1, width - window.width);
    windows.push_back(window);
  }
  return windows;
}

Images repeated(const Images& images, std::int64_t k) {
  if (k == 1) return images;
  const auto repeat = [&](const at::Tensor& t) { return t.defined() ? t.repeat_interleave(k, 0) : t; };
  return {repeat(images.pixels), repeat(images.map), repeat(images.landmarks), repeat(images.partners)};
}

Images moved(const Images& images, const at::Tensor& pixels, const at::Tensor& map) {
  const at::Tensor each = map.expand({pixels.size(0), 2, 3});
  return {
      pixels, images.map.defined() ? compose(each.to(images.map.options()), images.map) : images.map,
      images.landmarks.defined() ? apply_map(each.to(images.landmarks.options()), images.landmarks) : images.landmarks};
}

Images moved(const Images& images, const std::vector<at::Tensor>& rows, const std::vector<Move>& moves) {
  std::vector<double> values;
  for (const Move& m : moves) values.insert(values.end(), {m.scale_x, 0, m.shift_x, 0, m.scale_y, m.shift_y});
  return moved(images, at::cat(rows), at::tensor(values, at::kDouble).view({-1, 2, 3}));
}

at::Tensor filter_gradient(const at::Tensor& pixels,
                           const std::function<at::Tensor(const at::Tensor& gradient)>& filter) {
  if (!pixels.requires_grad()) return pixels;
  const at::Tensor same = pixels.view_as(pixels);  // a tensor of its own: the hook is not the caller's
  same.register_hook([filter](const at::Tensor& gradient) { return filter(gradient); });
  return same;
}

}  // namespace faceoff
