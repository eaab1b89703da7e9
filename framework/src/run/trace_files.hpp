#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "attack/trace.hpp"
#include "picture/picture.hpp"

namespace faceoff {

// What is kept of an item's steps, beside its picture images/<variant>/<stem>.png, which `output` names. All paths are
// relative to the run.

/// traces/<variant>/<stem>.csv
std::filesystem::path trace_place(const std::filesystem::path& output);
/// tensorboard/<variant>/<stem>
std::filesystem::path tensorboard_place(const std::filesystem::path& output);

void write_trace(const std::filesystem::path& run, const std::filesystem::path& output, const Trace& trace);

/// The bytes of a file for TensorBoard: the steps, and the picture as given and as delivered, at this time (seconds).
using Events = std::function<std::string(const Trace& trace, const Picture& before, const Picture& after, double time)>;
void write_tensorboard(const Events& events, const std::filesystem::path& run, const std::filesystem::path& output,
                       const std::filesystem::path& picture, const Trace& trace);

/// Both, where they are there: what an earlier attempt at the item left.
void remove_traces(const std::filesystem::path& run, const std::filesystem::path& output);

}  // namespace faceoff
