#include <faceoff/output.hpp>
#include <faceoff/schema.hpp>
#include <faceoff/view.hpp>

#include <array>
#include <charconv>
#include <utility>

namespace faceoff {

namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

std::string quoted(const std::string& text) {
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

std::string number(double value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  std::string text(buffer.data(), end);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

template <class T, class Print>
std::string list(const std::vector<T>& items, Print print) {
  std::string text;
  for (const T& item : items) text += (text.empty() ? "" : ", ") + print(item);
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
  return std::visit(Overloaded{[](bool v) { return std::string(v ? "true" : "false"); },
                               [](std::int64_t v) { return std::to_string(v); }, [](double v) { return number(v); },
                               [](const std::string& v) { return quoted(v); },
                               [](const std::vector<double>& v) { return list(v, number); },
                               [](const std::vector<std::string>& v) { return list(v, quoted); }},
                    value);
}

}  // namespace faceoff
