#include <faceoff/error.hpp>

#include <fcntl.h>
#include <linux/close_range.h>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <future>
#include <new>

#include "base/files.hpp"
#include "base/one_line.hpp"
#include "picture/bounds.hpp"
#include "picture/exif.hpp"
#include "picture/header.hpp"
#include "picture/picture.hpp"
#include "picture/profile.hpp"
#include "picture/tiff_pixels.hpp"

namespace faceoff {

namespace {

constexpr std::size_t largest_file = std::size_t{1} << 30;

/// What the calling thread writes to standard error, caught in memory. The thread gets a file table of its own for it,
/// so that no other thread's words are caught; where the system knows no way to that, nothing is.
class OwnStderr {
 public:
  OwnStderr() {
    if (::close_range(3, ~0U, CLOSE_RANGE_UNSHARE) != 0 && ::unshare(CLONE_FILES) != 0) return;
    file_ = ::memfd_create("stderr", MFD_CLOEXEC);
    if (file_ >= 0) ::dup2(file_, STDERR_FILENO);
  }
  OwnStderr(const OwnStderr&) = delete;
  OwnStderr& operator=(const OwnStderr&) = delete;
  ~OwnStderr() = default;  // the file table goes with its thread

  std::string text() const {
    std::array<char, 4096> text{};
    const ssize_t got = file_ < 0 ? 0 : ::pread(file_, text.data(), text.size(), 0);
    return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  }

 private:
  int file_ = -1;
};

struct Decoded {
  cv::Mat pixels;    // as OpenCV gives them; empty where it cannot
  std::string said;  // by the codecs
};

/// OpenCV, libpng and libjpeg print their complaints and offer no other way to hear them: they decode on a thread of
/// their own, where these can be caught.
Decoded decode(std::span<const std::uint8_t> bytes, const std::vector<Edit>& edits) {
  std::vector<std::uint8_t> edited;
  if (!edits.empty()) {
    edited.assign(bytes.begin(), bytes.end());
    for (const Edit& edit : edits) edited.at(edit.at) = edit.value;
    bytes = edited;
  }
  const auto work = [bytes] {
    const OwnStderr words;
    Decoded decoded;
    try {
      const cv::Mat file(1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<std::uint8_t*>(bytes.data()));
      decoded.pixels = cv::imdecode(file, cv::IMREAD_UNCHANGED);
    } catch (const cv::Exception& exception) {
      if (exception.code == cv::Error::StsNoMem) throw std::bad_alloc();
      decoded.pixels.release();
    }
    decoded.said = words.text();
    return decoded;
  };
  return std::async(std::launch::async, work).get();
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

/// Why there are no pixels; of the codecs only libpng tells.
std::string reason(const std::string& said) {
  constexpr std::string_view words = "libpng error: ";
  const std::size_t found = said.find(words);
  if (found == said.npos) return "its pixels cannot be decoded: damaged, or of a kind that is not read";
  return "damaged: " + first_line(said.substr(found + words.size()));
}

/// Whether libjpeg filled up with grey what is missing of the pixels.
bool pixels_are_missing(const std::string& said) {
  const std::string words = first_line(said);
  return words.find("premature end of data segment") != words.npos ||
         words.find("Premature end of JPEG file") != words.npos;
}

void check_decoded(const Decoded& decoded, const PictureHeader& header, const std::string& name) {
  if (decoded.pixels.empty()) throw PictureError(name + ": " + reason(decoded.said));
  if (pixels_are_missing(decoded.said)) throw PictureError(name + ": cut short: a part of its pixels is missing");
  if (decoded.pixels.cols != header.width || decoded.pixels.rows != header.height)
    throw PictureError(name + ": damaged: its header contradicts itself");
  const int depth = decoded.pixels.depth();
  const int channels = decoded.pixels.channels();
  if ((depth != CV_8U && depth != CV_16U) || (channels != 1 && channels != 3 && channels != 4))
    throw PictureError(name + ": a kind of picture that is not read; save it as RGB with 8 bits a channel");
}

cv::Mat eight_bits(const cv::Mat& pixels) {
  if (pixels.depth() == CV_8U) return pixels;
  cv::Mat rounded;
  pixels.convertTo(rounded, CV_8U, 1.0 / 257);
  return rounded;
}

cv::Mat alpha_of(const cv::Mat& pixels, const PictureHeader& header) {
  cv::Mat alpha;
  if (header.transparent_grey && pixels.channels() == 1) {
    // OpenCV leaves out the transparency of a PNG with one channel; the level is in the bits of the file.
    const int level = *header.transparent_grey, bits = header.bits;
    cv::compare(pixels, bits < 8 ? level * 255 / ((1 << bits) - 1) : level, alpha, cv::CMP_NE);
  } else if (header.alpha && pixels.channels() == 4) {
    cv::extractChannel(pixels, alpha, 3);
  }
  return eight_bits(alpha);
}

cv::Mat rgb_of(const cv::Mat& pixels) {
  const int code = pixels.channels() == 1   ? cv::COLOR_GRAY2RGB
                   : pixels.channels() == 3 ? cv::COLOR_BGR2RGB
                                            : cv::COLOR_BGRA2RGB;
  cv::Mat rgb;
  cv::cvtColor(pixels, rgb, code);
  return rgb;
}

/// Whether a picture of three channels is grey all over.
bool has_equal_channels(const cv::Mat& rgb) {
  for (int y = 0; y < rgb.rows; ++y) {
    const std::span<const cv::Vec3b> row(rgb.ptr<cv::Vec3b>(y), static_cast<std::size_t>(rgb.cols));
    if (!std::ranges::all_of(row, [](const cv::Vec3b& c) { return c[0] == c[1] && c[1] == c[2]; })) return false;
  }
  return true;
}

/// Undoes the multiplication of colours by alpha, as far as 8 bits can tell.
void divide_by_alpha(cv::Mat& rgb, const cv::Mat& alpha) {
  rgb.forEach<cv::Vec3b>([&](cv::Vec3b& colour, const int* at) {
    const int opacity = alpha.at<std::uint8_t>(at[0], at[1]);
    if (opacity == 0) return;
    for (int i = 0; i < 3; ++i)
      colour[i] = static_cast<std::uint8_t>(std::min(255, (colour[i] * 255 + opacity / 2) / opacity));
  });
}

/// EXIF orientations from 5 swap the sides; 2, 3 and 4 mirror, turn and mirror the rest, as do 6, 7 and 8.
cv::Mat upright(const cv::Mat& stored, int orientation) {
  if (stored.empty() || orientation == 1) return stored;
  cv::Mat turned;
  if (orientation >= 5) cv::transpose(stored, turned);
  if (orientation == 5) return turned;
  constexpr std::array flips{1, -1, 0};
  cv::Mat result;
  cv::flip(orientation >= 5 ? turned : stored, result, flips.at(static_cast<std::size_t>((orientation - 2) % 4)));
  return result;
}

Picture to_picture(const Decoded& decoded, const PictureHeader& header) {
  Picture picture;
  picture.rgb = rgb_of(eight_bits(decoded.pixels));
  picture.alpha = alpha_of(decoded.pixels, header);
  picture.one_channel = decoded.pixels.channels() == 1 || header.channels == 1;
  picture.grey = picture.one_channel || has_equal_channels(picture.rgb);
  picture.notes = header.notes;
  if (!header.exif.empty()) picture.exif = exif_of_delivered(header.exif);
  if (icc::is_of(header.profile, picture.one_channel ? 1 : 3)) {
    if (!icc::is_srgb(header.profile)) {
      picture.profile = header.profile;
      picture.notes.emplace_back("its colour profile is kept; models take the colours as sRGB");
    }
  } else if (!header.profile.empty()) {
    picture.notes.emplace_back("colour profile left out: the colours are taken as sRGB");
  }
  if (header.premultiplied && !picture.alpha.empty()) {
    divide_by_alpha(picture.rgb, picture.alpha);
    picture.notes.emplace_back("colours divided by alpha");
  }
  if (header.is_jpeg && !decoded.said.empty()) picture.notes.push_back("perhaps damaged: " + first_line(decoded.said));
  picture.rgb = upright(picture.rgb, header.orientation);
  picture.alpha = upright(picture.alpha, header.orientation);
  return picture;
}

}  // namespace

Picture decode_picture(std::span<const std::uint8_t> bytes, std::string_view name, const ReadOptions& options) {
  const std::string file(name);
  if (bytes.size() > largest_file) throw PictureError(file + ": larger than the bound of 1 GiB");
  const PictureHeader header = read_header(bytes, name);
  require_bounds(header, file, options.max_pixels, bytes_a_pixel_read);
  const bool is_tiff = bytes.size() > 1 && bytes[0] == bytes[1] && (bytes[0] == 'I' || bytes[0] == 'M');
  if (const std::string damage = is_tiff ? damage_of_tiff(bytes) : ""; !damage.empty())
    throw PictureError(file + ": damaged: " + one_line(damage));
  try {
    const Decoded decoded = decode(bytes, header.edits);
    check_decoded(decoded, header, file);
    Picture picture = to_picture(decoded, header);
    picture.sha256 = options.sha256.empty() ? sha256(bytes) : options.sha256;
    return picture;
  } catch (const cv::Exception& exception) {
    throw PictureError(file + ": cannot be read: " + exception.err);
  }
}

std::vector<std::uint8_t> read_picture_file(const std::filesystem::path& path, const ReadOptions& options) {
  require_regular(path, options.name);
  return read_file(path, largest_file, options.name);
}

Picture read_picture(const std::filesystem::path& path, const ReadOptions& options) {
  const std::filesystem::path& name = options.name.empty() ? path : options.name;
  return decode_picture(read_picture_file(path, options), name.string(), options);
}

}  // namespace faceoff
