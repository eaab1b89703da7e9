#include "protect/photos.hpp"

#include <faceoff/error.hpp>

#include <array>
#include <climits>
#include <fstream>
#include <map>
#include <set>

#include "base/one_line.hpp"
#include "base/stems.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

constexpr const char* mark = ".faceoff";

/// By its first bytes, whatever it is called.
bool is_jpeg(const fs::path& file) {
  std::array<char, 3> start{};
  std::ifstream(file, std::ios::binary).read(start.data(), start.size());
  return start == std::array<char, 3>{'\xFF', '\xD8', '\xFF'};
}

bool was_delivered(const fs::path& file) {
  return file.stem().string().ends_with(mark);
}

/// A folder's path without a last slash or dots, so that it has a name.
fs::path plain(const fs::path& folder) {
  fs::path path = fs::absolute(folder).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

/// The photos that one name stands for, with the folder that their places in `out` begin from.
struct Named {
  FoundPictures found;
  std::optional<fs::path> folder;
};

Named find(const std::string& name) {
  std::error_code ignored;
  if (!fs::is_directory(name, ignored)) return {find_pictures({name}), {}};
  const fs::path folder = plain(name);
  return {find_pictures({(fs::path(name) / "**" / "*").string()}), folder};
}

/// Gives each its output's name: NAME.faceoff.jpg, told apart where several in one folder share it.
void name_outputs(std::vector<Photo>& photos) {
  std::map<fs::path, std::vector<fs::path>> folders;  // of outputs, and the photos that go there
  for (const Photo& photo : photos) folders[photo.output].push_back(photo.file);
  std::map<fs::path, std::map<fs::path, std::string>> stems;
  for (const auto& [folder, files] : folders) stems[folder] = delivered_stems(files);
  for (Photo& photo : photos) {
    const std::string stem = stems.at(photo.output).at(photo.file);
    photo.output /= stem + mark + (photo.jpeg ? ".jpg" : ".png");
    const bool said_whole = fs::path(photo.name).is_absolute();
    photo.output_name = (said_whole ? photo.output : photo.output.lexically_proximate(fs::current_path())).string();
  }
}

}  // namespace

Photos photos_of(const std::vector<std::string>& named, const std::optional<fs::path>& out) {
  Photos photos;
  std::set<fs::path> seen;
  for (const std::string& name : named) {
    if (name.empty()) throw ConfigError("a photo or a folder with no name");
    Named one = find(name);
    photos.left_out.insert(photos.left_out.end(), one.found.left_out.begin(), one.found.left_out.end());
    for (const fs::path& file : one.found.files) {
      const std::string called = one_line(file.lexically_normal().string(), PATH_MAX);
      if (was_delivered(file)) {
        photos.left_out.push_back({called, "what faceoff delivered, by its name"});
        continue;
      }
      const fs::path whole = fs::absolute(file).lexically_normal();
      if (!seen.insert(fs::weakly_canonical(whole)).second) continue;
      Photo photo{called, whole, {}, {}, {}, is_jpeg(whole)};
      photo.root = out ? plain(*out) : one.folder ? fs::path(one.folder->string() + mark) : whole.parent_path();
      photo.output = one.folder ? (photo.root / whole.parent_path().lexically_relative(*one.folder)).lexically_normal()
                                : photo.root;
      if (!photo.output.has_filename()) photo.output = photo.output.parent_path();
      photos.all.push_back(std::move(photo));
    }
  }
  name_outputs(photos.all);
  return photos;
}

}  // namespace faceoff
