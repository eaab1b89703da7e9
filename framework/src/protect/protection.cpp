#include "protect/protection.hpp"

#include <faceoff/error.hpp>
#include <faceoff/schema.hpp>

#include <algorithm>
#include <array>
#include <climits>
#include <system_error>
#include <utility>

#include "base/files.hpp"
#include "base/json.hpp"
#include "base/one_line.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

bool there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

/// Puts a run's file to its place, where nothing may be: a second name for it where the file system knows such, which
/// can't take anything's place. False where something is there.
bool put_new(const fs::path& from, const fs::path& to) {
  make_folder(to.parent_path());
  std::error_code error;
  fs::create_hard_link(from, to, error);
  if (!error) return true;
  if (there(to)) return false;
  constexpr std::size_t largest = std::size_t{1} << 31;
  write_atomically(to, read_file(from, largest));
  return true;
}

Fate fate_of(Status status) {
  switch (status) {
    case Status::attacked:
      return Fate::delivered;
    case Status::unchanged:
      return Fate::unchanged;
    case Status::no_face:
      return Fate::no_face;
    case Status::failed:
      break;
  }
  return Fate::failed;
}

/// Of how many faces a judge says so, all judges together.
std::int64_t recognised(const PictureVerdict& verdict) {
  std::int64_t count = 0;
  for (const JudgeCount& judge : verdict.recognised) count += judge.held[1];
  return count;
}

}  // namespace

std::string to_string(Fate fate) {
  static const std::array words = {"delivered", "no_face", "unchanged", "failed", "blocked"};
  return words.at(static_cast<std::size_t>(fate));
}

Protection::Protection(Preset preset, Photos photos) : preset_(std::move(preset)), photos_(std::move(photos)) {
  for (const Photo& photo : photos_.all) {
    if (std::optional<PhotoOutcome> known = known_of(photo)) {
      known_.push_back(std::move(*known));
    } else {
      left_.push_back(&photo);
      by_file_.emplace(photo.file.string(), &photo);
    }
  }
  // One format a run, and the photos of each in their order.
  std::ranges::stable_partition(left_, [](const Photo* photo) { return photo->jpeg; });
}

DoneList& Protection::list_of(const Photo& photo) {
  return lists_.try_emplace(photo.root, photo.root).first->second;
}

std::optional<PhotoOutcome> Protection::known_of(const Photo& photo) {
  const DoneList& list = list_of(photo);
  std::string sha256;
  try {
    if (!is_utf8(photo.file.string())) throw FileError("its name is no UTF-8; give it another one");
    sha256 = sha256_file(photo.file);
  } catch (const FileError& error) {
    return PhotoOutcome{.photo = &photo, .fate = Fate::failed, .why = error.what()};
  }
  const DoneLine* done = list.find(photo.file);
  if (done != nullptr && done->photo_sha256 == sha256 && done->key == preset_.key) {
    const bool delivered = done->status == to_string(Status::attacked);
    const Status status = delivered                                    ? Status::attacked
                          : done->status == to_string(Status::no_face) ? Status::no_face
                                                                       : Status::unchanged;
    const fs::path output = list.absolute(done->output);
    if (!delivered || is_file_of(output, done->output_sha256)) {
      PhotoOutcome outcome{.photo = &photo, .fate = fate_of(status), .earlier = true};
      const bool said_whole = fs::path(photo.name).is_absolute();
      if (delivered) outcome.output = (said_whole ? output : output.lexically_proximate(fs::current_path())).string();
      return outcome;
    }
  }
  if (const std::string why = why_blocked(photo, sha256); !why.empty())
    return PhotoOutcome{.photo = &photo, .fate = Fate::blocked, .earlier = true, .why = why};
  return std::nullopt;
}

std::string Protection::why_blocked(const Photo& photo, const std::string& sha256) {
  if (!there(photo.output)) return "";
  const DoneList& list = list_of(photo);
  const DoneLine* done = list.find_output(photo.output);
  const std::string is_there = one_line(photo.output_name, PATH_MAX) + " is there already, ";
  constexpr const char* instead = "; nothing is overwritten: move it away, or name another folder with -o";
  if (done == nullptr) return is_there + "and is not what faceoff put there" + instead;
  if (!is_file_of(photo.output, done->output_sha256)) return is_there + "and was changed since" + instead;
  if (list.absolute(done->photo) != list.absolute(list.relative(photo.file)))
    return is_there + "made of another photo" + instead;
  if (done->photo_sha256 != sha256) return is_there + "made of the photo as it was before it changed" + instead;
  return is_there + "made with " + done->words + instead;
}

std::vector<RunRequest> Protection::runs(const std::vector<std::string>& plugin_paths) const {
  constexpr std::size_t longest = 500'000;  // of what an experiment says of its pictures
  std::vector<RunRequest> runs;
  for (auto photo = left_.begin(); photo != left_.end();) {
    const bool jpeg = (*photo)->jpeg;
    std::string names;
    for (; photo != left_.end() && (*photo)->jpeg == jpeg && names.size() < longest; ++photo)
      names += (names.empty() ? "" : ", ") + to_toml((*photo)->file.string());
    RunRequest run;
    run.experiment = preset_.experiment.string();
    run.sets = preset_.sets;
    run.sets.push_back("data.pictures=[" + names + "]");
    run.sets.push_back(std::string("output.format=") + (jpeg ? "\"jpeg\"" : "\"png\""));
    run.plugin_paths = plugin_paths;
    run.args = {run.experiment};  // what makes the same by `faceoff run`
    for (const std::string& set : run.sets) run.args.insert(run.args.end(), {"--set", set});
    const std::string text = preset_.key + names;
    run.out =
        lists_.at(left_.front()->root).folder() / RunFolder::fresh(preset_.experiment.stem().string(), text).filename();
    runs.push_back(std::move(run));
  }
  return runs;
}

void Protection::begin(const RunRequest& run) {
  for (const Photo* photo : left_) list_of(*photo).open();
  make_folder(run.out->parent_path());
}

PhotoOutcome Protection::deliver(const RunRequest& run, const Item& item, const ItemReport& report) {
  const auto known = by_file_.find(item.picture.string());
  if (known == by_file_.end()) throw ConfigError(item.picture.string() + ": is none of the photos that were named");
  const Photo& photo = *known->second;
  PhotoOutcome outcome{.photo = &photo, .fate = fate_of(report.status), .why = report.error, .line = report};
  if (report.status == Status::failed) return outcome;
  std::error_code ignored;
  outcome.bytes_before = static_cast<std::int64_t>(fs::file_size(item.picture, ignored));
  const PreparedVariant& by = *item.variant;
  const Environment::Variant judging = judged_variant(by.assembly->experiment, by.judges);
  outcome.verdict = verdict_of(report, judging);
  if (report.lossless) {
    ItemLine lossless = report;
    lossless.faces = report.lossless->faces;
    outcome.recognised_by_jpeg = recognised(outcome.verdict) - recognised(verdict_of(lossless, judging));
  }
  DoneList& list = list_of(photo);
  DoneLine line{list.relative(photo.file),
                report.picture_sha256,
                preset_.key,
                preset_.words,
                to_string(report.status),
                {},
                {},
                list.relative(*run.out),
                item.number};
  if (report.status != Status::attacked) {
    list.add(line);
    return outcome;
  }
  line.output = list.relative(photo.output);
  line.output_sha256 = report.output_sha256;
  // Written down first: where the process ends in between, the photo is known to be owed.
  list.add(line);
  if (!put_new(*run.out / report.output, photo.output)) {
    outcome.fate = Fate::blocked;
    outcome.why = one_line(photo.output_name, PATH_MAX) + " has come to be there meanwhile; nothing is overwritten";
  }
  return outcome;
}

}  // namespace faceoff
