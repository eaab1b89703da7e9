#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "attack/assembly.hpp"
#include "attack/gallery.hpp"
#include "attack/trace.hpp"
#include "evaluate/judge.hpp"
#include "evaluate/quality.hpp"

namespace faceoff {

enum class Status { protected_, no_face, failed };
std::string to_string(Status status);

/// What a JPEG's encoding came upon: the attacked pixels as a file without loss, read again.
struct Lossless {
  Quality quality;
  std::vector<FaceReport> faces;
};

/// What became of one picture under one variant.
struct ItemReport {
  Status status = Status::failed;
  std::string error;  ///< why it failed: one line
  std::vector<std::string> notes;
  Quality quality;
  std::int64_t queries = 0;
  Trace trace;  ///< of the attack; empty where there was none
  std::vector<FaceReport> faces;
  std::optional<Lossless> lossless;  ///< where the delivered file is a JPEG
};

/// Where a picture without a face is delivered in place of `output`: as a PNG, which changes nothing of it.
std::filesystem::path as_it_was(std::filesystem::path output);

/// The picture's whole way: read, find faces, attack, check the budget, round, paste, write to `output`, read that
/// again and judge it. What goes wrong with this picture alone is in the report; an output that can't be written is
/// thrown. `photos`: a person for each of the experiment's targets that is photos, by its name.
ItemReport attack_item(const Assembly& assembly, const Gallery& gallery, const std::map<std::string, Person>& photos,
                       const std::filesystem::path& picture, const std::filesystem::path& output,
                       const std::function<void(std::int64_t step, std::int64_t of)>& progress);

}  // namespace faceoff
