#include "picture/find_pictures.hpp"

#include <faceoff/error.hpp>

#include <boost/algorithm/string/predicate.hpp>
#include <glob.h>

#include <algorithm>
#include <array>
#include <climits>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "base/one_line.hpp"
#include "picture/header.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view any_folders = "**";
const std::string no_picture = "not a picture";

bool has_ending_of_picture(const fs::path& path) {
  constexpr std::array<const char*, 10> endings = {".png",  ".jpg", ".jpeg", ".jfif", ".jpe",
                                                   ".webp", ".bmp", ".dib",  ".tif",  ".tiff"};
  const std::string own = path.extension().string();
  return std::ranges::any_of(endings, [&](const char* ending) { return boost::iequals(own, ending); });
}

bool is_hidden(const fs::path& path) {
  return path.filename().string().starts_with('.');
}

/// Why a file that a folder or a glob names is not taken; nothing where it is.
std::optional<std::string> why_left_out(const fs::path& file) {
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (error || !fs::exists(status)) return fs::is_symlink(file, error) ? "a link to nothing" : "it can't be looked at";
  if (fs::is_directory(status)) return "a folder: name it as well, or say FOLDER/**/*";
  if (!fs::is_regular_file(status)) return "not a regular file";
  // One that is called a picture is taken, and fails by itself where it is none.
  if (has_ending_of_picture(file)) return std::nullopt;
  std::array<char, 64> start{};
  std::ifstream stream(file, std::ios::binary);
  stream.read(start.data(), start.size());
  if (stream.bad() || (!stream && stream.gcount() == 0 && fs::file_size(file, error) > 0)) return "it can't be read";
  const std::optional<std::string> why = why_not_read({start.data(), static_cast<std::size_t>(stream.gcount())});
  return why && why->starts_with(no_picture) ? no_picture : why;
}

/// A name of which glob() takes every character as it stands.
std::string escaped(const std::string& name) {
  std::string pattern;
  for (const char c : name) {
    if (std::string_view("[]*?\\").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

/// The pattern with what is there by that very name taken as it stands.
std::string literal_where_there(const std::string& pattern) {
  fs::path so_far;
  std::string literal;
  for (const fs::path& part : fs::path(pattern)) {
    std::error_code ignored;
    so_far /= part;
    if (!literal.empty() && !literal.ends_with('/')) literal += '/';
    literal += fs::exists(fs::symlink_status(so_far, ignored)) ? escaped(part.string()) : part.string();
  }
  return literal;
}

/// A folder, and those within it at any depth; links to folders are not followed.
std::vector<fs::path> folders_from(const fs::path& top) {
  std::vector<fs::path> folders = {top};
  for (std::size_t i = 0; i < folders.size(); ++i) {
    const fs::path folder = folders[i];
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      std::error_code ignored;
      const bool inside = !entry.is_symlink(ignored) && entry.is_directory(ignored);
      if (inside && !is_hidden(entry.path())) folders.push_back(entry.path());
    }
  }
  return folders;
}

std::vector<fs::path> matches(const std::string& pattern);

/// What a pattern names in which ** stands for any folders. These are looked into, and are themselves none of it.
std::vector<fs::path> matches_at_any_depth(const std::string& pattern) {
  const std::size_t deep = pattern.find(any_folders);
  const std::string above = pattern.substr(0, deep), below = pattern.substr(deep + any_folders.size());
  if ((!above.empty() && !above.ends_with('/')) || (!below.empty() && !below.starts_with('/')))
    throw ConfigError("** stands for folders, between slashes: " + one_line(pattern, PATH_MAX));
  const std::string within = below.size() > 1 ? below.substr(1) : "*";
  std::set<fs::path> found;
  for (const fs::path& top : above.empty() ? std::vector<fs::path>{"."} : matches(above)) {
    for (const fs::path& folder : folders_from(top)) {
      const fs::path here = above.empty() ? folder.lexically_relative(".") : folder;
      for (const fs::path& file :
           matches(here == "." ? within : (fs::path(escaped(here.string())) / within).string())) {
        std::error_code ignored;
        if (fs::is_symlink(file, ignored) || !fs::is_directory(file, ignored)) found.insert(file);
      }
    }
  }
  return {found.begin(), found.end()};
}

std::vector<fs::path> matches(const std::string& pattern) {
  if (pattern.find(any_folders) != std::string::npos) return matches_at_any_depth(pattern);
  std::vector<fs::path> found;
  glob_t result{};
  if (::glob(pattern.c_str(), 0, nullptr, &result) == 0) {
    for (std::size_t i = 0; i < result.gl_pathc; ++i) found.emplace_back(result.gl_pathv[i]);
  }
  ::globfree(&result);
  return found;
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (!is_hidden(entry.path())) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

/// What a pattern stands for, and whether it names the one file itself.
std::pair<std::vector<fs::path>, bool> named_by(const std::string& pattern) {
  std::error_code ignored;
  if (pattern.find('\0') != std::string::npos) throw ConfigError("a NUL in the name of a picture");
  if (fs::is_directory(pattern, ignored)) return {entries_of(pattern), false};
  if (fs::exists(pattern, ignored)) return {{pattern}, true};
  std::string once = pattern;  // two of them one after another stand for no more than one
  for (std::size_t at = once.find("**/**"); at != std::string::npos; at = once.find("**/**")) once.erase(at, 3);
  return {matches(literal_where_there(once)), false};
}

}  // namespace

bool has_folders(const fs::path& folder) {
  std::error_code ignored;
  return std::ranges::any_of(fs::directory_iterator(folder, ignored),
                             [](const auto& entry) { return entry.is_directory(); });
}

namespace {

/// One name for a file, whatever leads to it. Folders are resolved once.
class Names {
 public:
  fs::path of(const fs::path& file) {
    std::error_code ignored;
    if (fs::is_symlink(file, ignored)) return fs::weakly_canonical(file, ignored);
    const fs::path folder = file.has_parent_path() ? file.parent_path() : ".";
    const auto [known, is_new] = folders_.try_emplace(folder);
    if (is_new) known->second = fs::weakly_canonical(folder, ignored);
    return known->second / file.filename();
  }

 private:
  std::map<fs::path, fs::path> folders_;
};

}  // namespace

FoundPictures find_pictures(const std::vector<std::string>& patterns) try {
  FoundPictures found;
  Names names;
  std::set<fs::path> seen, named_folders;
  std::set<std::string> told;
  for (const std::string& pattern : patterns) {
    const auto [files, by_name] = named_by(pattern);
    std::error_code ignored;
    const bool is_folder = fs::is_directory(pattern, ignored);
    // One folder in another is none of what the other has beside pictures.
    if (is_folder) named_folders.insert(fs::weakly_canonical(pattern, ignored));
    const std::size_t left_before = found.left_out.size();
    std::size_t taken = 0;
    for (const fs::path& file : files) {
      std::error_code error;
      const std::string name = one_line(file.string(), PATH_MAX);
      // A pipe would be waited for, and a device has no end.
      if (by_name && !fs::is_regular_file(file, error)) throw ConfigError(name + ": not a regular file");
      if (const auto why = by_name ? std::nullopt : why_left_out(file)) {
        if (told.insert(name).second) found.left_out.push_back({name, *why});
        continue;
      }
      ++taken;
      if (seen.insert(names.of(file)).second) {
        found.files.push_back(file);
      } else if (fs::is_symlink(file, error) && told.insert(name).second) {
        found.left_out.push_back({name, "a link to a file that is taken already"});
      }
    }
    if (taken > 0) continue;
    const std::string name = one_line(pattern, PATH_MAX);
    if (!is_folder && files.empty()) throw ConfigError("no picture " + name);
    std::string what =
        "no picture (PNG, JPEG, WebP, BMP, TIFF) in " + std::string(is_folder ? "the folder " : "") + name;
    std::vector<LeftOut> telling(found.left_out.begin() + static_cast<std::ptrdiff_t>(left_before),
                                 found.left_out.end());
    std::erase_if(telling, [](const LeftOut& one) { return one.why == no_picture; });
    for (const std::string& line : words_of(telling)) what += "; left out: " + line;
    throw ConfigError(what);
  }
  std::erase_if(found.left_out, [&](const LeftOut& one) { return named_folders.contains(names.of(one.file)); });
  return found;
} catch (const fs::filesystem_error& error) {
  throw ConfigError(error.path1().string() + ": can't be listed: " + error.code().message());
}

std::vector<fs::path> expand_pictures(const std::vector<std::string>& patterns) {
  return find_pictures(patterns).files;
}

std::vector<std::string> words_of(const std::vector<LeftOut>& left_out) {
  constexpr std::size_t most = 3;
  std::vector<std::string> lines;
  std::vector<std::string> reasons;
  for (const LeftOut& one : left_out) {
    if (std::ranges::find(reasons, one.why) == reasons.end()) reasons.push_back(one.why);
  }
  for (const std::string& why : reasons) {
    std::string names;
    std::size_t count = 0;
    for (const LeftOut& one : left_out) {
      if (one.why == why && ++count <= most) names += (count > 1 ? ", " : "") + one.file;
    }
    if (count > most) names += " and " + std::to_string(count - most) + " more";
    lines.push_back(names + ": " + why);
  }
  return lines;
}

}  // namespace faceoff
