// MTCNN: three nets, each of which looks closer at what the one before passes on. Zhang et al., "Joint Face Detection
// and Alignment Using Multitask Cascaded Convolutional Networks", IEEE Signal Processing Letters, 2016; weights and
// procedure are facenet-pytorch's.
//
// The gradient. Which windows go from net to net is a choice (thresholds, overlaps, crops at whole pixels): it is made
// anew in every call, without gradient. What a net says of a window is computed from the picture's pixels with
// gradient, and a box that was refined thrice depends on all three nets. So the gradient is the output's derivative
// everywhere but where a choice turns over, as a max pooling's is. P-net scans the whole pyramid without gradient, and
// is asked again, with it, about those windows alone that it passes on.
//
// The output: the faces, as facenet-pytorch's detect() gives them. A face that falls just below the last threshold is
// gone from them and its gradient with it, though a little noise brings it back. So where it is attacked there follows
// what each net says of every window that it sees, scores times the net's weight in `on_the_way`. By default O-net's
// word alone counts: with it hidden faces survive JPEG and resizing better. P- and R-net's windows have weight 0, which
// pads: an attack that also works on those many scores does less to O-net's, and hides fewer faces.
//
// Landmarks. O-net's five points a window: left eye, right eye, nose, left and right corner of the mouth, as they lie
// in the picture. P- and R-net know of none: their windows have all five in the middle, by which nothing can be
// aligned.
#include <faceoff/layers.hpp>
#include <faceoff/model.hpp>
#include <faceoff/safetensors.hpp>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace faceoff;
using layers::Conv2d;

constexpr std::int64_t window = 12;  // P-net's, in cells of a pyramid's level

// -------------------------------------------------------------------------------------------------------------- crops

/// Windows of n × n cells in a picture. Along either axis a window is four whole numbers, begin, length, parts and
/// first: the pixels [begin, begin + length) are divided into so many parts as adaptive average pooling does it, and
/// the cells are those from `first` on. A cell beyond the last part is empty.
struct Windows {
  at::Tensor rows, columns;  // [N,4] int64, on the CPU
};

/// One axis of a window: its first pixel, and how much of each cell each of its pixels makes up.
struct Shares {
  std::int64_t begin = 0;
  at::Tensor share;  // [n,pixels]

  Shares(const at::Tensor& axis, std::int64_t index, std::int64_t n, const at::TensorOptions& options) {
    const auto all = axis.accessor<std::int64_t, 2>();
    const auto given = all[index];
    const std::int64_t length = given[1], parts = given[2], first = given[3];
    const auto floor = [&](std::int64_t part) { return part * length / parts; };
    const auto ceil = [&](std::int64_t part) { return (part * length + parts - 1) / parts; };
    const std::int64_t last = std::min(first + n, parts), start = floor(first);
    share = at::zeros({n, ceil(last) - start}, at::kDouble);
    auto of = share.accessor<double, 2>();
    for (std::int64_t part = first; part < last; ++part) {
      const std::int64_t from = floor(part), to = ceil(part + 1);
      for (std::int64_t i = from; i < to; ++i) of[part - first][i - start] = 1. / static_cast<double>(to - from);
    }
    share = share.to(options);
    begin = given[0] + start;
  }
};

/// The windows of a picture [1,3,H,W] as [N,3,n,n], each cell the mean of its pixels. With a gradient of its own,
/// because that of a slice is as large as the picture, and of some thousand slices takes longer than all three nets.
class Crops : public torch::autograd::Function<Crops> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& image, const at::Tensor& rows,
                            const at::Tensor& columns, std::int64_t n) {
    context->saved_data["n"] = n;
    context->saved_data["size"] = image.sizes();
    context->save_for_backward({rows, columns});
    at::Tensor crops = at::empty({rows.size(0), 3, n, n}, image.options());
    each(rows, columns, n, image,
         [&](std::int64_t i, const at::Tensor& part, const Shares& down, const Shares& across) {
           crops.select(0, i).copy_(at::matmul(down.share, at::matmul(part, across.share.t())));
         });
    return crops;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor& gradient = gradients.front();
    const at::Tensor image = at::zeros(context->saved_data["size"].toIntVector(), gradient.options());
    each(saved[0], saved[1], context->saved_data["n"].toInt(), image,
         [&](std::int64_t i, const at::Tensor& part, const Shares& down, const Shares& across) {
           part.add_(at::matmul(down.share.t(), at::matmul(gradient.select(0, i), across.share)));
         });
    return {image, {}, {}, {}};
  }

 private:
  template <class Work>
  static void each(const at::Tensor& rows, const at::Tensor& columns, std::int64_t n, const at::Tensor& image,
                   const Work& work) {
    for (std::int64_t i = 0; i < rows.size(0); ++i) {
      const Shares down(rows, i, n, image.options()), across(columns, i, n, image.options());
      const at::Tensor part =
          image.select(0, 0).narrow(1, down.begin, down.share.size(1)).narrow(2, across.begin, across.share.size(1));
      work(i, part, down, across);
    }
  }
};

at::Tensor normalised(const at::Tensor& images) {
  return layers::normalise(images, {127.5, 127.5, 127.5}, 128);
}

// --------------------------------------------------------------------------------------------------------------- nets

/// What a net says: how certain it is of a face, and by how much of the box's sides the box's edges are off.
struct Answer {
  at::Tensor scores;  // [N,h,w]
  at::Tensor shifts;  // [N,4,h,w]
  at::Tensor points;  // [N,10,h,w] five x, then five y, in the box's sides; O-net's alone
};

/// P-, R- or O-net. Their fully connected layers are convolutions here, so that all three are alike; h and w are 1
/// where the input is one window.
struct Net {
  struct Layer {
    Conv2d convolution;
    at::Tensor slope;       // of PReLU
    std::int64_t pool = 0;  // size of the max pooling by 2 that follows; 0: none
  };
  std::vector<Layer> layers;
  Conv2d face, box;
  std::optional<Conv2d> points;

  /// `absent` [N,1,h,w], where it is defined: positions of the first layer that a picture's border cuts off.
  Answer operator()(at::Tensor x, const at::Tensor& absent = {}) const {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const Layer& layer = layers[i];
      x = layers::prelu(layer.convolution(x), layer.slope);
      if (i == 0 && absent.defined()) x = x.masked_fill(absent, -std::numeric_limits<double>::infinity());
      if (layer.pool > 0) x = at::max_pool2d(x, {layer.pool, layer.pool}, {2, 2}, 0, 1, true);
    }
    const at::Tensor logits = face(x);
    // One minus the probability of no face: near 1 all digits are in that, and so is the gradient.
    return {1 - at::sigmoid(logits.select(1, 0) - logits.select(1, 1)), box(x), points ? (*points)(x) : at::Tensor()};
  }
};

// -------------------------------------------------------------------------------------------------------------- boxes

at::Tensor size_of(const at::Tensor& boxes) {
  return boxes.narrow(1, 2, 2) - boxes.narrow(1, 0, 2);
}

/// Boxes [N,4] with their edges shifted by [N,4] of their sides; the procedure counts `extra` pixels to a side.
at::Tensor refined(const at::Tensor& boxes, const at::Tensor& shifts, double extra) {
  return boxes + shifts * (size_of(boxes) + extra).repeat({1, 2});
}

/// Squares about the boxes.
at::Tensor squared(const at::Tensor& boxes) {
  const at::Tensor size = size_of(boxes), side = size.amax(1, true);
  const at::Tensor corner = boxes.narrow(1, 0, 2) + size * .5 - side * .5;
  return at::cat({corner, corner + side}, 1);
}

/// Five points [N,5,2] in the middle of each box.
at::Tensor middles(const at::Tensor& boxes) {
  return (boxes.narrow(1, 0, 2) + size_of(boxes) * .5).unsqueeze(1).expand({-1, 5, 2});
}

enum class Overlap { over_union, over_smaller };

/// Which of the boxes [N,4] score above the threshold and overlap no better one by more than `most`; best first.
at::Tensor best(const at::Tensor& boxes, const at::Tensor& scores, double threshold, double most, Overlap overlap) {
  const at::Tensor order = std::get<1>(scores.detach().sort(true, 0, true)).cpu();  // stable
  const at::Tensor sorted = boxes.detach().to(at::kCPU, at::kDouble).index_select(0, order);
  const at::Tensor certain = scores.detach().cpu().index_select(0, order) > threshold;
  const auto count = certain.sum().item<std::int64_t>();
  const auto box = sorted.accessor<double, 2>();
  const double extra = overlap == Overlap::over_smaller ? 1 : 0;
  const auto area = [&](std::int64_t i) { return (box[i][2] - box[i][0] + extra) * (box[i][3] - box[i][1] + extra); };
  const auto shared = [&](std::int64_t i, std::int64_t j) {
    const auto along = [&](int axis) {
      return std::max(std::min(box[i][axis + 2], box[j][axis + 2]) - std::max(box[i][axis], box[j][axis]) + extra, 0.);
    };
    const double both = along(0) * along(1), smaller = std::min(area(i), area(j));
    return both / (overlap == Overlap::over_smaller ? smaller : area(i) + area(j) - both);
  };
  std::vector<std::int64_t> kept;
  for (std::int64_t i = 0; i < count; ++i) {
    if (std::ranges::none_of(kept, [&](std::int64_t j) { return shared(i, j) > most; })) kept.push_back(i);
  }
  return order.index_select(0, at::tensor(kept, at::kLong)).to(boxes.device());
}

class Mtcnn : public Model {
 public:
  static void describe(Schema<Mtcnn>& s) {
    s.name("mtcnn").summary(
        "MTCNN face detector (facenet-pytorch): a cascade of three nets, at the picture's own size");
    s.cites(
        "Zhang et al., Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks, IEEE Signal "
        "Processing Letters, 2016");
    s.param("weights", &Mtcnn::weights_, "safetensors file made by scripts/models").file();
    s.param("thresholds", &Mtcnn::thresholds_, "scores above which P-, R- and O-net pass a window on");
    s.param("min_face_size", &Mtcnn::min_face_size_, "smallest face; the time goes down with its square")
        .unit("pixels")
        .range(12, 10000);
    s.param("factor", &Mtcnn::factor_, "from one level of P-net's pyramid to the next").range(.1, .95);
    s.param("on_the_way", &Mtcnn::on_the_way_,
            "while it is attacked, what P-, R- and O-net say of each window follows the faces, scores times these "
            "weights in [0,0.5]");
  }

  void setup(const Setup& setup) override {
    if (thresholds_.size() != 3) throw ConfigError("thresholds: one number each for P-, R- and O-net");
    if (on_the_way_.size() != 3 || std::ranges::any_of(on_the_way_, [](double w) { return !(w >= 0 && w <= .5); }))
      throw ConfigError("on_the_way: one number from 0 to 0.5 each for P-, R- and O-net");
    const TensorFile file(setup.resolve(weights_));
    const auto get = [&](const std::string& name, at::IntArrayRef shape) {
      return file.get(name, shape, setup.dtype).to(setup.device);
    };
    struct Layer {
      std::int64_t width, size, pool;
    };
    const auto net = [&](const std::string& name, const std::vector<Layer>& chain) {
      std::int64_t in = 3;
      const auto convolution = [&](const std::string& part, std::int64_t out, std::int64_t size) {
        return Conv2d(get(name + part + ".weight", {out, in, size, size}), get(name + part + ".bias", {out}),
                      {.padding = layers::Padding::valid});
      };
      Net made;
      for (const auto& [width, size, pool] : chain) {
        const std::string number = std::to_string(made.layers.size() + 1);
        made.layers.push_back(
            {convolution("conv" + number, width, size), get(name + ("prelu" + number), {width}), pool});
        in = width;
      }
      made.face = convolution("face", 2, 1);
      made.box = convolution("box", 4, 1);
      if (name == "onet.") made.points = convolution("points", 10, 1);
      return made;
    };
    pnet_ = net("pnet.", {{10, 3, 2}, {16, 3, 0}, {32, 3, 0}});
    rnet_ = net("rnet.", {{28, 3, 3}, {48, 3, 3}, {64, 2, 0}, {128, 3, 0}});
    onet_ = net("onet.", {{32, 3, 3}, {64, 3, 3}, {64, 3, 2}, {128, 2, 0}, {256, 3, 0}});
  }

  Field provides() const override { return Field::scores | Field::boxes | Field::landmarks; }
  ViewSpec view() const override { return {0, 0, WholePicture{}}; }

  Output forward(const at::Tensor& images) override { return detections(images, false); }
  Output forward_attacked(const at::Tensor& images, Random&) override { return detections(images, true); }

 private:
  struct Candidates {
    at::Tensor boxes;      // [N,4]
    at::Tensor scores;     // [N]
    at::Tensor landmarks;  // [N,5,2]
  };
  /// Windows of P-net's pyramid, and the boxes [N,4] in the picture that they stand for.
  struct Proposals {
    Windows windows;
    at::Tensor boxes;
  };
  /// Boxes [N,4] that a net was asked about, and its answers [N], [N,4] and, O-net's alone, [N,10].
  struct Seen {
    at::Tensor boxes, scores, shifts, points;
  };

  Output detections(const at::Tensor& images, bool on_the_way) const {
    std::vector<Candidates> rows;
    std::int64_t most = 0;
    for (const at::Tensor& image : images.split(1)) {
      rows.push_back(look(image, on_the_way));
      most = std::max(most, rows.back().scores.size(0));
    }
    std::vector<at::Tensor> scores, boxes, landmarks;
    for (const Candidates& row : rows) {
      const std::int64_t missing = most - row.scores.size(0);
      scores.push_back(at::constant_pad_nd(row.scores, {0, missing}));
      boxes.push_back(at::constant_pad_nd(row.boxes, {0, 0, 0, missing}));
      landmarks.push_back(at::constant_pad_nd(row.landmarks, {0, 0, 0, 0, 0, missing}));
    }
    Output output;
    output.scores = at::stack(scores);
    output.boxes = at::stack(boxes);
    output.landmarks = at::stack(landmarks);
    return output;
  }

  Candidates look(const at::Tensor& image, bool on_the_way) const {
    const Seen p = first_look(image);
    const at::Tensor proposed = squared(refined(p.boxes, p.shifts, 0));
    const Seen r = closer_look(rnet_, 24, image, proposed);
    const at::Tensor better = squared(refined(r.boxes, r.shifts, 1));
    const at::Tensor passed = best(r.boxes, r.scores, thresholds_[1], .7, Overlap::over_union);
    const Seen o = closer_look(onet_, 48, image, better.index_select(0, passed));
    const at::Tensor last = refined(o.boxes, o.shifts, 1);
    const at::Tensor faces = best(last, o.scores, thresholds_[2], .7, Overlap::over_smaller);
    const at::Tensor points = points_of(o);
    const Candidates found{last.index_select(0, faces), o.scores.index_select(0, faces), points.index_select(0, faces)};
    if (!on_the_way) return found;
    return {at::cat({found.boxes, proposed, better, last}),
            at::cat({found.scores, p.scores * on_the_way_[0], r.scores * on_the_way_[1], o.scores * on_the_way_[2]}),
            at::cat({found.landmarks, middles(proposed), middles(better), points})};
  }

  /// O-net's points [N,5,2] in the picture.
  static at::Tensor points_of(const Seen& seen) {
    const at::Tensor corner = seen.boxes.narrow(1, 0, 2).unsqueeze(1), side = size_of(seen.boxes).unsqueeze(1) + 1;
    return seen.points.view({seen.points.size(0), 2, 5}).transpose(1, 2) * side + corner - 1;
  }

  /// P-net on the windows that it passes on.
  Seen first_look(const at::Tensor& image) const {
    const Proposals found = scan(image);
    const at::Tensor crops = Crops::apply(image, found.windows.rows, found.windows.columns, window);
    // Where a level's size is odd, the last window's last cell is beyond it, and the pooling goes without.
    const auto beyond = [&](const at::Tensor& axis) {
      const at::Tensor cell = axis.select(1, 3).unsqueeze(1) + at::arange(2, window, axis.options());
      return (cell >= axis.select(1, 2).unsqueeze(1)).to(image.device());
    };
    const at::Tensor absent = beyond(found.windows.rows).unsqueeze(2) | beyond(found.windows.columns).unsqueeze(1);
    const Answer answer = pnet_(normalised(crops), absent.unsqueeze(1));
    return {found.boxes, answer.scores.flatten(), answer.shifts.flatten(1), {}};
  }

  /// R- or O-net, which see n × n cells, on those of the boxes that have a pixel in the picture.
  static Seen closer_look(const Net& net, std::int64_t n, const at::Tensor& image, const at::Tensor& boxes) {
    const at::Tensor whole = boxes.detach().trunc().to(at::kLong).cpu();
    const at::Tensor limit = at::tensor({image.size(3), image.size(2)}, at::kLong);
    const at::Tensor begin = whole.narrow(1, 0, 2).clamp_min(1) - 1;  // the procedure counts pixels from 1
    const at::Tensor length = at::minimum(whole.narrow(1, 2, 2), limit) - begin;
    const at::Tensor inside = (length > 0).all(1).nonzero().flatten();
    const auto axis = [&](std::int64_t i) {
      const at::Tensor from = begin.select(1, i), zeros = at::zeros_like(from);
      return at::stack({from, length.select(1, i), zeros + n, zeros}, 1).index_select(0, inside);
    };
    const Answer answer = net(normalised(Crops::apply(image, axis(1), axis(0), n)));
    return {boxes.index_select(0, inside.to(boxes.device())), answer.scores.flatten(), answer.shifts.flatten(1),
            answer.points.defined() ? answer.points.flatten(1) : at::Tensor()};
  }

  /// P-net all over the pyramid, without gradient.
  Proposals scan(const at::Tensor& image) const {
    const at::NoGradGuard no_grad;
    const std::int64_t height = image.size(2), width = image.size(3);
    const at::Tensor none = at::zeros({0, 4}, at::kLong);
    std::vector<at::Tensor> rows = {none}, columns = {none}, boxes = {none.to(image.options())};
    std::vector<at::Tensor> scores = {boxes.front().select(1, 0)};
    double scale = window / min_face_size_, shorter = static_cast<double>(std::min(height, width)) * scale;
    for (; shorter >= window; shorter *= factor_, scale *= factor_) {
      const auto scaled = [&](std::int64_t side) {
        return static_cast<std::int64_t>(static_cast<double>(side) * scale + 1);
      };
      const std::vector<std::int64_t> level = {scaled(height), scaled(width)};
      const at::Tensor score = pnet_(normalised(at::adaptive_avg_pool2d(image, level))).scores.squeeze(0);
      const at::Tensor passes = score >= thresholds_[0];
      const at::Tensor place = passes.nonzero() * 2;  // [n,2] y x, in cells
      const at::Tensor corner = place.flip(1).to(image.scalar_type());
      const at::Tensor box = at::cat({((corner + 1) / scale).floor(), ((corner + window) / scale).floor()}, 1);
      const at::Tensor certainty = score.masked_select(passes);
      const at::Tensor kept = best(box, certainty, 0, .5, Overlap::over_union);
      const at::Tensor cell = place.index_select(0, kept).cpu();
      const auto axis = [&](std::int64_t i, std::int64_t side, std::int64_t parts) {
        const at::Tensor first = cell.select(1, i), zeros = at::zeros_like(first);
        return at::stack({zeros, zeros + side, zeros + parts, first}, 1);
      };
      rows.push_back(axis(0, height, level[0]));
      columns.push_back(axis(1, width, level[1]));
      boxes.push_back(box.index_select(0, kept));
      scores.push_back(certainty.index_select(0, kept));
    }
    const at::Tensor all = at::cat(boxes);
    const at::Tensor kept = best(all, at::cat(scores), 0, .7, Overlap::over_union), there = kept.cpu();
    return {{at::cat(rows).index_select(0, there), at::cat(columns).index_select(0, there)}, all.index_select(0, kept)};
  }

  std::string weights_ = "models/mtcnn.safetensors";
  std::vector<double> thresholds_ = {.6, .7, .7};
  double min_face_size_ = 20;
  double factor_ = .709;
  std::vector<double> on_the_way_ = {0, 0, .1};
  Net pnet_, rnet_, onet_;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Mtcnn>();
}
