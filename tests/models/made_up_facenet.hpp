#pragma once

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace faceoff {

/// Weights for FaceNet, whose own are in no registry: tests/golden/inception_resnet_v1.py makes up the same by the same
/// formula, and says what it is.
inline std::vector<float> made_up(const std::string& name, const std::vector<std::uint64_t>& shape) {
  std::uint64_t key = 0xCBF29CE484222325, count = 1;
  for (const char letter : name) key = (key ^ static_cast<std::uint8_t>(letter)) * 0x100000001B3;
  for (const std::uint64_t n : shape) count *= n;
  const bool spread = name.ends_with("bn.weight") || name.ends_with("running_var");
  const double bound = std::sqrt(6 / static_cast<double>(count / shape.front()));
  std::vector<float> values(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t x = key + (i + 1) * 0x9E3779B97F4A7C15;
    x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9;
    x = (x ^ (x >> 27U)) * 0x94D049BB133111EB;
    const double u = std::ldexp(static_cast<double>((x ^ (x >> 31U)) >> 40U), -24);
    values[i] = static_cast<float>(shape.size() > 1 ? (2 * u - 1) * bound : spread ? .5 + u : .4 * (u - .5));
  }
  return values;
}

/// A safetensors file of them, as many numbers an embedding; 94 MB.
inline std::filesystem::path write_made_up_facenet(const std::filesystem::path& path, std::uint64_t width = 512) {
  const std::filesystem::path list = std::filesystem::path(FACEOFF_GOLDEN_FOLDER) / "inception_resnet_v1/tensors.json";
  auto shapes = nlohmann::json::parse(std::ifstream(list)).get<std::map<std::string, std::vector<std::uint64_t>>>();
  nlohmann::json header;
  std::uint64_t end = 0;
  for (auto& [name, shape] : shapes) {
    if (name.starts_with("last_")) shape.front() = width;
    const std::uint64_t begin = end;
    std::uint64_t bytes = sizeof(float);
    for (const std::uint64_t n : shape) bytes *= n;
    end += bytes;
    header[name] = {{"dtype", "F32"}, {"shape", shape}, {"data_offsets", {begin, end}}};
  }
  const std::string text = header.dump();
  const std::uint64_t size = text.size();
  std::ofstream out(path, std::ios::binary);
  out.exceptions(std::ios::failbit | std::ios::badbit);
  out.write(reinterpret_cast<const char*>(&size), sizeof size) << text;
  for (const auto& [name, shape] : shapes) {
    const std::vector<float> values = made_up(name, shape);
    out.write(reinterpret_cast<const char*>(values.data()),
              static_cast<std::streamsize>(values.size() * sizeof(float)));
  }
  return path;
}

}  // namespace faceoff
