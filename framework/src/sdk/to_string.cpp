#include <faceoff/output.hpp>
#include <faceoff/schema.hpp>
#include <faceoff/view.hpp>

#include <array>
#include <charconv>
#include <utility>

namespace faceoff {

namespace {

std::string written(bool value) {
  return value ? "true" : "false";
}

std::string written(std::int64_t value) {
  return std::to_string(value);
}

std::string written(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (code < 0x20 || code == 0x7f) {
      constexpr const char* hex = "0123456789ABCDEF";
      out += "\\u00";
      out += hex[code >> 4U];
      out += hex[code & 15U];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string written(double value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  std::string text(buffer.data(), end);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

template <class T>
std::string written(const std::vector<T>& items) {
  std::string text;
  for (const T& item : items) text += (text.empty() ? "" : ", ") + written(item);
  return "[" + text + "]";
}

}  // namespace

std::string to_string(Field fields) {
  constexpr std::array<std::pair<Field, const char*>, 7> names = {{{Field::scores, "scores"},
                                                                   {Field::boxes, "boxes"},
                                                                   {Field::landmarks, "landmarks"},
                                                                   {Field::embedding, "embedding"},
                                                                   {Field::picture, "picture"},
                                                                   {Field::targets, "targets"},
                                                                   {Field::mean, "mean"}}};
  std::string text;
  for (const auto& [field, name] : names) {
    if (includes(fields, field)) text += (text.empty() ? "" : ", ") + std::string(name);
  }
  return text;
}

std::string to_string(const Crop& crop) {
  constexpr std::array<const char*, std::variant_size_v<Crop>> names = {
      "whole_picture", "box", "padded_box", "dlib_rect", "five_points", "stretched_picture", "letterboxed_picture"};
  return names.at(crop.index());
}

std::string to_string(Kind kind) {
  constexpr std::array<const char*, 4> names = {"model", "loss", "optimizer", "augmentation"};
  const auto index = static_cast<std::size_t>(kind);
  return index < names.size() ? names.at(index) : "plugin";
}

std::string type_name(const ParamValue& value) {
  constexpr std::array<const char*, 6> names = {"true or false", "an integer",        "a number",
                                                "a string",      "a list of numbers", "a list of strings"};
  return names.at(value.index());
}

std::string to_toml(const ParamValue& value) {
  return std::visit([](const auto& concrete) { return written(concrete); }, value);
}

}  // namespace faceoff
