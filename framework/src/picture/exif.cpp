#include "picture/exif.hpp"

#include <algorithm>

#include "picture/file_parts.hpp"
#include "picture/tiff_directory.hpp"

namespace faceoff {

using namespace tiff;

/// Damaged EXIF says nothing: the pixels are as good as ever.
int exif_orientation(std::string_view exif) {
  try {
    return Directory(exif).orientation();
  } catch (const PictureError&) {
    return 1;
  }
}

std::string exif_of_delivered(std::string exif) {
  const auto blank = [&](std::size_t at, std::size_t count) {
    Reader(exif, std::endian::big).bytes(at, count);  // that it is there
    std::fill_n(exif.begin() + static_cast<std::ptrdiff_t>(at), count, '\0');
  };
  try {
    const std::string before = exif;  // which directories are read from while the other is changed
    const Directory first(before);
    if (const auto orientation = first.find(tag::orientation)) {
      blank(orientation->at, value_size(orientation->type));
      exif[orientation->at + (first.tiff().is_little() ? 0 : value_size(orientation->type) - 1)] = 1;
    }
    if (const auto own = first.find(tag::exif_directory)) {
      const Directory more(before, first.value(*own, 0));
      if (const auto makers = more.find(tag::makers_note)) blank(makers->at, makers->count);
    }
    if (const auto xmp = first.find(tag::xmp)) blank(xmp->at, xmp->count);  // which may hold previews, too
    if (!first.is_last()) {
      const Directory preview(before, first.tiff().u32(first.link()));
      const bool usual = preview.find(tag::preview) && preview.find(tag::preview_size) && preview.is_last();
      if (!usual) return "";
      blank(preview.value(tag::preview, 0), preview.value(tag::preview_size, 0));
      blank(first.link(), 4);
    }
    return first.find(tag::more_directories) ? "" : exif;
  } catch (const PictureError&) {
    return "";
  }
}

std::string exif_as_part(std::string_view exif, PictureFormat format) {
  if (format == PictureFormat::png) return png_chunk("eXIf", exif);
  const std::string with_prefix = std::string("Exif\0\0", 6) + std::string(exif);
  return with_prefix.size() <= most_in_segment ? jpeg_segment(0xE1, with_prefix) : "";
}

}  // namespace faceoff
