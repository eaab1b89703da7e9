#pragma once

#include <faceoff/model.hpp>

#include <ATen/core/Tensor.h>
#include <opencv2/core/mat.hpp>

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "faces/face.hpp"
#include "faces/matching.hpp"
#include "plugins/loaded_model.hpp"
#include "plugins/plugin_library.hpp"

namespace system_test {

/// Where the set-up put the weights and the sample photos.
std::filesystem::path models_folder();

/// The six sample photos, in order, and how many faces they have.
std::vector<std::filesystem::path> samples();
constexpr std::array<std::size_t, 6> faces_on_samples = {3, 3, 3, 4, 5, 4};

/// A small picture (360 × 360) with one of sample1's faces, in place of the many pixels and faces of a whole photo.
cv::Mat small_picture();
/// The same face elsewhere in a picture of that size, which every detector finds.
cv::Mat shifted_small_picture();
/// Another, of sample2.
cv::Mat other_small_picture();
/// A part of sample1 with two faces beside each other.
cv::Mat two_small_faces();

/// A JPEG's bytes with an EXIF orientation.
std::string with_orientation(const std::vector<unsigned char>& jpeg, unsigned orientation);

/// A file's pixels as OpenCV reads them, BGR, upright; asserts that there are some.
cv::Mat read_pixels(const std::filesystem::path& path);
/// The largest difference of a value.
int largest_difference(const cv::Mat& a, const cv::Mat& b);

/// The project's models in this process, to judge files without the program under test.
class Judges {
 public:
  Judges();
  /// The detector's plain pass at 0.5.
  std::vector<faceoff::Face> found(const cv::Mat& bgr) const;
  /// faceres on a face, [1024], unit length.
  at::Tensor faceres(const cv::Mat& bgr, const faceoff::Box& box) const;

 private:
  faceoff::PluginLibrary library_;
  faceoff::LoadedModel detector_, embedder_;
};

/// The face with the largest overlap, or null where none overlaps by half.
const faceoff::Face* same_face(const std::vector<faceoff::Face>& faces, const faceoff::Box& box);

/// Left to right, as [data] people counts them.
std::vector<faceoff::Face> left_to_right(std::vector<faceoff::Face> faces);

}  // namespace system_test
