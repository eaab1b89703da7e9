#pragma once

#include <faceoff/export.hpp>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace faceoff {

/// What the process says with its exit code; a signal adds 128 + its number.
enum class ExitCode : int { done = 0, items_failed = 1, usage = 2, plugin = 3, files = 4 };

/// Every error that a user sees: one line that says what is wrong and what would be right.
class FACEOFF_API Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  ~Error() override;
  /// The exit code if this error ends the process.
  virtual ExitCode exit_code() const { return ExitCode::items_failed; }
};

/// A place in an experiment file; line and column count from 1, 0 where unknown.
struct Place {
  std::string file;
  unsigned line = 0;
  unsigned column = 0;
};

/// "file:line:column", as far as it is known.
FACEOFF_API std::string to_string(const Place& place);

/// A wrong command line or experiment.
class FACEOFF_API ConfigError : public Error {
 public:
  explicit ConfigError(const std::string& message, Place place = {});
  ~ConfigError() override;
  ExitCode exit_code() const override { return ExitCode::usage; }
  const Place& place() const { return place_; }

 private:
  Place place_;
};

/// A file that the experiment or a plugin names, and that is nowhere.
class FACEOFF_API MissingFile : public ConfigError {
 public:
  MissingFile(const std::string& message, std::filesystem::path path, Place place = {});
  ~MissingFile() override;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A plugin that can't be loaded or breaks its contract.
class FACEOFF_API PluginError : public Error {
 public:
  using Error::Error;
  ~PluginError() override;
  ExitCode exit_code() const override { return ExitCode::plugin; }
};

/// Unreadable weights, unwritable output.
class FACEOFF_API FileError : public Error {
 public:
  using Error::Error;
  ~FileError() override;
  ExitCode exit_code() const override { return ExitCode::files; }
};

/// A file that is no picture, or none that can be read; it fails its item and no other.
class FACEOFF_API PictureError : public Error {
 public:
  using Error::Error;
  ~PictureError() override;
};

}  // namespace faceoff
