#include "plugins/elf.hpp"

#include <faceoff/error.hpp>

#include <elf.h>
#include <sys/stat.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>

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

std::string machine_name(std::uint16_t machine) {
  constexpr std::array<std::pair<std::uint16_t, const char*>, 7> names = {{{EM_X86_64, "x86-64"},
                                                                           {EM_AARCH64, "AArch64"},
                                                                           {EM_386, "32-bit x86"},
                                                                           {EM_ARM, "32-bit ARM"},
                                                                           {EM_PPC64, "PowerPC 64"},
                                                                           {EM_S390, "S/390"},
                                                                           {EM_RISCV, "RISC-V"}}};
  for (const auto& [number, name] : names) {
    if (number == machine) return name;
  }
  return "ELF machine " + std::to_string(machine);
}

std::string reason_for_no_file(const std::filesystem::path& path, int error) {
  std::error_code ignored;
  if (error == ENOENT && std::filesystem::is_symlink(path, ignored)) return "it is a link to a file that is not there";
  if (error == ENOENT) return "it is not there";
  return "it can't be opened: " + std::string(std::strerror(error));
}

/// Refuses what is no 64-bit shared library of this machine.
void check_kind(const Elf64_Ehdr& header) {
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

/// These bytes of the file; `what` they are, where it ends before.
std::string_view part(std::string_view file, std::uint64_t offset, std::uint64_t size, const char* what) {
  if (offset > file.size() || size > file.size() - offset) {
    throw PluginError("it is cut short: " + std::string(what) + " lies beyond its end (" + std::to_string(file.size()) +
                      " bytes)");
  }
  return file.substr(offset, size);
}

/// The n-th entry of a table that begins at `offset`.
template <class T>
T entry(std::string_view file, std::uint64_t offset, std::size_t n, const char* what) {
  T value;
  std::memcpy(&value, part(file, offset + n * sizeof value, sizeof value, what).data(), sizeof value);
  return value;
}

void check_segments(std::string_view file, std::uint64_t offset, std::uint16_t count) {
  constexpr const char* table = "its table of segments";
  part(file, offset, std::uint64_t{count} * sizeof(Elf64_Phdr), table);
  bool dynamic = false;
  for (std::uint16_t i = 0; i < count; ++i) {
    const auto segment = entry<Elf64_Phdr>(file, offset, i, table);
    // A position-independent executable is a shared library but for this.
    if (segment.p_type == PT_INTERP) throw PluginError("it is an executable, not a shared library");
    dynamic = dynamic || segment.p_type == PT_DYNAMIC;
    if (segment.p_type == PT_LOAD || segment.p_type == PT_DYNAMIC)
      part(file, segment.p_offset, segment.p_filesz, "a segment");
  }
  if (!dynamic)
    throw PluginError("it is damaged: a shared library without a dynamic segment (only symbols for a debugger?)");
}

}  // namespace

LibraryFile::LibraryFile(const std::filesystem::path& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) throw PluginError(reason_for_no_file(path, errno));
  if (S_ISDIR(about.st_mode)) throw PluginError("it is a folder");
  if (!S_ISREG(about.st_mode)) throw PluginError("it is not a regular file");
  identity_ = {about.st_dev, about.st_ino};
  constexpr std::int64_t most = std::int64_t{1} << 30;
  if (about.st_size > most) {
    throw PluginError("it is too large for a plugin: " + std::to_string(about.st_size) + " bytes, and at most " +
                      std::to_string(most) + " are read");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) throw PluginError(reason_for_no_file(path, errno));
  bytes_.resize(static_cast<std::size_t>(about.st_size));
  if (file.read(bytes_.data(), about.st_size)) return;
  throw PluginError(file.bad() ? "it can't be read" : "it is cut short: it is being written to");
}

std::optional<std::string> LibraryFile::section(std::string_view name) const {
  if (bytes_.empty()) throw PluginError("it is empty");
  if (!bytes_.starts_with(ELFMAG)) throw PluginError("it is not an ELF file");
  const auto header = entry<Elf64_Ehdr>(bytes_, 0, 0, "its ELF header");
  check_kind(header);
  check_segments(bytes_, header.e_phoff, header.e_phnum);
  constexpr const char* table = "its table of sections";
  part(bytes_, header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr), table);
  if (header.e_shstrndx >= header.e_shnum) return std::nullopt;
  const auto strings = entry<Elf64_Shdr>(bytes_, header.e_shoff, header.e_shstrndx, table);
  const std::string_view names = part(bytes_, strings.sh_offset, strings.sh_size, "its table of names");
  const std::string wanted = std::string(name) + '\0';
  for (std::uint16_t i = 0; i < header.e_shnum; ++i) {
    const auto found = entry<Elf64_Shdr>(bytes_, header.e_shoff, i, table);
    if (found.sh_name >= names.size() || !names.substr(found.sh_name).starts_with(wanted)) continue;
    if (found.sh_type == SHT_NOBITS) return "";  // said to be zeros, and not in the file
    return std::string(part(bytes_, found.sh_offset, found.sh_size, "a section"));
  }
  return std::nullopt;
}

}  // namespace faceoff
