#include "plugins/elf.hpp"

#include <faceoff/error.hpp>

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <string>

static_assert(std::endian::native == std::endian::little && sizeof(void*) == 8, "plugins are little-endian 64-bit ELF");

namespace faceoff {

namespace {

#if defined(__x86_64__)
constexpr std::uint16_t this_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t this_machine = EM_AARCH64;
#elif defined(__riscv)
constexpr std::uint16_t this_machine = EM_RISCV;
#else
#error "add this machine's ELF number"
#endif

constexpr std::uint64_t largest_section = 1 << 20;  // a handshake has some hundred bytes

std::string machine_name(std::uint16_t machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "AArch64";
    case EM_386:
      return "32-bit x86";
    case EM_ARM:
      return "32-bit ARM";
    case EM_PPC64:
      return "PowerPC 64";
    case EM_S390:
      return "S/390";
    case EM_RISCV:
      return "RISC-V";
    default:
      return "ELF machine " + std::to_string(machine);
  }
}

std::string reason_for_no_file(const std::filesystem::path& path, int error) {
  std::error_code ignored;
  if (error == ENOENT && std::filesystem::is_symlink(path, ignored)) return "it is a link to a file that is not there";
  if (error == ENOENT) return "it is not there";
  if (error == ENXIO) return "it is not a regular file";  // a socket
  return "it can't be opened: " + std::string(std::strerror(error));
}

/// Refuses what is no 64-bit shared library of this machine.
void check_kind(const Elf64_Ehdr& header) {
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) throw PluginError("it is not an ELF file");
  if (header.e_ident[EI_CLASS] != ELFCLASS64) throw PluginError("it is for another machine (not a 64-bit one)");
  if (header.e_ident[EI_DATA] != ELFDATA2LSB) throw PluginError("it is for another machine (a big-endian one)");
  if (header.e_machine != this_machine) {
    throw PluginError("it is for another machine (" + machine_name(header.e_machine) + "), this one is " +
                      machine_name(this_machine));
  }
  if (header.e_type == ET_EXEC) throw PluginError("it is an executable, not a shared library");
  if (header.e_type == ET_REL) throw PluginError("it is an object file, not a shared library");
  if (header.e_type != ET_DYN) throw PluginError("it is not a shared library");
  if (header.e_phentsize != sizeof(Elf64_Phdr) || (header.e_shnum != 0 && header.e_shentsize != sizeof(Elf64_Shdr))) {
    throw PluginError("it is damaged: its tables have entries of an unknown size");
  }
}

}  // namespace

LibraryFile::LibraryFile(const std::filesystem::path& path)
    : file_(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) {
  if (file_ < 0) throw PluginError(reason_for_no_file(path, errno));
  struct stat about {};
  const bool told = ::fstat(file_, &about) == 0;
  const char* const fault = !told                     ? "it can't be examined"
                            : S_ISDIR(about.st_mode)  ? "it is a folder"
                            : !S_ISREG(about.st_mode) ? "it is not a regular file"
                                                      : nullptr;
  if (fault != nullptr) {
    ::close(file_);  // no destructor runs for a constructor that throws
    throw PluginError(fault);
  }
  size_ = static_cast<std::uint64_t>(about.st_size);
  identity_ = {about.st_dev, about.st_ino};
}

LibraryFile::~LibraryFile() {
  ::close(file_);
}

std::optional<std::vector<std::byte>> LibraryFile::section(std::string_view name) const {
  if (size_ == 0) throw PluginError("it is empty");
  std::array<char, SELFMAG> magic{};
  if (size_ >= magic.size()) read(0, std::as_writable_bytes(std::span(magic)));
  if (std::memcmp(magic.data(), ELFMAG, SELFMAG) != 0) throw PluginError("it is not an ELF file");
  require_within(0, sizeof(Elf64_Ehdr), "its ELF header");
  const auto header = read_struct<Elf64_Ehdr>(0);
  check_kind(header);
  check_segments(header.e_phoff, header.e_phnum);
  require_within(header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr), "its table of sections");
  return find(name, header.e_shoff, header.e_shnum, header.e_shstrndx);
}

void LibraryFile::check_segments(std::uint64_t offset, std::uint16_t count) const {
  require_within(offset, std::uint64_t{count} * sizeof(Elf64_Phdr), "its table of segments");
  bool dynamic = false;
  for (std::uint16_t i = 0; i < count; ++i) {
    const auto segment = read_struct<Elf64_Phdr>(offset + i * sizeof(Elf64_Phdr));
    // A position-independent executable is a shared library but for this.
    if (segment.p_type == PT_INTERP) throw PluginError("it is an executable, not a shared library");
    if (segment.p_type == PT_DYNAMIC) dynamic = true;
    if (segment.p_type == PT_LOAD || segment.p_type == PT_DYNAMIC) {
      require_within(segment.p_offset, segment.p_filesz, "a segment");
    }
  }
  if (!dynamic)
    throw PluginError("it is damaged: a shared library without a dynamic segment (only symbols for a debugger?)");
}

std::optional<std::vector<std::byte>> LibraryFile::find(std::string_view name, std::uint64_t offset,
                                                        std::uint16_t count, std::uint16_t names) const {
  if (names >= count) return std::nullopt;
  const auto strings = read_struct<Elf64_Shdr>(offset + names * sizeof(Elf64_Shdr));
  require_within(strings.sh_offset, strings.sh_size, "its table of names");
  const std::uint64_t end = strings.sh_offset + strings.sh_size;
  for (std::uint16_t i = 0; i < count; ++i) {
    const auto candidate = read_struct<Elf64_Shdr>(offset + i * sizeof(Elf64_Shdr));
    if (candidate.sh_name >= strings.sh_size || !has_name(strings.sh_offset + candidate.sh_name, end, name)) continue;
    if (candidate.sh_type == SHT_NOBITS) return std::vector<std::byte>{};  // said to be zeros, and not in the file
    require_within(candidate.sh_offset, candidate.sh_size, "a section");
    if (candidate.sh_size > largest_section)
      throw PluginError("it is damaged: its section " + std::string(name) + " is huge");
    std::vector<std::byte> bytes(candidate.sh_size);
    read(candidate.sh_offset, bytes);
    return bytes;
  }
  return std::nullopt;
}

/// Whether the string at `offset` of a table of names that reaches to `end` is this one.
bool LibraryFile::has_name(std::uint64_t offset, std::uint64_t end, std::string_view name) const {
  if (end - offset <= name.size()) return false;
  std::string found(name.size() + 1, '?');
  read(offset, std::as_writable_bytes(std::span(found)));
  return std::string_view(found).substr(0, name.size()) == name && found.back() == '\0';
}

void LibraryFile::require_within(std::uint64_t offset, std::uint64_t size, const char* what) const {
  if (offset <= size_ && size <= size_ - offset) return;
  throw PluginError("it is cut short: " + std::string(what) + " lies beyond its end (" + std::to_string(size_) +
                    " bytes)");
}

void LibraryFile::read(std::uint64_t offset, std::span<std::byte> into) const {
  while (!into.empty()) {
    const ssize_t got = ::pread(file_, into.data(), into.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw PluginError("it can't be read: " + std::string(std::strerror(errno)));
    if (got == 0) throw PluginError("it is cut short: it is being written to");
    into = into.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
}

template <class T>
T LibraryFile::read_struct(std::uint64_t offset) const {
  T value;
  read(offset, std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

}  // namespace faceoff
