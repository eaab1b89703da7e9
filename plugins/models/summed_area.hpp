#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace faceoff {

/// One axis of a window: the pixels [begin, begin + length) are divided into so many parts as adaptive average pooling
/// does it, and the window's cells are those from `first` on. A cell beyond the last part is empty.
struct Axis {
  std::int64_t begin = 0, length = 0, parts = 0, first = 0;

  bool is_beyond(std::int64_t cell) const { return first + cell >= parts; }
};

struct Grid {
  Axis rows, columns;
};

/// The pixels [from, to) of a cell along an axis.
struct Span {
  std::int64_t from = 0, to = 0;
};

std::vector<Span> spans(const Axis& axis, std::int64_t n) {
  std::vector<Span> all(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n && !axis.is_beyond(i); ++i) {
    const std::int64_t part = axis.first + i;
    all[static_cast<std::size_t>(i)] = {axis.begin + part * axis.length / axis.parts,
                                        axis.begin + ((part + 1) * axis.length + axis.parts - 1) / axis.parts};
  }
  return all;
}

constexpr std::int64_t colours = 3;

/// A picture's sums over all rectangles from its corner, by which the mean of any rectangle takes four numbers. Crow,
/// "Summed-Area Tables for Texture Mapping", SIGGRAPH 1984. In double, so that a mean is as exact as a float.
class SummedArea {
 public:
  explicit SummedArea(const at::Tensor& image)  // [1,3,H,W]
      : options_(image.options().requires_grad(false)), height_(image.size(2)), width_(image.size(3)) {
    const at::Tensor pixels = image.detach().to(at::kCPU, at::kDouble).contiguous();
    std::array<const double*, colours> from{};
    for (std::int64_t c = 0; c < colours; ++c) from[c] = pixels.const_data_ptr<double>() + c * height_ * width_;
    sums_ = at::empty({height_ + 1, width_ + 1, colours}, pixels.options());
    sums_[0].zero_();
    const std::int64_t row = (width_ + 1) * colours;
    double* to = sums_.mutable_data_ptr<double>() + row;
    for (std::int64_t y = 0; y < height_; ++y) {
      std::array<double, colours> sum{};
      for (std::int64_t x = 0; x <= width_; ++x) {
        for (std::int64_t c = 0; c < colours; ++c, ++to) *to = to[-row] + sum[c];
        if (x == width_) break;
        for (std::int64_t c = 0; c < colours; ++c) sum[c] += *from[c]++;
      }
    }
  }

  std::int64_t height() const { return height_; }
  std::int64_t width() const { return width_; }
  /// Of the picture's kind.
  const at::TensorOptions& options() const { return options_; }

  /// The windows as [N,3,rows,columns], each cell the mean of its pixels and 0 where it has none.
  at::Tensor cut(const std::vector<Grid>& windows, std::int64_t rows, std::int64_t columns) const {
    at::Tensor cells =
        at::empty({static_cast<std::int64_t>(windows.size()), rows, columns, colours}, at::TensorOptions(at::kDouble));
    double* to = cells.mutable_data_ptr<double>();
    for (const Grid& window : windows) {
      const std::vector<Span> across = spans(window.columns, columns);
      for (const Span& down : spans(window.rows, rows)) {
        const double *const top = sums_.const_data_ptr<double>() + down.from * (width_ + 1) * colours,
                            *const bottom = sums_.const_data_ptr<double>() + down.to * (width_ + 1) * colours;
        for (const Span& span : across) {
          const auto pixels =
              static_cast<double>(std::max<std::int64_t>((down.to - down.from) * (span.to - span.from), 1));
          const std::int64_t left = span.from * colours, right = span.to * colours;
          for (std::int64_t c = 0; c < colours; ++c)
            *to++ = (bottom[right + c] - bottom[left + c] - top[right + c] + top[left + c]) / pixels;
        }
      }
    }
    return cells.permute({0, 3, 1, 2}).to(options_);
  }

  /// The gradient [1,3,H,W] at the picture, from that at its windows [N,3,n,n].
  at::Tensor spread(const std::vector<Grid>& windows, const at::Tensor& gradient) const {
    at::Tensor image = at::zeros({1, colours, height_, width_}, options_);
    if (windows.empty()) return image;
    const std::int64_t n = gradient.size(2);
    const Span high = reach(windows, &Grid::rows, n), wide = reach(windows, &Grid::columns, n);
    at::Tensor part = at::zeros({colours, high.to - high.from, wide.to - wide.from}, at::TensorOptions(at::kDouble));
    const at::Tensor given = gradient.to(at::kCPU, at::kDouble).contiguous();
    auto to = part.accessor<double, 3>();
    auto from = given.accessor<double, 4>();
    for (std::int64_t i = 0; i < given.size(0); ++i) {
      const Grid& window = windows[static_cast<std::size_t>(i)];
      const std::vector<Span> down = spans(window.rows, n), across = spans(window.columns, n);
      for (std::int64_t c = 0; c < colours; ++c) {
        for (std::size_t r = 0; r < down.size(); ++r) {
          for (std::size_t k = 0; k < across.size(); ++k) {
            const Span &rows = down[r], &columns = across[k];
            const double share = from[i][c][static_cast<std::int64_t>(r)][static_cast<std::int64_t>(k)] /
                                 static_cast<double>((rows.to - rows.from) * (columns.to - columns.from));
            for (std::int64_t y = rows.from; y < rows.to; ++y) {
              for (std::int64_t x = columns.from; x < columns.to; ++x) to[c][y - high.from][x - wide.from] += share;
            }
          }
        }
      }
    }
    image[0].narrow(1, high.from, part.size(1)).narrow(2, wide.from, part.size(2)).copy_(part);
    return image;
  }

 private:
  /// From the first pixel along an axis to behind the last that any window has.
  static Span reach(const std::vector<Grid>& windows, Axis Grid::*axis, std::int64_t n) {
    Span all = spans(windows.front().*axis, n).front();
    for (const Grid& window : windows) {
      for (const Span& one : spans(window.*axis, n)) {
        if (one.from == one.to) continue;
        all = {std::min(all.from, one.from), std::max(all.to, one.to)};
      }
    }
    return all;
  }

  at::TensorOptions options_;
  std::int64_t height_, width_;
  at::Tensor sums_;  // [H+1,W+1,3]
};

}  // namespace faceoff
