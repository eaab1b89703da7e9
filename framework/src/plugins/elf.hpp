#pragma once

#include <sys/types.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace faceoff {

/// A shared library as a file: opened and read, never mapped, so that a broken one can do no harm. What is wrong with
/// it is thrown as a PluginError that tells it of "it": "it is empty".
class LibraryFile {
 public:
  /// Opens the file, if it is a regular one; waits for nothing (a FIFO, say).
  explicit LibraryFile(const std::filesystem::path& path);
  LibraryFile(const LibraryFile&) = delete;
  LibraryFile& operator=(const LibraryFile&) = delete;
  ~LibraryFile();

  /// The same for every name and link of one file.
  struct Identity {
    dev_t device;
    ino_t inode;
    auto operator<=>(const Identity&) const = default;
  };
  Identity identity() const { return identity_; }

  /// Checks that this is a whole shared library for this machine: the loader maps a file as it stands, and a part that
  /// is missing kills the process (SIGBUS) as soon as it is touched. Returns the named section's bytes, or nothing
  /// where there is no such section.
  std::optional<std::vector<std::byte>> section(std::string_view name) const;

 private:
  void read(std::uint64_t offset, std::span<std::byte> into) const;
  template <class T>
  T read_struct(std::uint64_t offset) const;
  void require_within(std::uint64_t offset, std::uint64_t size, const char* what) const;
  void check_segments(std::uint64_t offset, std::uint16_t count) const;
  std::optional<std::vector<std::byte>> find(std::string_view name, std::uint64_t offset, std::uint16_t count,
                                             std::uint16_t names) const;
  bool has_name(std::uint64_t offset, std::uint64_t end, std::string_view name) const;

  int file_ = -1;
  std::uint64_t size_ = 0;
  Identity identity_{};
};

}  // namespace faceoff
