#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "faces/face.hpp"
#include "picture/picture.hpp"
#include "report/grid.hpp"

namespace faceoff {

/// A face with something around it, as a small JPEG.
struct Thumbnail {
  std::vector<std::uint8_t> bytes;
  Box shown;  ///< the part of the picture
  int width = 0, height = 0;
};

/// Where a report's pictures are.
struct ReportPlaces {
  std::filesystem::path run;  ///< the delivered ones
  std::filesystem::path
      into;  ///< differences, and whatever is written: the run's folder, or one that will become part of it
};

/// Nothing where the picture can't be read or does not show the face; the longer side has `side` pixels.
std::optional<Thumbnail> thumbnail(const std::filesystem::path& picture, const Box& face, int side);
/// Of a picture that was read already; nothing where it does not show the face.
std::optional<Thumbnail> thumbnail_of(const Picture& picture, const Box& face, int side);
/// A part of a picture, which has to be within it.
Thumbnail part_of(const Picture& picture, const cv::Rect& shown, int side);
/// A face's box as a shape in an SVG; `kind`: its class.
std::string box_tag(const std::string& kind, const Box& box);

/// The faces as HTML: a row a face, a column a variant, and in each cell the face before, what was changed, and the
/// face after, with the boxes around it. Each three open as one view of the whole window, without a script. The
/// pictures are within it; files are found from the run's folder.
std::string faces_table(const ReportPlaces& at, const Grid& grid);

}  // namespace faceoff
