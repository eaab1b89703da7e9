#include "base/files.hpp"

#include <faceoff/error.hpp>

#include <boost/algorithm/hex.hpp>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <new>
#include <random>
#include <regex>
#include <system_error>
#include <utility>

#include "base/one_line.hpp"

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
  int number() const { return number_; }  ///< below 0: it could not be opened

 private:
  int number_;
};

/// Calls `use` with one block of the file after the other, until it returns false.
template <typename Use>
void read_blocks(const std::filesystem::path& path, const std::filesystem::path& name, const Use& use) {
  // A pipe to which nobody writes is not waited for when it is opened, but for what somebody writes.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0 || ::fcntl(file.number(), F_SETFL, 0) != 0) fail(name, "cannot be read");
  std::vector<std::uint8_t> block(std::size_t{1} << 16);  // many a file is small
  for (;;) {
    const ssize_t got = ::read(file.number(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(name, "cannot be read");
    if (got == 0 || !use(std::span(block).first(static_cast<std::size_t>(got)))) return;
  }
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// A name in `folder` that nobody else takes: short, whatever the length of the file's own name.
std::filesystem::path temporary_name(const std::filesystem::path& folder) {
  std::random_device random;
  std::array<char, 32> name{};
  std::snprintf(name.data(), name.size(), ".faceoff-%08x%08x.tmp", random(), random());
  return folder / name.data();
}

/// The name of a renamed file is on the disk once its folder is. Some file systems cannot sync a folder, and some
/// folders may be written but not opened; the file itself is complete in any case, so only a failing disk counts.
void sync_folder(const std::filesystem::path& folder) {
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.number() >= 0 && ::fsync(descriptor.number()) != 0 && errno == EIO) fail(folder, "cannot be written");
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

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
  }
  void add(std::span<const std::uint8_t> bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  std::string hexadecimal() {
    std::array<std::uint8_t, 32> digest{};
    EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
    std::string text;
    boost::algorithm::hex_lower(digest, std::back_inserter(text));
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

}  // namespace

std::vector<std::uint8_t> read_file(const std::filesystem::path& path, std::size_t limit,
                                    const std::filesystem::path& called) {
  const std::filesystem::path& name = called.empty() ? path : called;
  std::vector<std::uint8_t> bytes;
  const auto check_bound = [&](std::uintmax_t size) {
    if (size > limit) throw FileError(name.string() + ": larger than the bound of " + std::to_string(limit) + " bytes");
  };
  std::error_code unknown;  // the size of a pipe, say
  if (const auto size = std::filesystem::file_size(path, unknown); !unknown) {
    check_bound(size);
    bytes.reserve(size);
  }
  read_blocks(path, name, [&](std::span<const std::uint8_t> block) {
    check_bound(bytes.size() + block.size());  // it may grow
    bytes.insert(bytes.end(), block.begin(), block.end());
    return true;
  });
  return bytes;
}

void require_regular(const std::filesystem::path& path, const std::filesystem::path& name) {
  std::error_code unknown;
  const auto status = std::filesystem::status(path, unknown);
  if (!std::filesystem::exists(status) || std::filesystem::is_directory(status)) return;  // reading says so
  if (!std::filesystem::is_regular_file(status))
    throw FileError((name.empty() ? path : name).string() + ": not a regular file");
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

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
  refuse_special(path_);
  temporary_ = temporary_name(folder_of(path_));
  file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file_ < 0) fail(path_, "cannot be written into its folder");
}

AtomicFile::~AtomicFile() {
  if (file_ >= 0) ::close(file_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::add(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file_, bytes.data(), bytes.size());
    if (put < 0 && errno != EINTR) fail(path_, "cannot be written");
    if (put > 0) bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
}

void AtomicFile::add(std::string_view text) {
  add(bytes_of(text));
}

void AtomicFile::commit() {
  // Some errors only closing tells.
  if (::fsync(file_) != 0 || ::close(std::exchange(file_, -1)) != 0) fail(path_, "cannot be written");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail(path_, "cannot be written");
  temporary_.clear();
  sync_folder(folder_of(path_));
}

void write_atomically(const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  AtomicFile file(path);
  file.add(bytes);
  file.commit();
}

void write_atomically(const std::filesystem::path& path, std::string_view text) {
  write_atomically(path, bytes_of(text));
}

bool is_temporary(const std::filesystem::path& path) {
  static const std::regex name(R"(\.faceoff-[0-9a-f]{16}\.tmp)");
  return std::regex_match(path.filename().string(), name);
}

void remove_temporaries(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (is_temporary(entry.path())) found.push_back(entry.path());
  }
  for (const std::filesystem::path& file : found) std::filesystem::remove(file);
}

void make_folder(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw FileError(path.string() + ": can't make the folder: " + error.message());
}

NewFolder::NewFolder(const std::filesystem::path& in) {
  std::string pattern = (in / ".faceoff-new-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) fail(one_line(in.string(), PATH_MAX), "cannot be written into");
  path_ = pattern;
}

NewFolder::~NewFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string sha256(std::span<const std::uint8_t> bytes) {
  Sha256 digest;
  digest.add(bytes);
  return digest.hexadecimal();
}

std::string sha256(std::string_view text) {
  return sha256(bytes_of(text));
}

std::string sha256_file(const std::filesystem::path& path) {
  require_regular(path);
  Sha256 digest;
  read_blocks(path, path, [&](std::span<const std::uint8_t> block) {
    digest.add(block);
    return true;
  });
  return digest.hexadecimal();
}

bool is_file_of(const std::filesystem::path& path, const std::string& digest) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(path, ignored))) return false;
  try {
    return sha256_file(path) == digest;
  } catch (const FileError&) {
    return false;
  }
}

}  // namespace faceoff
