#pragma once

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "temporary_folder.hpp"

inline const std::filesystem::path plugin_folder = FACEOFF_PLUGIN_FOLDER;
inline const std::filesystem::path whole_plugin = plugin_folder / "pgd.so";

inline std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline std::filesystem::path write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

/// A plugin's file, to be broken: as bytes, with its ELF headers and its handshake at hand.
struct PluginBytes {
  std::string bytes = read_bytes(whole_plugin);

  template <class T>
  T at(std::size_t offset) const {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
  }
  template <class T>
  void put(std::size_t offset, const T& value) {
    std::memcpy(bytes.data() + offset, &value, sizeof value);
  }
  Elf64_Ehdr header() const { return at<Elf64_Ehdr>(0); }
  /// Where the handshake begins. Its magic number is nowhere else in the file.
  std::size_t handshake() const { return bytes.find(std::string("FACEOFF\0", 8)); }
};
