// Files that are no plugins, or none that fit: the program says so in a line, and nothing of them is ever used.
#include <faceoff/handshake.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "attack.hpp"
#include "plugins/plugin_files.hpp"

namespace bad_plugins {
namespace {

using faceoff::Handshake;

/// The reasons by the files' names without ".so".
using Reasons = std::map<std::string, std::string>;

class BrokenFile : public Attack {
 protected:
  BrokenFile() {
    fs::create_directory(broken_);
    make_what_is_no_library();
    make_cut_ones();
    make_other_machines();
    make_other_handshakes();
    take_built_ones();
  }

  fs::path broken_ = folder_ / "broken";
  Reasons reasons_;
  Reasons mend_;  ///< how a line ends where there is a way to mend it

 private:
  fs::path expect(const std::string& name, const std::string& reason) {
    reasons_[name] = reason;
    return broken_ / (name + ".so");
  }

  void make_what_is_no_library() {
    write_bytes(expect("text", "it is not an ELF file"), "INPUT(libm.so.6)\n");
    write_bytes(expect("empty", "it is empty"), "");
    const fs::path large = expect("large", "it is too large for a plugin: ");
    write_bytes(large, "\177ELF");
    fs::resize_file(large, std::uintmax_t{1} << 31U);  // of which nothing is on the disk
    fs::create_directory(expect("directory", "it is a folder"));
    fs::create_symlink("nowhere", expect("dangling", "it is a link to a file that is not there"));
    ASSERT_EQ(::mkfifo(expect("fifo", "it is not a regular file").c_str(), 0600), 0);
    fs::create_symlink(FACEOFF_BINARY, expect("executable", "it is an executable, not a shared library"));
  }

  void make_cut_ones() {
    const PluginBytes plugin;
    const std::size_t size = plugin.bytes.size();
    for (const std::size_t length : {std::size_t{4}, sizeof(Elf64_Ehdr) - 1, sizeof(Elf64_Ehdr), std::size_t{4096},
                                     plugin.handshake() + 8, size / 2, std::size_t{plugin.header().e_shoff}, size - 1})
      write_bytes(expect("cut_at_" + std::to_string(length), "it is cut short: "), plugin.bytes.substr(0, length));
  }

  /// A real plugin with these bytes changed.
  template <class T>
  void make(const std::string& name, const std::string& reason, std::size_t offset, const T& value) {
    PluginBytes plugin;
    plugin.put(offset, value);
    write_bytes(expect(name, reason), plugin.bytes);
  }

  void make_other_machines() {
    make("big_endian", "it is for another machine (a big-endian one)", EI_DATA, char{ELFDATA2MSB});
    make("32_bit", "it is for another machine (not a 64-bit one)", EI_CLASS, char{ELFCLASS32});
    make("mainframe", "it is for another machine (S/390)", offsetof(Elf64_Ehdr, e_machine), Elf64_Half{EM_S390});
    make("object", "it is an object file", offsetof(Elf64_Ehdr, e_type), Elf64_Half{ET_REL});
    PluginBytes plugin;
    const std::size_t name = plugin.bytes.rfind(std::string("\0.faceoff\0", 10));
    make("other_section", "it has no Face/Off handshake: it is not a Face/Off plugin", name + 2, 'F');
  }

  void make_other_handshakes() {
    const Handshake host;
    const std::size_t start = PluginBytes().handshake();
    const std::string rebuild = "; rebuild with the Face/Off SDK of API " + std::to_string(host.api);
    const auto change = [&](const std::string& name, const std::string& reason, std::size_t offset, const auto& value,
                            const std::string& mend) {
      make(name, reason, start + offset, value);
      mend_[name] = mend;
    };
    change("wrong_magic", "its handshake has a wrong magic number", 0, 'f', ": it is not a Face/Off plugin");
    for (const std::uint32_t api : {host.api - 1, host.api + 1}) {
      change(api < host.api ? "older_api" : "newer_api",
             "it was built for API " + std::to_string(api) + ", the host has " + std::to_string(host.api),
             offsetof(Handshake, api), api, rebuild);
    }
    for (const std::uint32_t size : {0U, ~0U}) {
      change(size == 0 ? "size_0" : "size_huge", "its handshake has the size " + std::to_string(size),
             offsetof(Handshake, size), size, rebuild);
    }
    const std::string torch = host.torch_version.data(), and_torch = rebuild + " and LibTorch " + torch;
    change("other_torch", "it does not fit this host: LibTorch 1.2.3, the host has " + torch,
           offsetof(Handshake, torch_version), std::array{'1', '.', '2', '.', '3', '\0'}, and_torch);
    const auto flip = [&](const std::string& name, const std::string& called, std::size_t offset, std::uint32_t was) {
      const std::string numbers = " " + std::to_string(was ^ 1U) + ", the host has " + std::to_string(was);
      change(name, "it does not fit this host: " + called + numbers, offset, was ^ 1U, and_torch);
    };
    flip("cxx11_abi", "_GLIBCXX_USE_CXX11_ABI", offsetof(Handshake, cxx11_abi), host.cxx11_abi);
    flip("gxx_abi", "C++ ABI", offsetof(Handshake, gxx_abi), host.gxx_abi);
    flip("pointer_size", "pointer size", offsetof(Handshake, pointer_size), host.pointer_size);
    flip("debug_containers", "_GLIBCXX_DEBUG", offsetof(Handshake, debug_containers), host.debug_containers);
    for (std::size_t i = 0; i < host.struct_sizes.size(); ++i) {
      change("struct_size_" + std::to_string(i), "it does not fit this host: other struct sizes",
             offsetof(Handshake, struct_sizes) + i * sizeof host.struct_sizes[i], host.struct_sizes[i] + 8, and_torch);
    }
  }

  /// load/*.cpp, a library each.
  void take_built_ones() {
    const Reasons built_ones = {
        {"no_handshake", "it has no Face/Off handshake: it is not a Face/Off plugin"},
        {"missing_entry", "it has no entry point faceoff_register (FACEOFF_PLUGINS makes it)"},
        {"other_in_memory", "its handshake in memory is not the one in its file; rebuild with the Face/Off SDK"},
        {"undefined_symbol", "it can't be loaded: undefined symbol: is_nowhere(int)"},
        {"registers_nothing", "it registers no plugin"},
        {"throws_std", "it throws while registering: no licence for this machine"},
        {"throws_int", "it throws while registering: a C++ exception of type int"},
        {"throws_c10", "it throws while registering: no such operator"},
        {"no_factory", "its loss 'no_factory' has no factory"},
        {"empty_name", "its loss '' is no name: 1 to 64 of a-z, 0-9 and _"},
        {"long_name", "its loss 'xxxxxxxxxx"},
        {"foreign_name", "its loss 'caf?' is no name: 1 to 64 of a-z, 0-9 and _"},
        {"parameter_twice", "parameter 'steps' of its loss 'parameter_twice' is declared twice"}};
    for (const auto& [name, reason] : built_ones) fs::copy_file(built("load") / (name + ".so"), expect(name, reason));
    std::size_t sources = 0;
    for ([[maybe_unused]] const auto& source : fs::directory_iterator(FACEOFF_SOURCE_FOLDER "/tests/bad_plugins/load"))
      ++sources;
    EXPECT_EQ(sources, built_ones.size()) << "say what is wrong with the new one";
  }

 protected:
  /// "PREFIX FILE can't be used: REASON", and how to mend it.
  void expect_reason(const std::string& line, const std::string& prefix, const fs::path& file) const {
    const std::string name = file.stem().string(), reason = reasons_.at(name);
    EXPECT_TRUE(line.starts_with(prefix + file.string() + " can't be used: ")) << line;
    EXPECT_TRUE(contains(line, reason)) << line << "\nand not\n" << reason;
    EXPECT_LT(line.size(), 600U) << line;
    if (mend_.contains(name)) {
      EXPECT_TRUE(line.ends_with(mend_.at(name))) << line;
    }
  }

  /// A line of warning a file, in order.
  void expect_warnings(const std::string& err) const {
    const std::vector<std::string> warnings = lines_with(err, "warning: ");
    ASSERT_EQ(warnings.size(), reasons_.size()) << err;
    std::vector<fs::path> files;
    for (const auto& [name, reason] : reasons_) files.push_back(broken_ / (name + ".so"));
    std::ranges::sort(files);
    for (std::size_t i = 0; i < files.size(); ++i) expect_reason(warnings[i], "warning: ", files[i]);
  }
};

TEST_F(BrokenFile, IsALineOfWarningWhereNobodyNamesIt) {
  const Outcome outcome = attack({"--plugin-path", broken_.string()});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  expect_warnings(outcome.err);
  const std::vector<Json> items = system_test::results(folder_ / "run");
  expect_complete(items, 3);
  for (const Json& item : items) expect_whole(item);
}

TEST_F(BrokenFile, IsALineOfWarningInTheListOfPlugins) {
  const Outcome outcome = system_test::run_faceoff({"plugins", "--plugin-path", broken_.string()});
  EXPECT_EQ(outcome.code, 0);
  expect_warnings(outcome.err);
  EXPECT_EQ(outcome.out, system_test::run_faceoff({"plugins"}).out);
}

TEST_F(BrokenFile, IsRefusedWhereTheExperimentNamesIt) {
  const std::string text = system_test::read_text(folder_ / "x.toml"), usual = "\"bad_optimizer\"";
  for (const auto& [name, reason] : reasons_) {
    SCOPED_TRACE(name);
    const TemporaryFolder alone;
    const std::string file = name + ".so";
    fs::rename(broken_ / file, alone / file);
    std::string naming = text;
    naming.replace(naming.find(usual), usual.size(), "\"" + name + "\"");
    system_test::write_text(folder_ / "x.toml", naming);
    const Outcome outcome = attack({"--plugin-path", alone.path().string()});
    expect_reason(expect_refused(outcome, 3), place_of_optimizer, alone / file);
    EXPECT_EQ(lines_of(outcome.err).size(), 1U) << outcome.err;
  }
}

TEST_F(BrokenFile, LeavesNothingOfWhatItRegistered) {
  const Outcome outcome =
      attack({"--plugin-path", broken_.string(), "--set", "loss=[{plugin=\"left_behind\",models=[\"bad\"]}]"});
  const std::string file = (broken_ / "throws_int.so").string();
  EXPECT_TRUE(contains(expect_refused(outcome, 3), file + " can't be used: it throws while registering"))
      << outcome.err;
}

// Two of one name.

class SameName : public Attack {
 protected:
  SameName() { fs::create_directory(more_); }

  /// The only warning of a run with the folder `more_`, which is as without it.
  std::string warning() {
    const Outcome outcome = attack({"--plugin-path", more_.string()});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    const std::vector<Json> items = system_test::results(folder_ / "run");
    expect_complete(items, 3);
    for (const Json& item : items) expect_whole(item);
    const std::vector<std::string> warnings = lines_with(outcome.err, "warning: ");
    EXPECT_LE(warnings.size(), 1U) << outcome.err;
    return warnings.empty() ? "" : warnings.front();
  }

  fs::path more_ = folder_ / "more";
};

TEST_F(SameName, ACopyOfABuiltInIsADuplicate) {
  const fs::path built_in = fs::canonical(FACEOFF_PLUGIN_FOLDER) / "pgd.so", copy = more_ / "other.so";
  fs::copy_file(built_in, copy);
  EXPECT_EQ(warning(), "warning: " + built_in.string() +
                           " can't be used: its optimizer 'pgd' is already registered by " + copy.string());
}

TEST_F(SameName, ALinkIsTheSameFile) {
  fs::create_symlink(built("run") / "bad_loss.so", more_ / "a.so");
  EXPECT_EQ(warning(), "");
}

TEST_F(SameName, ACopyIsADuplicate) {
  const fs::path copy = more_ / "b.so";
  fs::copy_file(built("run") / "bad_loss.so", copy);
  EXPECT_EQ(warning(), "warning: " + copy.string() + " can't be used: its loss 'bad_loss' is already registered by " +
                           (built("run") / "bad_loss.so").string());
}

}  // namespace
}  // namespace bad_plugins
