#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "attack/trace.hpp"
#include "picture/picture.hpp"

namespace faceoff {

/// An event file as TensorBoard reads it: records, each with its length and CRC-32C, of TensorFlow's Event messages in
/// protobuf's encoding (tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto). Only the few fields
/// that it takes are written here, for TensorFlow's libraries would come with a protobuf of their own.
class EventFile {
 public:
  /// `time`: of all its events, in seconds since 1970.
  explicit EventFile(double time);

  void add_scalar(std::string_view tag, std::int64_t step, double value);
  void add_picture(std::string_view tag, std::int64_t step, const Picture& picture);

  const std::string& bytes() const { return bytes_; }

 private:
  void add_value(std::int64_t step, std::string_view tag, std::string_view value);
  void add_event(std::int64_t step, std::string_view what);

  double time_;
  std::string bytes_;
};

/// What an item's event file holds: the scalars "objective" and "margin" a step, and the pictures "before",
/// "perturbation" (grey where nothing changed) and "after", of at most 512 pixels a side.
std::string to_events(const Trace& trace, const Picture& before, const Picture& after, double time);

/// CRC-32C (Castagnoli), as in RFC 3720.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace faceoff
