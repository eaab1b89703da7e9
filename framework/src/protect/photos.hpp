#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "picture/find_pictures.hpp"

namespace faceoff {

/// A photo that is to be protected. All paths are whole ones.
struct Photo {
  std::string name;  ///< as who named it would call it
  std::filesystem::path file;
  std::filesystem::path root;    ///< the folder that it is delivered to, perhaps in a folder within
  std::filesystem::path output;  ///< where: NAME.faceoff.jpg, or .png
  std::string output_name;       ///< as who named the photo would call it
  bool jpeg = false;             ///< it is one, and so is what is delivered
};

struct Photos {
  std::vector<Photo> all;
  std::vector<LeftOut> left_out;
};

/// The photos that are named, each once: files, patterns, and folders with the folders in them. They are delivered to
/// `out`, where there is one: those of a folder to folders of the same names. Else a photo's is beside it, and those of
/// a folder are in FOLDER.faceoff beside that. What was delivered before is no photo. Throws ConfigError where a name
/// stands for none.
Photos photos_of(const std::vector<std::string>& named, const std::optional<std::filesystem::path>& out);

}  // namespace faceoff
