#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "attack/trace.hpp"
#include "picture/picture.hpp"

namespace faceoff {

/// An item's event file as TensorBoard reads it: the scalars "objective" and "margin" a step, and the pictures
/// "before", "perturbation" (grey where nothing changed) and "after", of at most 512 pixels a side; `time`, of all of
/// them, in seconds since 1970.
///
/// That is records, each with its length and CRC-32C, of TensorFlow's Event messages in protobuf's encoding
/// (tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto). Only the few fields that it takes are
/// written here, for TensorFlow's libraries would come with a protobuf of their own.
std::string to_events(const Trace& trace, const Picture& before, const Picture& after, double time);

/// CRC-32C (Castagnoli), as in RFC 3720.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace faceoff
