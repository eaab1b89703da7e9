#include "protect/done_list.hpp"

#include <faceoff/error.hpp>

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include "base/files.hpp"
#include "judge/record.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

constexpr const char* list_name = "done.jsonl";

template <class Io>
void fields(Io& io, Either<Io, DoneLine>& line) {
  io("photo", line.photo);
  io("photo_sha256", line.photo_sha256);
  io("key", line.key);
  io("words", line.words);
  io("status", line.status);
  io("output", line.output);
  io("output_sha256", line.output_sha256);
  io("run", line.run);
  io("item", line.item);
}

/// A whole path in which no link is left, of what need not be there.
fs::path real(const fs::path& path) {
  std::error_code ignored;
  const fs::path found = fs::weakly_canonical(fs::absolute(path), ignored);
  return found.empty() ? fs::absolute(path).lexically_normal() : found;
}

/// Empty where there is no such file.
std::string text_of(const fs::path& file) {
  constexpr std::size_t largest = std::size_t{1} << 30;
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return "";
  const std::vector<std::uint8_t> bytes = read_file(file, largest);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

DoneList::DoneList(fs::path root) : root_(real(root)) {
  const fs::path file = folder() / list_name;
  text_ = read_ = text_of(file);
  const std::size_t whole = text_.rfind('\n') + 1;  // 0 where there is none
  torn_ = whole < text_.size();
  text_.resize(whole);
  for (std::size_t begin = 0, end = 0; begin < text_.size(); begin = end + 1) {
    end = text_.find('\n', begin);
    try {
      DoneLine line;
      const Json json = Json::parse(text_.substr(begin, end - begin));
      RecordReader io(json);
      fields(io, line);
      lines_.push_back(std::move(line));
    } catch (const std::exception&) {
      throw FileError(file.string() + ":" + std::to_string(lines_.size() + 1) +
                      ": not as faceoff protect writes it; remove that line, or move the file away");
    }
  }
}

const DoneLine* DoneList::find(const fs::path& photo) const {
  const auto found = std::ranges::find(lines_.rbegin(), lines_.rend(), relative(photo), &DoneLine::photo);
  return found != lines_.rend() ? &*found : nullptr;
}

const DoneLine* DoneList::find_output(const fs::path& output) const {
  const auto found = std::ranges::find(lines_.rbegin(), lines_.rend(), relative(output), &DoneLine::output);
  return found != lines_.rend() ? &*found : nullptr;
}

std::vector<const DoneLine*> DoneList::last() const {
  std::vector<const DoneLine*> lines;
  std::set<std::string> seen;
  for (auto line = lines_.rbegin(); line != lines_.rend(); ++line) {
    if (seen.insert(line->photo).second) lines.push_back(&*line);
  }
  std::ranges::reverse(lines);
  return lines;
}

void DoneList::open() {
  if (lock_) return;
  make_folder(folder());
  try {
    lock_ = std::make_shared<FolderLock>(folder(), [](const std::string&) {});
  } catch (const ConfigError&) {
    throw ConfigError(root_.string() + ": another faceoff protect is at work in it; wait for its end, or stop it");
  }
  if (text_of(folder() / list_name) != read_) {
    lock_.reset();
    throw ConfigError(root_.string() +
                      ": another faceoff protect was at work in it meanwhile; the same command goes on");
  }
  remove_temporaries(folder());
  if (torn_) write_atomically(folder() / list_name, text_);
  torn_ = false;
}

void DoneList::add(const DoneLine& line) {
  Json json;
  RecordWriter io(json);
  fields(io, line);
  RunFolder(folder(), list_name).append_result(to_text(json));
  lines_.push_back(line);
}

std::string DoneList::relative(const fs::path& path) const {
  return real(path).lexically_relative(root_).string();
}

fs::path DoneList::absolute(const std::string& path) const {
  return (root_ / path).lexically_normal();
}

}  // namespace faceoff
