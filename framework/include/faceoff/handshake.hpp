#pragma once

#include <faceoff/budget.hpp>
#include <faceoff/images.hpp>
#include <faceoff/objective.hpp>
#include <faceoff/output.hpp>
#include <faceoff/plugin.hpp>
#include <faceoff/random.hpp>
#include <faceoff/schema.hpp>
#include <faceoff/view.hpp>

#include <torch/version.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace faceoff {

/// What a plugin was built with: a plain struct in the ELF section ".faceoff", read from the file before anything of it
/// is mapped. Host and plugin exchange C++ objects, so all of this has to match; a mismatch is a clear refusal.
struct Handshake {
  static constexpr std::uint32_t current_api = 5;

  std::array<char, 8> magic = {'F', 'A', 'C', 'E', 'O', 'F', 'F', '\0'};
  std::uint32_t size = sizeof(Handshake);
  std::uint32_t api = current_api;
  std::uint32_t cxx11_abi = _GLIBCXX_USE_CXX11_ABI;
  std::uint32_t gxx_abi = __GXX_ABI_VERSION;
  std::uint32_t pointer_size = sizeof(void*);
  std::uint32_t debug_containers = debug_mode();
  std::array<std::uint32_t, 11> struct_sizes = {
      sizeof(Output), sizeof(Reference),  sizeof(Images), sizeof(ViewSpec), sizeof(ParamInfo), sizeof(PluginInfo),
      sizeof(Setup),  sizeof(Evaluation), sizeof(Budget), sizeof(Random),   sizeof(Steps)};
  std::array<char, 24> torch_version = text<24>(TORCH_VERSION);
  std::array<char, 64> compiler = text<64>(__VERSION__);  ///< for messages only

 private:
  static constexpr std::uint32_t debug_mode() {
#ifdef _GLIBCXX_DEBUG
    return 1;
#else
    return 0;
#endif
  }

  template <std::size_t n>
  static constexpr std::array<char, n> text(std::string_view from) {
    std::array<char, n> to{};
    for (std::size_t i = 0; i + 1 < n && i < from.size(); ++i) to[i] = from[i];
    return to;
  }
};

/// The names of the section and of the entry point that FACEOFF_PLUGINS defines.
inline constexpr std::string_view handshake_section = ".faceoff";
inline constexpr const char* entry_point = "faceoff_register";

/// Every difference between the host's and a plugin's handshake, as "LibTorch 2.12.0, the host has 2.13.0; …"; empty
/// where they fit.
FACEOFF_API std::string mismatches(const Handshake& host, const Handshake& plugin);

}  // namespace faceoff
