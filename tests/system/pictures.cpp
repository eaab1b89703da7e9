#include "pictures.hpp"

#include <faceoff/model.hpp>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>
#include <gtest/gtest.h>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "faces/faces.hpp"
#include "faces/matching.hpp"
#include "faces/views.hpp"

namespace system_test {

namespace {

namespace fs = std::filesystem;

/// A square of a sample photo at half its size.
cv::Mat half_of(std::size_t sample, const cv::Rect& square) {
  cv::Mat small;
  cv::resize(read_pixels(samples().at(sample))(square), small, {}, .5, .5, cv::INTER_AREA);
  return small;
}

at::Tensor to_tensor(const cv::Mat& bgr) {
  cv::Mat rgb;
  cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
  return at::from_blob(rgb.data, {rgb.rows, rgb.cols, 3}, at::kByte).permute({2, 0, 1}).unsqueeze(0).to(at::kFloat);
}

faceoff::LoadedModel model(const faceoff::PluginLibrary& library, const std::string& name) {
  const faceoff::PluginInfo* info = library.find(faceoff::Kind::model, name);
  if (info == nullptr) throw std::runtime_error("no model " + name);
  std::unique_ptr<faceoff::Plugin> plugin = library.create(*info);
  plugin->setup({.models = {models_folder()}});
  faceoff::LoadedModel loaded;
  loaded.name = loaded.plugin = name;
  loaded.model.reset(&dynamic_cast<faceoff::Model&>(*plugin.release()));
  loaded.view = loaded.model->view();
  loaded.provides = loaded.model->provides();
  return loaded;
}

}  // namespace

fs::path models_folder() {
  return fs::current_path() / "models";
}

std::vector<fs::path> samples() {
  std::vector<fs::path> files;
  for (const char* number : {"1", "2", "3", "4", "5", "6"})
    files.push_back(models_folder() / "samples" / (std::string("sample") + number + ".jpg"));
  return files;
}

cv::Mat small_picture() {
  return half_of(0, {100, 115, 720, 720});
}

cv::Mat shifted_small_picture() {
  return half_of(0, {60, 90, 720, 720});
}

cv::Mat other_small_picture() {
  return half_of(1, {80, 0, 720, 720});
}

cv::Mat two_small_faces() {
  return half_of(0, {280, 150, 900, 720});
}

std::string with_orientation(const std::vector<unsigned char>& jpeg, unsigned orientation) {
  // After the start marker an APP1 segment: a TIFF header and a directory of one entry, tag 0x112.
  std::string exif(
      "\xFF\xE1\x00\x22"
      "Exif\0\0"
      "MM\0\x2A\0\0\0\x08"
      "\0\x01"
      "\x01\x12\0\x03\0\0\0\x01\0\0\0\0"
      "\0\0\0\0",
      36);
  exif.at(29) = static_cast<char>(orientation);
  const std::string bytes(jpeg.begin(), jpeg.end());
  return bytes.substr(0, 2) + exif + bytes.substr(2);
}

cv::Mat read_pixels(const fs::path& path) {
  cv::Mat pixels = cv::imread(path.string(), cv::IMREAD_COLOR);
  EXPECT_FALSE(pixels.empty()) << path;
  return pixels;
}

int largest_difference(const cv::Mat& a, const cv::Mat& b) {
  EXPECT_EQ(a.size(), b.size());
  EXPECT_EQ(a.type(), b.type());
  return a.size() == b.size() && a.type() == b.type() ? static_cast<int>(cv::norm(a, b, cv::NORM_INF)) : 256;
}

Judges::Judges()
    : library_(std::vector<fs::path>{FACEOFF_PLUGIN_FOLDER}),
      detector_(model(library_, "ssd_mobilenet_v1")),
      embedder_(model(library_, "torchscript")) {}

std::vector<faceoff::Face> Judges::found(const cv::Mat& bgr) const {
  return faceoff::detect(detector_, to_tensor(bgr), .5);
}

at::Tensor Judges::faceres(const cv::Mat& bgr, const faceoff::Box& box) const {
  const at::NoGradGuard no_grad;
  const at::Tensor picture = to_tensor(bgr);
  const faceoff::Face face{box, 1, {}};
  const faceoff::View view = faceoff::make_view(embedder_.view, picture.size(2), picture.size(3), &face);
  return forward(embedder_, view(picture)).embedding.squeeze(0);
}

const faceoff::Face* same_face(const std::vector<faceoff::Face>& faces, const faceoff::Box& box) {
  const auto overlap = [&](const faceoff::Face& face) { return faceoff::iou(face.box, box); };
  const auto best = std::ranges::max_element(faces, {}, overlap);
  return best != faces.end() && overlap(*best) >= .5 ? &*best : nullptr;
}

std::vector<faceoff::Face> left_to_right(std::vector<faceoff::Face> faces) {
  std::ranges::sort(faces, {}, [](const faceoff::Face& face) { return face.box.x0; });
  return faces;
}

}  // namespace system_test
