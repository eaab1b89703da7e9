#include "faces/portrait.hpp"

#include <faceoff/safetensors.hpp>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/core/grad_mode.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

#include "base/files.hpp"
#include "faces/faces.hpp"
#include "faces/gallery.hpp"
#include "plugins/black_box.hpp"
#include "plugins/caller.hpp"
#include "plugins/threads.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

/// Rises when faces are found, aligned or kept in another way than before.
constexpr const char* generation = "faceoff embeddings 1";

/// What one model makes of a photo's faces.
struct Embedded {
  at::Tensor boxes, scores;  ///< [F,4], [F]
  at::Tensor embedding;      ///< [F,D]
};

/// The file that holds it, or would.
fs::path place(const Portraying& by, const LoadedModel& model, const std::string& photo) {
  const std::string all =
      c10::str(generation, "\n", photo, "\n", by.detector->identity, "\n",
               by.landmarks != nullptr ? by.landmarks->identity : "none", "\n", to_toml(by.minimum_score), "\n",
               model.identity, "\n", by.device, " ", at::get_cpu_capability());
  const std::string key = sha256(all);
  return by.cache / key.substr(0, 2) / (key.substr(2) + ".safetensors");
}

/// What is there, if it is whole.
std::optional<Embedded> recall(const fs::path& file) {
  try {
    const TensorFile tensors(file);
    Embedded kept{tensors.get("boxes", {-1, 4}), tensors.get("scores", {-1}), tensors.get("embedding", {-1, -1})};
    const std::int64_t faces = kept.boxes.size(0);
    const bool whole = faces > 0 && kept.scores.size(0) == faces && kept.embedding.size(0) == faces &&
                       at::allclose(kept.embedding.norm(2, 1), at::ones({faces}), 0, 1e-3);
    return whole ? std::optional(kept) : std::nullopt;
  } catch (const FileError&) {
    return std::nullopt;  // none, or damaged: made anew
  }
}

/// Written beside and renamed, so that nobody reads half a file; what is lost is only made again.
void keep(const fs::path& file, const Embedded& made) {
  std::error_code ignored;
  fs::create_directories(file.parent_path(), ignored);
  const fs::path part = file.string() + "." + std::to_string(::getpid());
  std::ofstream(part, std::ios::binary) << to_safetensors(
      {{"boxes", made.boxes}, {"scores", made.scores}, {"embedding", made.embedding}}, {});
  fs::rename(part, file, ignored);
  if (ignored) fs::remove(part, ignored);
}

bool known(const Portraying& by, const std::string& sha256) {
  return std::ranges::all_of(by.models,
                             [&](const LoadedModel* model) { return fs::exists(place(by, *model, sha256)); });
}

/// A photo that has to be embedded, and its SHA-256.
using Unknown = std::pair<fs::path, std::string>;

/// Portrays the photos from this one on, leaving out as many each time as others work beside. What fails fails again
/// when it is asked for.
void portray_some(const Portraying& by, const std::vector<Unknown>& photos, std::size_t first, std::size_t processes,
                  const Notice& told) {
  for (std::size_t i = first; i < photos.size(); i += processes) {
    for (std::size_t other = i; other < std::min(i + processes, photos.size()); ++other)
      told(photos[other].first.string());
    try {
      portray(by, photos[i].first, photos[i].second);
    } catch (const std::exception&) {
      continue;
    }
  }
}

/// A process that portrays its share of the photos, and dies with this one.
pid_t fork_off(const Portraying& by, const std::vector<Unknown>& photos, std::size_t first, std::size_t processes) {
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);
  BlackBox::leave();
  portray_some(by, photos, first, processes, [](const std::string&) {});
  ::_exit(0);
}

using EmbeddedBy = std::map<const LoadedModel*, Embedded>;

/// What is kept of a photo.
EmbeddedBy recall_all(const Portraying& by, const std::string& digest) {
  EmbeddedBy all;
  for (const LoadedModel* model : by.models) {
    const std::optional<Embedded> kept = by.cache.empty() ? std::nullopt : recall(place(by, *model, digest));
    if (kept) all[model] = *kept;
  }
  return all;
}

bool complete(const Portraying& by, const EmbeddedBy& all) {
  return std::ranges::all_of(by.models, [&](const LoadedModel* model) { return all.contains(model); });
}

/// Makes anew, and keeps, what is missing of a picture's faces.
void add_missing(const Portraying& by, const Picture& picture, EmbeddedBy& all) {
  const at::Tensor pixels = to_tensor(picture, at::TensorOptions(by.device).dtype(at::kByte));
  const std::vector<Face> faces = find_faces(*by.detector, by.landmarks, pixels, by.minimum_score);
  if (faces.empty()) return;
  std::vector<double> boxes, scores;
  for (const Face& face : faces) {
    boxes.insert(boxes.end(), {face.box.x0, face.box.y0, face.box.x1, face.box.y1});
    scores.push_back(face.score);
  }
  for (const LoadedModel* model : by.models) {
    if (all.contains(model)) continue;
    std::vector<at::Tensor> rows;
    for (const Face& face : faces) rows.push_back(embed(*model, pixels, face).cpu());
    all[model] = {at::tensor(boxes, at::kFloat).view({-1, 4}), at::tensor(scores, at::kFloat), at::stack(rows)};
    if (!by.cache.empty()) keep(place(by, *model, picture.sha256), all[model]);
  }
}

}  // namespace

const PortrayedFace& Portrait::best() const {
  return *std::ranges::max_element(faces, {}, &PortrayedFace::score);
}

Portrait portray(const Portraying& by, const fs::path& photo, const std::string& known_sha256) {
  const at::NoGradGuard no_grad;
  const Threads one(1);
  ++BlackBox::here().beats;
  Portrait portrait{known_sha256, {}};
  EmbeddedBy all = recall_all(by, portrait.sha256);
  if (portrait.sha256.empty() || !complete(by, all)) {
    const std::vector<std::uint8_t> bytes = read_picture_file(photo);  // once: what is hashed is what is decoded
    portrait.sha256 = sha256(bytes);
    all = recall_all(by, portrait.sha256);
    if (!complete(by, all)) add_missing(by, decode_picture(bytes, photo.string(), {.sha256 = portrait.sha256}), all);
  }
  for (const auto& [model, embedded] : all) {
    const auto box = embedded.boxes.accessor<float, 2>();
    const auto score = embedded.scores.accessor<float, 1>();
    portrait.faces.resize(static_cast<std::size_t>(box.size(0)));  // the same faces for each model
    for (std::int64_t f = 0; f < box.size(0); ++f) {
      PortrayedFace& face = portrait.faces[static_cast<std::size_t>(f)];
      face.box = {box[f][0], box[f][1], box[f][2], box[f][3]};
      face.score = score[f];
      face.embeddings[model] = embedded.embedding.narrow(0, f, 1).to(by.device);
    }
  }
  return portrait;
}

PortrayedAhead portray_ahead(const Portraying& by, const std::vector<fs::path>& photos, const Notice& told) {
  constexpr std::size_t few = 8;
  const auto processes = static_cast<std::size_t>(at::get_num_threads());
  PortrayedAhead ahead;
  // What a caller has in other threads, a process that is forked off does not.
  if (Caller::here() != nullptr) return ahead;
  if (by.cache.empty() || !by.device.is_cpu() || processes < 2 || photos.size() < few) return ahead;
  std::vector<Unknown> unknown;
  for (const fs::path& photo : photos) {
    try {
      const std::string& digest = ahead.sha256[photo] = sha256_file(photo);
      if (!known(by, digest)) unknown.emplace_back(photo, digest);
    } catch (const FileError&) {
      continue;  // nothing can be done ahead
    }
  }
  if (unknown.size() < few) return ahead;
  const Threads one(1);  // also for the children, which have none of this process's other threads
  std::vector<pid_t> children;
  for (std::size_t i = 1; i < processes; ++i) children.push_back(fork_off(by, unknown, i, processes));
  portray_some(by, unknown, 0, processes, told);
  for (const pid_t child : children) {
    if (child > 0) ::waitpid(child, nullptr, 0);
  }
  ahead.portrayed = true;
  return ahead;
}

fs::path usual_cache() {
  if (const char* named = std::getenv("FACEOFF_CACHE")) return named;
  if (const char* all = std::getenv("XDG_CACHE_HOME"); all != nullptr && *all != '\0') return fs::path(all) / "faceoff";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return fs::path(home) / ".cache" / "faceoff";
  return {};
}

}  // namespace faceoff
