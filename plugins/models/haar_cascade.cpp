// A cascade of boosted classifiers on Haar-like features, as OpenCV runs it: no network, so that it judges by other
// means than all of them. P. Viola and M. Jones, "Rapid Object Detection using a Boosted Cascade of Simple Features",
// CVPR 2001; R. Lienhart and J. Maydt, "An Extended Set of Haar-like Features for Rapid Object Detection", ICIP 2002.
//
// It decides stage by stage and has no score of its own. What stands for one here is n/(n + min_neighbors), of the n
// windows that were found about the same place; OpenCV wants more than min_neighbors of them, so it is above a half.
#include <faceoff/error.hpp>
#include <faceoff/model.hpp>

#include <ATen/ATen.h>
#include <opencv2/core/persistence.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#include <algorithm>
#include <functional>
#include <string>
#include <tuple>
#include <vector>

namespace {

using namespace faceoff;

struct Found {
  cv::Rect box;
  double score = 0;
};

class HaarCascade : public Model {
 public:
  static void describe(Schema<HaarCascade>& s) {
    s.name("haar_cascade")
        .summary(
            "Viola and Jones's face detector (OpenCV), at the picture's own size; it judges, and gives no gradient");
    s.cites("Viola and Jones, Rapid Object Detection using a Boosted Cascade of Simple Features, CVPR 2001");
    s.param("weights", &HaarCascade::weights_, "cascade as OpenCV stores it (XML)").file();
    s.param("factor", &HaarCascade::factor_, "from one size of window to the next").range(1.01, 2);
    s.param("min_neighbors", &HaarCascade::min_neighbors_, "how many windows a face needs more than").range(1, 100);
    s.param("min_face_size", &HaarCascade::min_face_size_, "smallest face; the cascade's own are 24")
        .unit("pixels")
        .range(1, 10000);
  }

  void setup(const Setup& setup) override {
    const std::string file = setup.resolve(weights_).string();
    try {
      if (hangs_together(file) && cascade_.load(file)) return;
    } catch (const cv::Exception&) {  // no such XML
    }
    throw FileError(file + ": not a whole cascade of OpenCV's");
  }

  Field provides() const override { return Field::scores | Field::boxes; }
  ViewSpec view() const override { return {0, 0, WholePicture{}}; }
  bool differentiable() const override { return false; }

  Output forward(const at::Tensor& images) override {
    std::vector<std::vector<Found>> rows;
    std::size_t most = 1;
    for (const at::Tensor& image : images.unbind(0)) {
      rows.push_back(find(image));
      most = std::max(most, rows.back().size());
    }
    std::vector<double> scores, boxes;
    for (std::vector<Found>& row : rows) {
      row.resize(most);
      for (const auto& [box, score] : row) {
        scores.push_back(score);
        for (const int value : {box.x, box.y, box.x + box.width, box.y + box.height}) boxes.push_back(value);
      }
    }
    const std::int64_t count = images.size(0);
    Output output;
    output.scores = at::tensor(scores, images.options()).view({count, -1});
    output.boxes = at::tensor(boxes, images.options()).view({count, -1, 4});
    return output;
  }

 private:
  /// Whether the nodes of its trees are about features that are there: OpenCV looks without asking.
  static bool hangs_together(const std::string& file) {
    const cv::FileStorage stored(file, cv::FileStorage::READ);
    const cv::FileNode cascade = stored["cascade"];
    const auto features = static_cast<int>(cascade["features"].size());
    for (const cv::FileNode& stage : cascade["stages"]) {
      for (const cv::FileNode& tree : stage["weakClassifiers"]) {
        constexpr std::size_t fields = 4;  // left, right, feature, threshold
        const auto leaves = static_cast<int>(tree["leafValues"].size());
        std::vector<double> nodes;
        tree["internalNodes"] >> nodes;
        const auto count = static_cast<int>(nodes.size() / fields);
        const auto within = [&](double child) { return child > -leaves && child < count; };
        for (std::size_t i = 0; i < nodes.size(); i += fields) {
          if (nodes.size() % fields != 0 || !within(nodes[i]) || !within(nodes[i + 1])) return false;
          if (nodes[i + 2] < 0 || nodes[i + 2] >= features) return false;
        }
      }
    }
    return features > 0;
  }

  /// The faces of one picture [3,H,W], the surest first.
  std::vector<Found> find(const at::Tensor& image) {
    const at::Tensor bytes =
        image.detach().round().clamp(0, 255).to(at::kCPU, at::kByte).permute({1, 2, 0}).contiguous();
    const cv::Mat rgb(static_cast<int>(bytes.size(0)), static_cast<int>(bytes.size(1)), CV_8UC3, bytes.data_ptr());
    cv::Mat grey;
    cv::cvtColor(rgb, grey, cv::COLOR_RGB2GRAY);
    std::vector<cv::Rect> boxes;
    std::vector<int> windows;
    const int least = static_cast<int>(min_face_size_);
    cascade_.detectMultiScale(grey, boxes, windows, factor_, static_cast<int>(min_neighbors_), 0, {least, least});
    std::vector<Found> found;
    for (std::size_t i = 0; i < boxes.size(); ++i)
      found.push_back({boxes[i], windows[i] / static_cast<double>(windows[i] + min_neighbors_)});
    // In an order of its own, since OpenCV's follows its threads.
    std::ranges::sort(found, std::greater<>{},
                      [](const Found& face) { return std::tuple(face.score, face.box.x, face.box.y, face.box.width); });
    return found;
  }

  std::string weights_ = "models/haarcascade_frontalface_default.xml";
  double factor_ = 1.1;
  std::int64_t min_neighbors_ = 3, min_face_size_ = 24;
  cv::CascadeClassifier cascade_;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<HaarCascade>();
}
