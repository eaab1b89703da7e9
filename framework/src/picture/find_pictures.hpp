#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace faceoff {

/// Whether a folder has folders in it, as people have (LFW's layout).
bool has_folders(const std::filesystem::path& folder);

/// A file that was there and is not taken, and why.
struct LeftOut {
  std::string file, why;
  bool operator==(const LeftOut&) const = default;
};

struct FoundPictures {
  std::vector<std::filesystem::path> files;
  std::vector<LeftOut> left_out;
};

/// The files that patterns name, sorted within a pattern, each once: a file; a folder's pictures, which are known by
/// their first bytes or their endings; or a glob, in which ** stands for any folders, and a name that is there goes
/// before what its brackets might mean. Hidden files are only taken by name. What a folder or a glob has beside that is
/// left out, and told. Throws ConfigError where a pattern names no picture.
FoundPictures find_pictures(const std::vector<std::string>& patterns);

/// The same without what was left out.
std::vector<std::filesystem::path> expand_pictures(const std::vector<std::string>& patterns);

/// What was left out in lines for a person, one a reason, with some of the names.
std::vector<std::string> words_of(const std::vector<LeftOut>& left_out);

}  // namespace faceoff
