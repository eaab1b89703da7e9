#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace faceoff {

/// The bytes of a file; FileError where it cannot be read or holds more than `limit` bytes. `name`: what errors call
/// it; empty: its path.
std::vector<std::uint8_t> read_file(const std::filesystem::path& path, std::size_t limit,
                                    const std::filesystem::path& name = {});

/// Throws FileError where something is there that is neither a plain file nor a folder: a pipe would be waited for, and
/// a device has no end. `name` as above.
void require_regular(const std::filesystem::path& path, const std::filesystem::path& name = {});

/// Writes a file whole or not at all: a reader, and a crash, find the old file or the new one, on the disk and
/// complete. FileError where that fails, with nothing left behind.
void write_atomically(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);
void write_atomically(const std::filesystem::path& path, std::string_view text);

/// The same for a file that is written piece by piece: it is there, whole, once commit() has returned.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();
  void add(std::span<const std::uint8_t> bytes);
  void add(std::string_view text);
  void commit();

 private:
  std::filesystem::path path_, temporary_;
  int file_ = -1;
};

/// Whether a file has the name of one that is not in its place yet.
bool is_temporary(const std::filesystem::path& path);

/// Removes the files that could not be put in their place in this folder and those below it, its process
/// having been killed.
void remove_temporaries(const std::filesystem::path& folder);

/// Throws FileError where write_atomically() would not write, as far as that can be told before there is anything to
/// write: the folder is missing or forbidden, or something else than a plain file is there.
void check_place(const std::filesystem::path& path);

/// Makes a folder and those that it lies in, where they are not there. FileError where that fails.
void make_folder(const std::filesystem::path& path);

/// A folder in another one, under a name that nobody else takes, that is removed with all in it: what is to be there
/// whole or not at all is made in it, and renamed.
class NewFolder {
 public:
  /// Throws FileError where it can't be made.
  explicit NewFolder(const std::filesystem::path& in);
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  ~NewFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// SHA-256 in hexadecimal.
std::string sha256(std::span<const std::uint8_t> bytes);
std::string sha256(std::string_view text);

/// SHA-256 of a file of any size, in hexadecimal; FileError where it cannot be read.
std::string sha256_file(const std::filesystem::path& path);

/// Whether a plain file, and no link, is there that can be read and has this SHA-256.
bool is_file_of(const std::filesystem::path& path, const std::string& digest);

}  // namespace faceoff
