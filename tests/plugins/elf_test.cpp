#include "plugins/elf.hpp"

#include <faceoff/error.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "plugins/plugin_files.hpp"

namespace faceoff {
namespace {

/// What LibraryFile says of a file; empty where nothing is wrong with it.
std::string fault_of(const std::filesystem::path& path) {
  try {
    LibraryFile(path).section(".faceoff");
    return "";
  } catch (const PluginError& error) {
    return error.what();
  }
}

TEST(Elf, FindsTheSectionOfARealPlugin) {
  const auto section = LibraryFile(whole_plugin).section(".faceoff");
  ASSERT_TRUE(section);
  ASSERT_GE(section->size(), 8U);
  EXPECT_EQ(std::memcmp(section->data(), "FACEOFF", 8), 0);
  EXPECT_FALSE(LibraryFile(whole_plugin).section(".face"));
  EXPECT_FALSE(LibraryFile(whole_plugin).section(".faceoffs"));
}

TEST(Elf, TellsWhatIsNoFile) {
  const TemporaryFolder folder;
  EXPECT_EQ(fault_of(folder / "nowhere.so"), "it is not there");
  std::filesystem::create_directory(folder / "folder.so");
  EXPECT_EQ(fault_of(folder / "folder.so"), "it is a folder");
  std::filesystem::create_symlink("nowhere", folder / "dangling.so");
  EXPECT_EQ(fault_of(folder / "dangling.so"), "it is a link to a file that is not there");
  ASSERT_EQ(::mkfifo((folder / "fifo.so").c_str(), 0600), 0);
  EXPECT_EQ(fault_of(folder / "fifo.so"), "it is not a regular file");
}

TEST(Elf, TellsASocket) {
  const TemporaryFolder folder;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (folder / "socket.so").string();
  ASSERT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  const int bound = ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::close(socket);
  ASSERT_EQ(bound, 0);
  EXPECT_EQ(fault_of(path), "it is not a regular file");
}

TEST(Elf, TellsWhatIsNoLibrary) {
  const TemporaryFolder folder;
  EXPECT_EQ(fault_of(write_bytes(folder / "empty.so", "")), "it is empty");
  EXPECT_EQ(fault_of(write_bytes(folder / "short.so", "\177E")), "it is not an ELF file");
  EXPECT_EQ(fault_of(write_bytes(folder / "text.so", "INPUT(libm.so.6)\n")), "it is not an ELF file");
  EXPECT_EQ(fault_of("/proc/self/exe"), "it is an executable, not a shared library");
}

TEST(Elf, TellsOtherMachinesAndKinds) {
  const TemporaryFolder folder;
  const auto fault_with = [&](std::size_t offset, auto value) {
    PluginBytes plugin;
    plugin.put(offset, value);
    return fault_of(write_bytes(folder / "other.so", plugin.bytes));
  };
  EXPECT_TRUE(fault_with(offsetof(Elf64_Ehdr, e_machine), Elf64_Half{EM_S390})
                  .starts_with("it is for another machine (S/390)"));
  EXPECT_TRUE(fault_with(offsetof(Elf64_Ehdr, e_machine), Elf64_Half{4711})
                  .starts_with("it is for another machine (ELF machine 4711)"));
  EXPECT_EQ(fault_with(EI_CLASS, char{ELFCLASS32}), "it is for another machine (not a 64-bit one)");
  EXPECT_EQ(fault_with(EI_DATA, char{ELFDATA2MSB}), "it is for another machine (a big-endian one)");
  EXPECT_EQ(fault_with(offsetof(Elf64_Ehdr, e_type), Elf64_Half{ET_EXEC}), "it is an executable, not a shared library");
  EXPECT_EQ(fault_with(offsetof(Elf64_Ehdr, e_type), Elf64_Half{ET_REL}), "it is an object file, not a shared library");
  EXPECT_EQ(fault_with(offsetof(Elf64_Ehdr, e_type), Elf64_Half{ET_CORE}), "it is not a shared library");
}

TEST(Elf, TellsWhereverAFileIsCut) {
  const TemporaryFolder folder;
  const PluginBytes plugin;
  const std::size_t size = plugin.bytes.size();
  for (const std::size_t length : {std::size_t{4}, sizeof(Elf64_Ehdr) - 1, sizeof(Elf64_Ehdr), std::size_t{4096},
                                   size / 2, plugin.handshake() + 8, std::size_t{plugin.header().e_shoff}, size - 1}) {
    const std::string fault = fault_of(write_bytes(folder / "cut.so", plugin.bytes.substr(0, length)));
    EXPECT_TRUE(fault.starts_with("it is cut short: ")) << length << ": " << fault;
  }
}

TEST(Elf, TrustsNoOffset) {
  const TemporaryFolder folder;
  const Elf64_Ehdr header = PluginBytes().header();
  const auto result_with = [&](std::size_t offset, auto value) {
    PluginBytes plugin;
    plugin.put(offset, value);
    return fault_of(write_bytes(folder / "wild.so", plugin.bytes));
  };
  constexpr auto endless = ~std::uint64_t{0};
  EXPECT_TRUE(result_with(offsetof(Elf64_Ehdr, e_shoff), endless).starts_with("it is cut short"));
  EXPECT_TRUE(result_with(offsetof(Elf64_Ehdr, e_phoff), endless - 8).starts_with("it is cut short"));
  EXPECT_TRUE(result_with(offsetof(Elf64_Ehdr, e_phentsize), Elf64_Half{8}).starts_with("it is damaged"));
  EXPECT_TRUE(result_with(offsetof(Elf64_Ehdr, e_shentsize), Elf64_Half{0}).starts_with("it is damaged"));
  EXPECT_TRUE(result_with(header.e_phoff + offsetof(Elf64_Phdr, p_filesz), endless).starts_with("it is cut short"));
  const std::size_t names = header.e_shoff + header.e_shstrndx * sizeof(Elf64_Shdr);
  EXPECT_TRUE(result_with(names + offsetof(Elf64_Shdr, sh_offset), endless).starts_with("it is cut short"));
  // A table of names that is somewhere else or too small: the section is not found, and nothing worse.
  EXPECT_EQ(result_with(names + offsetof(Elf64_Shdr, sh_size), std::uint64_t{1}), "");
  EXPECT_EQ(result_with(offsetof(Elf64_Ehdr, e_shstrndx), Elf64_Half{0xFFFF}), "");
}

TEST(Elf, KnowsAFileByAnyName) {
  const TemporaryFolder folder;
  std::filesystem::create_symlink(whole_plugin, folder / "link.so");
  std::filesystem::copy_file(whole_plugin, folder / "copy.so");
  EXPECT_EQ(LibraryFile(whole_plugin).identity(), LibraryFile(folder / "link.so").identity());
  EXPECT_NE(LibraryFile(whole_plugin).identity(), LibraryFile(folder / "copy.so").identity());
}

}  // namespace
}  // namespace faceoff
