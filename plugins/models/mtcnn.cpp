// MTCNN: three nets, each of which looks closer at what the one before passes on. Zhang et al., "Joint Face Detection
// and Alignment Using Multitask Cascaded Convolutional Networks", IEEE Signal Processing Letters, 2016; weights and
// procedure are facenet-pytorch's.
//
// The gradient. Which windows go from net to net is a choice (thresholds, overlaps, crops at whole pixels): it is made
// anew in every call, without gradient. What a net says of a window is computed from the picture's pixels with
// gradient, and a box that was refined thrice depends on all three nets. So the gradient is the output's derivative
// everywhere but where a choice turns over, as a max pooling's is. The nets look at all windows without gradient, and
// are asked again, with it, about those alone whose answer a loss goes by: of a thousand these are some ten.
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

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mtcnn_nets.hpp"

namespace {

using namespace faceoff;
using namespace faceoff::mtcnn;
using mtcnn::Axis;
using mtcnn::Window;

// How many cells a side each net sees.
constexpr std::int64_t pnet_cells = 12, rnet_cells = 24, onet_cells = 48;

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
        at::Tensor weight = get(name + part + ".weight", {out, in, size, size}),
                   bias = get(name + part + ".bias", {out});
        if (part == "conv1") {  // of (x - mean) / spread
          constexpr double mean = 127.5, spread = 128;
          weight = weight / spread;
          bias = bias - mean * weight.sum({1, 2, 3});
        }
        return Conv2d(weight, bias, {.padding = layers::Padding::valid});
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
      return std::make_shared<const Net>(std::move(made));
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
  /// Boxes [N,4] that a net was asked about, and what it said of them.
  struct Seen {
    at::Tensor boxes;
    Answer said;
  };
  using SharedTable = std::shared_ptr<const Table>;

  Output detections(const at::Tensor& images, bool on_the_way) const {
    // A window is passed on by whether a score reaches a threshold, which bfloat16 tells apart by 1/256 alone.
    const layers::PrecisionGuard exact(layers::Precision::float32);
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
    const auto table = std::make_shared<const Table>(image);
    const Seen p = first_look(image, table);
    const at::Tensor proposed = squared(refined(p.boxes, p.said.shifts, 0));
    const Seen r = closer_look(rnet_, rnet_cells, image, table, proposed);
    const at::Tensor better = squared(refined(r.boxes, r.said.shifts, 1));
    const at::Tensor passed = best(r.boxes, r.said.scores, thresholds_[1], .7, Overlap::over_union);
    const Seen o = closer_look(onet_, onet_cells, image, table, better.index_select(0, passed));
    const at::Tensor last = refined(o.boxes, o.said.shifts, 1);
    const at::Tensor faces = best(last, o.said.scores, thresholds_[2], .7, Overlap::over_smaller);
    const at::Tensor points = points_of(o);
    const Candidates found{last.index_select(0, faces), o.said.scores.index_select(0, faces),
                           points.index_select(0, faces)};
    if (!on_the_way) return found;
    return {at::cat({found.boxes, proposed, better, last}),
            at::cat({found.scores, p.said.scores * on_the_way_[0], r.said.scores * on_the_way_[1],
                     o.said.scores * on_the_way_[2]}),
            at::cat({found.landmarks, middles(proposed), middles(better), points})};
  }

  /// O-net's points [N,5,2] in the picture.
  static at::Tensor points_of(const Seen& seen) {
    const at::Tensor corner = seen.boxes.narrow(1, 0, 2).unsqueeze(1), side = size_of(seen.boxes).unsqueeze(1) + 1;
    return seen.said.points.view({-1, 2, 5}).transpose(1, 2) * side + corner - 1;
  }

  /// R- or O-net, which see n × n cells, on those of the boxes that have a pixel in the picture.
  static Seen closer_look(const std::shared_ptr<const Net>& net, std::int64_t n, const at::Tensor& image,
                          const SharedTable& table, const at::Tensor& boxes) {
    constexpr double far = 1e9;  // pixels: wherever broken weights send a box, it is a whole number
    const at::Tensor whole = boxes.detach().trunc().clamp(-far, far).to(at::kCPU, at::kLong);
    const auto box = whole.accessor<std::int64_t, 2>();
    std::vector<Window> windows;
    std::vector<std::int64_t> inside;
    for (std::int64_t i = 0; i < whole.size(0); ++i) {
      const auto axis = [&](std::int64_t from, std::int64_t to, std::int64_t side) {
        const std::int64_t begin = std::max<std::int64_t>(from, 1) - 1;  // the procedure counts pixels from 1
        return Axis{begin, std::min(to, side) - begin, n, 0};
      };
      const Window seen{axis(box[i][1], box[i][3], table->height()), axis(box[i][0], box[i][2], table->width())};
      if (seen.rows.length <= 0 || seen.columns.length <= 0) continue;
      windows.push_back(seen);
      inside.push_back(i);
    }
    const auto question = c10::make_intrusive<Question>(table, net, n, std::move(windows));
    const Answer answer = [&] {
      const at::NoGradGuard no_grad;
      return question->answer(question->crops());
    }();
    return {boxes.index_select(0, at::tensor(inside, at::kLong).to(boxes.device())),
            with_gradient(image, question, answer)};
  }

  /// P-net all over the pyramid: the windows that it passes on.
  Seen first_look(const at::Tensor& image, const SharedTable& table) const {
    const std::int64_t height = table->height(), width = table->width();
    std::vector<Window> windows;
    at::Tensor boxes = at::zeros({0, 4}, table->options());
    Answer answer{boxes.select(1, 0), boxes, {}};
    {
      const at::NoGradGuard no_grad;
      const auto put = [](at::Tensor& all, const at::Tensor& more) { all = at::cat({all, more}); };
      double scale = pnet_cells / min_face_size_, shorter = static_cast<double>(std::min(height, width)) * scale;
      for (; shorter >= pnet_cells; shorter *= factor_, scale *= factor_) {
        const auto scaled = [&](std::int64_t side) {
          return static_cast<std::int64_t>(static_cast<double>(side) * scale + 1);
        };
        const std::int64_t rows = scaled(height), columns = scaled(width);
        const Window level{{0, height, rows, 0}, {0, width, columns, 0}};
        const at::Tensor features = pnet_->features(table->cut({level}, rows, columns));
        const at::Tensor score = pnet_->scores(features).squeeze(0);
        const at::Tensor place = (score >= thresholds_[0]).nonzero();         // [n,2] y x
        const at::Tensor corner = 2 * place.flip(1).to(score.scalar_type());  // in cells
        const at::Tensor box = at::cat({((corner + 1) / scale).floor(), ((corner + pnet_cells) / scale).floor()}, 1);
        const at::Tensor index = place.select(1, 0) * score.size(1) + place.select(1, 1);
        const at::Tensor certainty = score.flatten().index_select(0, index);
        const at::Tensor kept = best(box, certainty, 0, .5, Overlap::over_union);
        const at::Tensor there = features.flatten(2).index_select(2, index.index_select(0, kept)).permute({2, 1, 0});
        put(boxes, box.index_select(0, kept));
        put(answer.scores, certainty.index_select(0, kept));
        put(answer.shifts, pnet_->box(there.unsqueeze(3)).flatten(1));
        const at::Tensor cells = 2 * place.index_select(0, kept).cpu();
        const auto cell = cells.accessor<std::int64_t, 2>();
        for (std::int64_t i = 0; i < cells.size(0); ++i)
          windows.push_back({{0, height, rows, cell[i][0]}, {0, width, columns, cell[i][1]}});
      }
    }
    const at::Tensor kept = best(boxes, answer.scores, 0, .7, Overlap::over_union);
    answer = {answer.scores.index_select(0, kept), answer.shifts.index_select(0, kept), {}};
    const auto question = c10::make_intrusive<Question>(table, pnet_, pnet_cells, chosen(windows, kept));
    return {boxes.index_select(0, kept), with_gradient(image, question, answer)};
  }

  std::string weights_ = "models/mtcnn.safetensors";
  std::vector<double> thresholds_ = {.6, .7, .7};
  double min_face_size_ = 20;
  double factor_ = .709;
  std::vector<double> on_the_way_ = {0, 0, .1};
  std::shared_ptr<const Net> pnet_, rnet_, onet_;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Mtcnn>();
}
