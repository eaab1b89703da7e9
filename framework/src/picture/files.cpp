#include "files.hpp"

#include <faceoff/error.hpp>

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <new>
#include <random>
#include <system_error>
#include <utility>

namespace faceoff {

namespace {

/// Fails with what errno says.
[[noreturn]] void fail(const std::filesystem::path& path, const char* what) {
  const int code = errno;
  throw FileError(path.string() + ": " + what + ": " + std::generic_category().message(code));
}

/// An open file, closed on the way out.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  /// Closes now, for the errors that only closing tells.
  bool close() { return ::close(std::exchange(number_, -1)) == 0; }

 private:
  int number_;
};

/// Calls `use` with one block of the file after the other, until it returns false.
template <typename Use>
void read_blocks(const std::filesystem::path& path, const Use& use) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) fail(path, "cannot be read");
  std::vector<std::uint8_t> block(std::size_t{1} << 20);
  for (;;) {
    const ssize_t got = ::read(file.number(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, "cannot be read");
    if (got == 0 || !use(std::span(block).first(static_cast<std::size_t>(got)))) return;
  }
}

bool write_all(int file, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file, bytes.data(), bytes.size());
    if (put < 0 && errno != EINTR) return false;
    if (put > 0) bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return true;
}

/// Removes a temporary file, unless it has become the real one.
class Temporary {
 public:
  explicit Temporary(std::filesystem::path path) : path_(std::move(path)) {}
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    if (!kept_) ::unlink(path_.c_str());
  }
  const std::filesystem::path& path() const { return path_; }
  void keep() { kept_ = true; }

 private:
  std::filesystem::path path_;
  bool kept_ = false;
};

/// A name in `folder` that nobody else takes: short, whatever the length of the file's own name.
std::filesystem::path temporary_name(const std::filesystem::path& folder) {
  std::random_device random;
  std::array<char, 32> name{};
  std::snprintf(name.data(), name.size(), ".faceoff-%08x%08x.tmp", random(), random());
  return folder / name.data();
}

/// Writes a file that has no name before it is whole, so that a process that is killed meanwhile leaves none behind.
/// False where that fails, as it does where the file system has no such files.
bool write_unnamed(const std::filesystem::path& name, std::span<const std::uint8_t> bytes) {
  const Descriptor file(::open(name.parent_path().c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666));
  if (!file.is_open() || !write_all(file.number(), bytes) || ::fsync(file.number()) != 0) return false;
  const std::string itself = "/proc/self/fd/" + std::to_string(file.number());
  return ::linkat(AT_FDCWD, itself.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

/// The same for any file system; says of `path` what went wrong.
void write_named(const std::filesystem::path& name, std::span<const std::uint8_t> bytes,
                 const std::filesystem::path& path) {
  Descriptor file(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file.is_open()) fail(path, "cannot be written into its folder");
  Temporary temporary(name);
  if (!write_all(file.number(), bytes) || ::fsync(file.number()) != 0 || !file.close()) fail(path, "cannot be written");
  temporary.keep();
}

/// The name of a renamed file is on the disk once its folder is. Some file systems cannot sync a folder, and some
/// folders may be written but not opened; the file itself is complete in any case, so only a failing disk counts.
void sync_folder(const std::filesystem::path& folder) {
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.is_open() && ::fsync(descriptor.number()) != 0 && errno == EIO) fail(folder, "cannot be written");
}

/// Renaming would put a file in the place of a device or a pipe, and with it break, say, /dev/null.
void refuse_special(const std::filesystem::path& path) {
  std::error_code unknown;
  const auto status = std::filesystem::status(path, unknown);
  if (std::filesystem::is_directory(status)) throw FileError(path.string() + ": cannot be written: it is a folder");
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    throw FileError(path.string() + ": cannot be written: it is a device or a pipe; a plain file is needed");
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

struct DigestDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
  }
  void add(std::span<const std::uint8_t> bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  std::string hexadecimal() {
    std::array<std::uint8_t, 32> digest{};
    EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const unsigned byte : digest) {
      text += digits[byte >> 4];
      text += digits[byte & 15];
    }
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, DigestDeleter> context_;
};

}  // namespace

std::vector<std::uint8_t> read_file(const std::filesystem::path& path, std::size_t limit) {
  std::vector<std::uint8_t> bytes;
  std::error_code unknown;  // the size of a pipe, say
  if (const auto size = std::filesystem::file_size(path, unknown); !unknown && size <= limit) bytes.reserve(size);
  read_blocks(path, [&](std::span<const std::uint8_t> block) {
    bytes.insert(bytes.end(), block.begin(), block.end());
    return bytes.size() <= limit;
  });
  if (bytes.size() > limit)
    throw FileError(path.string() + ": larger than the bound of " + std::to_string(limit) + " bytes");
  return bytes;
}

void check_place(const std::filesystem::path& path) {
  refuse_special(path);
  const auto folder = folder_of(path);
  std::error_code unknown;
  if (!std::filesystem::is_directory(folder, unknown)) errno = ENOTDIR;
  if (!std::filesystem::exists(folder, unknown)) errno = ENOENT;
  if (!std::filesystem::is_directory(folder, unknown) || ::access(folder.c_str(), W_OK | X_OK) != 0)
    fail(path, "cannot be written into its folder");
}

void write_atomically(const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  refuse_special(path);
  const auto folder = folder_of(path);
  const auto name = temporary_name(folder);
  if (!write_unnamed(name, bytes)) write_named(name, bytes, path);
  Temporary temporary(name);
  if (::rename(temporary.path().c_str(), path.c_str()) != 0) fail(path, "cannot be written");
  temporary.keep();
  sync_folder(folder);
}

void write_atomically(const std::filesystem::path& path, std::string_view text) {
  write_atomically(path, std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

void make_folder(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw FileError(path.string() + ": can't make the folder: " + error.message());
}

std::string sha256(std::span<const std::uint8_t> bytes) {
  Sha256 digest;
  digest.add(bytes);
  return digest.hexadecimal();
}

std::string sha256_file(const std::filesystem::path& path) {
  Sha256 digest;
  read_blocks(path, [&](std::span<const std::uint8_t> block) {
    digest.add(block);
    return true;
  });
  return digest.hexadecimal();
}

}  // namespace faceoff
