#include "report/tensorboard.hpp"

#include <boost/crc.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <bit>
#include <cmath>

#include "picture/quality.hpp"

namespace faceoff {

namespace {

// ---------------------------------------------------------------------------------- protobuf, as much as it takes

/// A whole number, its lowest byte first.
template <class Number>
std::string little_endian(Number number) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof number; ++i) bytes += static_cast<char>(number >> (8 * i) & 0xFF);
  return bytes;
}

/// Seven bits a byte, the lowest first; all but the last have the eighth set.
std::string varint(std::uint64_t number) {
  std::string bytes;
  for (; number >= 0x80; number >>= 7) bytes += static_cast<char>((number & 0x7F) | 0x80);
  return bytes + static_cast<char>(number);
}

enum class Wire : unsigned { varint = 0, eight_bytes = 1, length = 2, four_bytes = 5 };

std::string key(unsigned field, Wire wire) {
  return varint(field << 3 | static_cast<unsigned>(wire));
}

std::string integer_field(unsigned field, std::int64_t value) {
  return key(field, Wire::varint) + varint(static_cast<std::uint64_t>(value));
}

std::string double_field(unsigned field, double value) {
  return key(field, Wire::eight_bytes) + little_endian(std::bit_cast<std::uint64_t>(value));
}

std::string float_field(unsigned field, float value) {
  return key(field, Wire::four_bytes) + little_endian(std::bit_cast<std::uint32_t>(value));
}

/// A string, bytes or a message.
std::string bytes_field(unsigned field, std::string_view value) {
  return key(field, Wire::length) + varint(value.size()) + std::string(value);
}

// -------------------------------------------------------------------------------------- TensorFlow's messages' fields

constexpr unsigned event_wall_time = 1, event_step = 2, event_file_version = 3, event_summary = 5;
constexpr unsigned summary_value = 1;
constexpr unsigned value_tag = 1, value_simple_value = 2, value_image = 4;
constexpr unsigned image_height = 1, image_width = 2, image_colorspace = 3, image_encoded_image_string = 4;

// ------------------------------------------------------------------------------------------------------------ records

/// TFRecord turns a checksum over, since one over data that holds checksums says little.
std::string masked_crc(std::string_view bytes) {
  return little_endian(std::rotr(crc32c(bytes), 15) + 0xA282EAD8U);
}

std::string record(std::string_view data) {
  const std::string length = little_endian(static_cast<std::uint64_t>(data.size()));
  return length + masked_crc(length) + std::string(data) + masked_crc(data);
}

/// An event file that is being filled.
class EventFile {
 public:
  explicit EventFile(double time) : time_(time) { add_event(0, bytes_field(event_file_version, "brain.Event:2")); }

  void add_scalar(std::string_view tag, std::int64_t step, double value) {
    add_value(step, tag, float_field(value_simple_value, static_cast<float>(value)));
  }

  void add_picture(std::string_view tag, std::int64_t step, const Picture& picture) {
    constexpr int rgb = 3;
    const std::vector<std::uint8_t> png = encode_picture(picture);
    const std::string_view bytes(reinterpret_cast<const char*>(png.data()), png.size());
    add_value(step, tag,
              bytes_field(value_image,
                          integer_field(image_height, picture.rgb.rows) + integer_field(image_width, picture.rgb.cols) +
                              integer_field(image_colorspace, rgb) + bytes_field(image_encoded_image_string, bytes)));
  }

  const std::string& bytes() const { return bytes_; }

 private:
  void add_value(std::int64_t step, std::string_view tag, std::string_view value) {
    const std::string whole = bytes_field(value_tag, tag) + std::string(value);
    add_event(step, bytes_field(event_summary, bytes_field(summary_value, whole)));
  }

  void add_event(std::int64_t step, std::string_view what) {
    const std::string of_step = step != 0 ? integer_field(event_step, step) : "";  // protobuf leaves zeros out
    bytes_ += record(double_field(event_wall_time, time_) + of_step + std::string(what));
  }

  double time_;
  std::string bytes_;
};

/// Interpolation decides what becomes of a perturbation: averaged over an area, one that looks like noise would vanish.
Picture shrunk(const cv::Mat& rgb, cv::InterpolationFlags interpolation) {
  constexpr double longest = 512;
  const double scale = std::min(1., longest / std::max(rgb.cols, rgb.rows));
  const auto side = [&](int pixels) { return std::max(1, static_cast<int>(std::lround(pixels * scale))); };
  Picture small;
  cv::resize(rgb, small.rgb, {side(rgb.cols), side(rgb.rows)}, 0, 0, interpolation);
  return small;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, ~0U, ~0U, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

std::string to_events(const Trace& trace, const Picture& before, const Picture& after, double time) {
  EventFile file(time);
  const auto last = static_cast<std::int64_t>(trace.size());
  file.add_picture("before", 0, shrunk(before.rgb, cv::INTER_AREA));
  for (std::int64_t step = 1; step <= last; ++step) {
    const TraceStep& at = trace[static_cast<std::size_t>(step - 1)];
    if (at.objective) file.add_scalar("objective", step, *at.objective);
    if (at.margin) file.add_scalar("margin", step, *at.margin);
  }
  file.add_picture("perturbation", last, shrunk(difference_picture(before.rgb, after.rgb), cv::INTER_NEAREST));
  file.add_picture("after", last, shrunk(after.rgb, cv::INTER_AREA));
  return file.bytes();
}

}  // namespace faceoff
