#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

/// Means of windows of a picture, and their gradients.
namespace faceoff::summed_area {

/// One axis of a window: the pixels [begin, begin + length) are divided into so many parts as adaptive average pooling
/// does it, and the window's cells are those from `first` on. A cell beyond the last part is empty.
struct Axis {
  std::int64_t begin = 0, length = 0, parts = 0, first = 0;

  bool is_beyond(std::int64_t cell) const { return first + cell >= parts; }
};

struct Window {
  Axis rows, columns;
};

/// The pixels [from, to) of a cell along an axis.
struct Span {
  std::int64_t from = 0, to = 0;

  std::int64_t size() const { return to - from; }
};

inline std::vector<Span> spans(const Axis& axis, std::int64_t n) {
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
/// "Summed-Area Tables for Texture Mapping", SIGGRAPH 1984. In double: of some ten megapixels in [0,255] a mean is as
/// exact as a float. On the processor, wherever the picture is.
class Table {
 public:
  explicit Table(const at::Tensor& image)  // [1,3,H,W]
      : options_(image.options().requires_grad(false)), height_(image.size(2)), width_(image.size(3)) {
    sums_ = at::empty({height_ + 1, width_ + 1, colours}, at::TensorOptions(at::kDouble));
    const at::Tensor pixels = image.detach().to(at::kCPU).contiguous();
    if (pixels.scalar_type() == at::kDouble) {
      add_up(pixels.const_data_ptr<double>());
    } else {
      add_up(pixels.to(at::kFloat).const_data_ptr<float>());
    }
  }

  std::int64_t height() const { return height_; }
  std::int64_t width() const { return width_; }
  /// Of the picture's kind.
  const at::TensorOptions& options() const { return options_; }

  /// The windows as [N,3,rows,columns], each cell the mean of its pixels and 0 where it has none.
  at::Tensor cut(const std::vector<Window>& windows, std::int64_t rows, std::int64_t columns) const {
    at::Tensor cells = at::empty({static_cast<std::int64_t>(windows.size()), rows, columns, colours}, sums_.options());
    double* to = cells.mutable_data_ptr<double>();
    const double* const sums = sums_.const_data_ptr<double>();
    const std::int64_t row = (width_ + 1) * colours;
    for (const Window& window : windows) {
      const std::vector<Span> across = spans(window.columns, columns);
      for (const Span& down : spans(window.rows, rows)) {
        const double *const top = sums + down.from * row, *const bottom = sums + down.to * row;
        for (const Span& span : across) {
          const auto pixels = static_cast<double>(std::max<std::int64_t>(down.size() * span.size(), 1));
          const std::int64_t left = span.from * colours, right = span.to * colours;
          for (std::int64_t c = 0; c < colours; ++c)
            *to++ = (bottom[right + c] - bottom[left + c] - top[right + c] + top[left + c]) / pixels;
        }
      }
    }
    return cells.permute({0, 3, 1, 2}).to(options_);
  }

  /// The gradient [1,3,H,W] at the picture, from that at its windows [N,3,rows,columns]. Pixel by pixel: what no window
  /// has stays exactly 0, and goes nowhere by its sign.
  at::Tensor spread(const std::vector<Window>& windows, const at::Tensor& gradient) const {
    at::Tensor image = at::zeros({1, colours, height_, width_}, options_);
    if (windows.empty()) return image;
    const std::int64_t rows = gradient.size(2), columns = gradient.size(3);
    const Span high = reach(windows, &Window::rows, rows), wide = reach(windows, &Window::columns, columns);
    at::Tensor part = at::zeros({colours, high.size(), wide.size()}, sums_.options());
    const at::Tensor given = gradient.to(at::kCPU, at::kDouble).contiguous();
    const double* from = given.const_data_ptr<double>();
    double* const to = part.mutable_data_ptr<double>();
    for (const Window& window : windows) {
      const std::vector<Span> down = spans(window.rows, rows), across = spans(window.columns, columns);
      for (std::int64_t c = 0; c < colours; ++c) {
        for (const Span& y : down) {
          for (const Span& x : across) {
            const double value = *from++;
            if (y.size() * x.size() == 0) continue;
            const double share = value / static_cast<double>(y.size() * x.size());
            for (std::int64_t line = y.from - high.from; line < y.to - high.from; ++line) {
              double* pixel = to + (c * high.size() + line) * wide.size() + x.from - wide.from;
              for (std::int64_t i = 0; i < x.size(); ++i) pixel[i] += share;
            }
          }
        }
      }
    }
    image[0].narrow(1, high.from, high.size()).narrow(2, wide.from, wide.size()).copy_(part);
    return image;
  }

 private:
  template <class Number>
  void add_up(const Number* pixels) {
    std::array<const Number*, colours> from{pixels, pixels + height_ * width_, pixels + 2 * height_ * width_};
    sums_[0].zero_();
    const std::int64_t row = (width_ + 1) * colours;
    double* to = sums_.mutable_data_ptr<double>() + row;
    for (std::int64_t y = 0; y < height_; ++y) {
      std::array<double, colours> sum{};
      for (std::int64_t x = 0; x <= width_; ++x) {
        for (std::size_t c = 0; c < from.size(); ++c, ++to) {
          *to = to[-row] + sum[c];
          if (x < width_) sum[c] += static_cast<double>(*from[c]++);
        }
      }
    }
  }

  /// From the first pixel along an axis to behind the last that any window has.
  static Span reach(const std::vector<Window>& windows, Axis Window::*axis, std::int64_t n) {
    Span all = spans(windows.front().*axis, n).front();
    for (const Window& window : windows) {
      for (const Span& one : spans(window.*axis, n)) {
        if (one.size() > 0) all = {std::min(all.from, one.from), std::max(all.to, one.to)};
      }
    }
    return all;
  }

  at::TensorOptions options_;
  std::int64_t height_, width_;
  at::Tensor sums_;  // [H+1,W+1,3]
};

}  // namespace faceoff::summed_area
