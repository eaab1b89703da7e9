#include "run/run_folder.hpp"

#include <faceoff/error.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <system_error>

#include "base/files.hpp"
#include "base/one_line.hpp"
#include "run/environment.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

std::string now_as(const char* format) {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::string text(32, '\0');
  text.resize(std::strftime(text.data(), text.size(), format, &utc));
  return text;
}

bool tells_of_run(const fs::path& folder) {
  try {
    return read_environment(folder).has_value();
  } catch (const FileError&) {
    return false;
  }
}

/// Whether there is nothing but what a run leaves that is killed before its environment.json is whole.
bool half_made(const fs::path& folder) {
  return std::ranges::all_of(fs::directory_iterator(folder),
                             [](const fs::directory_entry& entry) { return is_temporary(entry.path()); });
}

const std::string event_file = "events.out.tfevents.";  // how TensorBoard knows one

/// In another of the run's folders, without what a picture's name ends in.
fs::path beside(const fs::path& output, const char* folder) {
  return (folder / output.lexically_relative("images")).replace_extension();
}

}  // namespace

std::string utc_now() {
  return now_as("%Y-%m-%dT%H:%M:%SZ");
}

fs::path RunFolder::fresh(const std::string& name, const std::string& text) {
  const std::string base = now_as("%Y%m%d-%H%M%S") + "-" + name + "-" + sha256(text).substr(0, 8);
  fs::path path = fs::path("runs") / base;
  for (int i = 2; fs::exists(path); ++i) path = fs::path("runs") / (base + "-" + std::to_string(i));
  return path;
}

void RunFolder::require_free(const fs::path& path) {
  if (path.empty()) throw ConfigError("--out: name a folder");
  std::error_code error;
  if (fs::exists(path, error) && (!fs::is_directory(path, error) || !fs::is_empty(path, error))) {
    throw ConfigError("--out " + path.string() + ": is there and is no empty folder; name another" +
                      (tells_of_run(path) ? " (it is a run: faceoff run --resume goes on with it)" : "") +
                      ", nothing was changed");
  }
}

void RunFolder::require_run(const fs::path& path) {
  if (path.empty()) throw ConfigError("--out: name a folder");
  std::error_code error;
  if (!fs::exists(path, error) || (fs::is_directory(path, error) && fs::is_empty(path, error))) return;
  const bool begun = fs::is_directory(path, error) && (tells_of_run(path) || half_made(path));
  if (!begun) {
    throw ConfigError("--out " + path.string() +
                      ": is no run that could be gone on with (no environment.json of one); nothing was changed");
  }
}

void RunFolder::make(const fs::path& path) {
  require_free(path);
  make_folder(path);
}

void RunFolder::append_result(const std::string& result) const {
  const fs::path file = path_ / results_;
  const auto fail = [&] { throw FileError(file.string() + ": can't write: " + std::strerror(errno)); };
  const std::string line = result + "\n";
  const int out = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (out < 0) fail();
  const off_t before = ::lseek(out, 0, SEEK_END);
  ssize_t put = ::write(out, line.data(), line.size());
  // A part alone was written where the disk is full: the rest says why it can't be.
  for (std::size_t written = 0; put > 0 && (written += static_cast<std::size_t>(put)) < line.size();)
    put = ::write(out, line.data() + written, line.size() - written);
  const bool whole = put > 0 && ::fsync(out) == 0;
  const int reason = errno;
  // Other programs read lines; where this fails, too, whoever goes on with the run drops what is torn.
  if (!whole && ::ftruncate(out, before) != 0) errno = reason;
  ::close(out);
  errno = reason;
  if (!whole) fail();
}

fs::path RunFolder::picture_place(const std::string& variant, const std::string& stem, PictureFormat format) {
  return fs::path("images") / variant / (stem + (format == PictureFormat::jpeg ? ".jpg" : ".png"));
}

std::vector<fs::path> RunFolder::places(const fs::path& output) {
  // What is removed and copied goes by this: a damaged line must not lead out of the run.
  const fs::path place = output.lexically_normal();
  if (place.empty() || *place.begin() != "images")
    throw FileError("results.jsonl: the output '" + one_line(output.string()) + "' is no place of a run's pictures");
  return {place, trace_place(place), tensorboard_place(place)};
}

void RunFolder::remove_item(const fs::path& output) const {
  std::error_code ignored;  // it may be gone
  const std::vector<fs::path> all = places(output);
  fs::remove(path_ / all.front(), ignored);
  remove_traces(path_, output);
  for (const fs::path& place : all) {
    const fs::path folder = (path_ / place).parent_path();
    // Unless there is something else in it, or in its place.
    if (fs::is_directory(fs::symlink_status(folder, ignored))) fs::remove(folder, ignored);
  }
}

bool RunFolder::remove_evaluation() const {
  std::uintmax_t removed = 0;
  for (const char* name : {"evaluation.jsonl", "evaluation.json", "report.html", "report.tex", "report", "differences"})
    removed += fs::remove_all(path_ / name);
  return removed > 0;
}

fs::path trace_place(const fs::path& output) {
  fs::path place = beside(output, "traces");
  return place += ".csv";
}

fs::path tensorboard_place(const fs::path& output) {
  return beside(output, "tensorboard");
}

void write_trace(const fs::path& run, const fs::path& output, const Trace& trace) {
  const fs::path file = run / trace_place(output);
  make_folder(file.parent_path());
  write_atomically(file, to_csv(trace));
}

void write_tensorboard(const Events& events, const fs::path& run, const fs::path& output, const fs::path& picture,
                       const Trace& trace) {
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  const std::string text = events(trace, read_picture(picture), read_picture(run / output), now.count());
  const fs::path folder = run / tensorboard_place(output);
  make_folder(folder);
  const auto seconds = static_cast<std::int64_t>(now.count());
  write_atomically(folder / (event_file + std::to_string(seconds) + ".faceoff"), text);
}

void remove_traces(const fs::path& run, const fs::path& output) {
  std::error_code ignored;
  fs::remove(run / trace_place(output), ignored);
  const fs::path folder = run / tensorboard_place(output);
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().filename().string().starts_with(event_file)) fs::remove(entry.path(), ignored);
  }
  fs::remove(folder, ignored);  // unless there is something else in it
}

FolderLock::FolderLock(const std::filesystem::path& folder, const std::function<void(const std::string&)>& notice)
    : file_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (file_ < 0) throw FileError(folder.string() + ": can't be opened: " + std::strerror(errno));
  if (::flock(file_, LOCK_EX | LOCK_NB) == 0) return;
  if (errno != EWOULDBLOCK) {
    notice("warning: " + folder.string() + ": its file system can't lock a folder (" + std::strerror(errno) +
           "); see to it that no other process works in it");
    return;
  }
  ::close(file_);
  throw ConfigError("--out " + folder.string() + ": another process is at work in it; wait for its end, or stop it");
}

FolderLock::~FolderLock() {
  ::close(file_);
}

}  // namespace faceoff
