#include "picture/tiff_pixels.hpp"

#include <tiffio.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

namespace faceoff {

namespace {

/// What libtiff said to this thread first of all, and first of pixels that are missing, which is no error to it.
thread_local std::string error, missing;

void note(std::string& said, const char* format, std::va_list arguments) {
  std::array<char, 200> line{};
  std::vsnprintf(line.data(), line.size(), format, arguments);
  if (said.empty()) said = line.data();
}

void on_error(const char*, const char* format, std::va_list arguments) {
  note(error, format, arguments);
}

void on_warning(const char*, const char* format, std::va_list arguments) {
  std::string said;
  note(said, format, arguments);
  if (said.find("remature end") != said.npos && missing.empty()) missing = said;
}

/// A file in memory, as libtiff reads one.
struct File {
  std::span<const std::uint8_t> bytes;
  std::size_t at = 0;

  static File& of(thandle_t handle) { return *static_cast<File*>(handle); }
  static tmsize_t read(thandle_t handle, void* to, tmsize_t size) {
    File& file = of(handle);
    const std::size_t count = std::min(static_cast<std::size_t>(size), file.bytes.size() - file.at);
    std::memcpy(to, file.bytes.data() + file.at, count);
    file.at += count;
    return static_cast<tmsize_t>(count);
  }
  static tmsize_t write(thandle_t, void*, tmsize_t) { return -1; }
  static toff_t seek(thandle_t handle, toff_t offset, int from) {
    File& file = of(handle);
    const toff_t base = from == SEEK_SET ? 0 : from == SEEK_CUR ? file.at : file.bytes.size();
    file.at = static_cast<std::size_t>(std::min<toff_t>(base + offset, file.bytes.size()));
    return file.at;
  }
  static int close(thandle_t) { return 0; }
  static toff_t size(thandle_t handle) { return of(handle).bytes.size(); }
};

/// Unpacks every strip or tile; whether that can be done.
bool unpacks(TIFF& tiff) {
  const bool tiled = ::TIFFIsTiled(&tiff) != 0;
  const tmsize_t size = tiled ? ::TIFFTileSize(&tiff) : ::TIFFStripSize(&tiff);
  if (size <= 0) return false;
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(size));
  const std::uint32_t count = tiled ? ::TIFFNumberOfTiles(&tiff) : ::TIFFNumberOfStrips(&tiff);
  for (std::uint32_t i = 0; i < count; ++i) {
    const tmsize_t got = tiled ? ::TIFFReadEncodedTile(&tiff, i, pixels.data(), size)
                               : ::TIFFReadEncodedStrip(&tiff, i, pixels.data(), size);
    if (got < 0) return false;
  }
  return true;
}

}  // namespace

std::string damage_of_tiff(std::span<const std::uint8_t> bytes) {
  // For the whole process, and so does OpenCV: what is said to a thread is its own.
  ::TIFFSetErrorHandler(on_error);
  ::TIFFSetWarningHandler(on_warning);
  error = missing = "";
  File file{bytes};
  const std::unique_ptr<TIFF, void (*)(TIFF*)> tiff(
      ::TIFFClientOpen("picture", "rm", &file, File::read, File::write, File::seek, File::close, File::size, nullptr,
                       nullptr),
      ::TIFFClose);
  if (tiff && unpacks(*tiff)) return missing;
  return error.empty() ? "its pixels can't be unpacked" : error;
}

}  // namespace faceoff
