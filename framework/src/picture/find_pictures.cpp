#include "picture/find_pictures.hpp"

#include <faceoff/error.hpp>

#include <boost/algorithm/string/predicate.hpp>
#include <glob.h>

#include <algorithm>
#include <array>
#include <climits>
#include <set>
#include <system_error>

#include "base/one_line.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

bool looks_like_picture(const fs::path& path) {
  constexpr std::array<const char*, 7> endings = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"};
  const std::string own = path.extension().string();
  return std::ranges::any_of(endings, [&](const char* ending) { return boost::iequals(own, ending); });
}

std::vector<fs::path> matches(const std::string& pattern) {
  std::vector<fs::path> found;
  glob_t result{};
  if (::glob(pattern.c_str(), 0, nullptr, &result) == 0) {
    for (std::size_t i = 0; i < result.gl_pathc; ++i) found.emplace_back(result.gl_pathv[i]);
  }
  ::globfree(&result);
  return found;
}

std::vector<fs::path> pictures_in(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file() && looks_like_picture(entry.path())) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace

bool has_folders(const fs::path& folder) {
  std::error_code ignored;
  return std::ranges::any_of(fs::directory_iterator(folder, ignored),
                             [](const auto& entry) { return entry.is_directory(); });
}

std::vector<fs::path> expand_pictures(const std::vector<std::string>& patterns) try {
  std::vector<fs::path> files;
  std::set<fs::path> seen;
  for (const std::string& pattern : patterns) {
    std::error_code ignored;
    std::vector<fs::path> found;
    if (pattern.find('\0') != std::string::npos) throw ConfigError("a NUL in the name of a picture");
    if (fs::is_directory(pattern, ignored)) {
      found = pictures_in(pattern);
      if (found.empty())
        throw ConfigError("no picture (PNG, JPEG, WebP, BMP, TIFF) in the folder " + one_line(pattern, PATH_MAX));
    } else if (fs::exists(pattern, ignored)) {
      found = {pattern};
    } else {
      found = matches(pattern);
      if (found.empty()) throw ConfigError("no picture " + one_line(pattern, PATH_MAX));
    }
    for (const fs::path& file : found) {
      // A pipe would be waited for, and a device has no end.
      if (!fs::is_regular_file(file, ignored))
        throw ConfigError(one_line(file.string(), PATH_MAX) + ": not a regular file");
      if (seen.insert(file.lexically_normal()).second) files.push_back(file);
    }
  }
  return files;
} catch (const fs::filesystem_error& error) {
  throw ConfigError(error.path1().string() + ": can't be listed: " + error.code().message());
}

}  // namespace faceoff
