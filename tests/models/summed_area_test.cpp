// Windows cut from a summed-area table, and their gradients.
#include "../../plugins/models/summed_area.hpp"

#include <ATen/ATen.h>

#include "support.hpp"

namespace faceoff::summed_area {
namespace {

TEST(SummedArea, CutsWhatAdaptiveAveragePoolingMakesOfTheSamePixels) {
  const at::Tensor image = noise({1, 3, 23, 31}, 0, 255, 1);
  const Table table(image);
  EXPECT_LT(
      largest_difference(table.cut({{{0, 23, 9, 0}, {0, 31, 14, 0}}}, 9, 14), at::adaptive_avg_pool2d(image, {9, 14})),
      1e-9);
  const at::Tensor part = image.narrow(2, 20, 3).narrow(3, 5, 8);  // enlarged along one axis
  EXPECT_LT(largest_difference(table.cut({{{20, 3, 6, 0}, {5, 8, 6, 0}}}, 6, 6), at::adaptive_avg_pool2d(part, {6, 6})),
            1e-9);
  // Of nine parts those from the sixth on: the window's last two cells are beyond them.
  const at::Tensor last = table.cut({{{0, 23, 9, 5}, {0, 31, 6, 0}}}, 6, 6);
  const at::Tensor whole = at::adaptive_avg_pool2d(image, {9, 6});
  EXPECT_LT(largest_difference(last.narrow(2, 0, 4), whole.narrow(2, 5, 4)), 1e-9);
  EXPECT_EQ(last.narrow(2, 4, 2).abs().max().item<double>(), 0);
  EXPECT_LT(largest_difference(Table(image.to(at::kFloat)).cut({{{0, 23, 1, 0}, {0, 31, 1, 0}}}, 1, 1),
                               image.mean({2, 3}, true).to(at::kFloat)),
            1e-4);
  EXPECT_EQ(table.cut({}, 6, 6).sizes(), at::IntArrayRef({0, 3, 6, 6}));
}

TEST(SummedArea, SpreadsAGradientOverThePixelsThatMadeIt) {
  const at::Tensor image = noise({1, 3, 23, 31}, 0, 255, 1);
  const Table table(image);
  const std::vector<Window> windows = {
      {{2, 7, 4, 0}, {3, 9, 4, 0}}, {{0, 23, 9, 6}, {0, 31, 14, 11}}, {{8, 1, 4, 0}, {8, 1, 4, 0}}};
  const at::Tensor cells = table.cut(windows, 4, 4), gradient = noise(cells.sizes(), -1, 1, 2);
  const at::Tensor spread = table.spread(windows, gradient);
  // <cut(x), g> = <x, spread(g)>, for both are linear.
  EXPECT_NEAR((cells * gradient).sum().item<double>(), (image * spread).sum().item<double>(), 1e-8);
  EXPECT_EQ(spread.narrow(2, 0, 2).abs().max().item<double>(), 0) << "no window has these";
  EXPECT_EQ(spread.narrow(2, 9, 6).abs().max().item<double>(), 0) << "nor these, between others";
  EXPECT_EQ(table.spread({}, at::zeros({0, 3, 4, 4}, at::kDouble)).abs().max().item<double>(), 0);
}

}  // namespace
}  // namespace faceoff::summed_area
