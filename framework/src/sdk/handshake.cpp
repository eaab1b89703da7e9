#include <faceoff/handshake.hpp>

#include <concepts>

namespace faceoff {

namespace {

std::string text_of(std::integral auto number) {
  return std::to_string(number);
}

template <std::size_t n>
std::string text_of(const std::array<char, n>& from) {
  std::string text;
  for (std::size_t i = 0; i < n && from[i] != '\0'; ++i) text += from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
  return text;
}

}  // namespace

std::string mismatches(const Handshake& host, const Handshake& plugin) {
  std::string text;
  const auto compare = [&](const std::string& what, const auto& of_host, const auto& of_plugin) {
    if (of_host == of_plugin) return;
    text += (text.empty() ? "" : "; ") + what + " " + text_of(of_plugin) + ", the host has " + text_of(of_host);
  };
  compare("API", host.api, plugin.api);
  compare("LibTorch", host.torch_version, plugin.torch_version);
  compare("_GLIBCXX_USE_CXX11_ABI", host.cxx11_abi, plugin.cxx11_abi);
  compare("C++ ABI", host.gxx_abi, plugin.gxx_abi);
  compare("pointer size", host.pointer_size, plugin.pointer_size);
  compare("_GLIBCXX_DEBUG", host.debug_containers, plugin.debug_containers);
  if (host.struct_sizes != plugin.struct_sizes) text += (text.empty() ? "" : "; ") + std::string("other struct sizes");
  if (!text.empty()) text += " (built by " + text_of(plugin.compiler) + ")";
  return text;
}

}  // namespace faceoff
