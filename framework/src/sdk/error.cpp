#include <faceoff/error.hpp>

#include <utility>

namespace faceoff {

Error::~Error() = default;
ConfigError::~ConfigError() = default;
MissingFile::~MissingFile() = default;
PluginError::~PluginError() = default;
FileError::~FileError() = default;
PictureError::~PictureError() = default;

ConfigError::ConfigError(const std::string& message, Place place) : Error(message), place_(std::move(place)) {}

MissingFile::MissingFile(const std::string& message, std::filesystem::path path, Place place)
    : ConfigError(message, std::move(place)), path_(std::move(path)) {}

std::string to_string(const Place& place) {
  std::string text = place.file;
  if (place.line != 0) text += ":" + std::to_string(place.line);
  if (place.line != 0 && place.column != 0) text += ":" + std::to_string(place.column);
  return text;
}

}  // namespace faceoff
