#pragma once

#include <faceoff/error.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/json.hpp"

// What a run writes down and reads again. A record's fields are named once, in the order in which they are written, by
// a function for both ways:
//
//   template <class Io>
//   void fields(Io& io, Either<Io, Quality>& quality) {
//     io("linf", quality.linf);
//   }

/// A pair that is neither shorter nor longer.
template <class T>
struct nlohmann::adl_serializer<std::array<T, 2>> {
  static void to_json(auto& json, const std::array<T, 2>& pair) {
    json = std::remove_reference_t<decltype(json)>::array({pair[0], pair[1]});
  }
  static void from_json(const auto& json, std::array<T, 2>& pair) {
    if (!json.is_array() || json.size() != 2) throw faceoff::Error("not a pair");
    pair = {json.at(0).template get<T>(), json.at(1).template get<T>()};
  }
};

template <class T>
struct nlohmann::adl_serializer<std::optional<T>> {
  static void to_json(auto& json, const std::optional<T>& value) {
    json = nullptr;
    if (value) json = *value;
  }
  static void from_json(const auto& json, std::optional<T>& value) {
    value = json.is_null() ? std::nullopt : std::optional(json.template get<T>());
  }
};

namespace faceoff {

/// A value that is read. A whole number has to be one and to fit: nlohmann's own conversion takes 2.5 for 2 and true
/// for 1, and converts 1e300 to whatever there is.
template <class T>
T read_value(const Json& json) {
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    const bool fits = json.is_number_unsigned()
                          ? std::in_range<T>(json.get<std::uint64_t>())
                          : json.is_number_integer() && std::in_range<T>(json.get<std::int64_t>());
    if (!fits) throw Error("no whole number that can be: " + (json.is_structured() ? json.type_name() : json.dump()));
  }
  return json.get<T>();
}

/// A record that `Io` writes, or reads.
template <class Io, class T>
using Either = std::conditional_t<Io::writes, const T, T>;

/// Puts a record into JSON; numbers with a fraction, and lists of them, have six digits after the point.
class RecordWriter {
 public:
  static constexpr bool writes = true;

  explicit RecordWriter(Json& json) : json_(json) { json_ = Json::object(); }

  void operator()(const char* key, const auto& value) { json_[key] = nulls ? Json(nullptr) : short_numbers(value); }
  /// A number with all of its digits.
  void exact(const char* key, const auto& value) { json_[key] = value; }
  /// Null in place of an empty text.
  void or_null(const char* key, const std::string& text) { json_[key] = text.empty() ? Json(nullptr) : Json(text); }
  /// Only where `there` says so.
  void where(bool there, const char* key, const auto& value) {
    if (there) (*this)(key, value);
  }
  /// A list whose entries stand under their names.
  template <class T, class Of>
  void named(const char* key, const std::vector<T>& list, std::string Of::*name) {
    json_[key] = Json::object();
    for (const T& one : list) json_[key][one.*name] = one;
  }
  void entries(const char* key, const std::vector<std::pair<std::string, std::string>>& list) {
    json_[key] = Json::object();
    for (const auto& [name, value] : list) json_[key][name] = value;
  }
  /// In place of fields: a list.
  void row(const auto&... values) { json_ = short_numbers({values...}); }

  bool nulls = false;  ///< what follows is not known, and null

 private:
  static Json short_numbers(Json json) {
    if (json.is_number_float()) return rounded(json);
    if (json.is_array()) std::ranges::transform(json, json.begin(), short_numbers);
    return json;
  }

  Json& json_;
};

/// The same the other way. Throws Json::exception, or Error where a word is none that is written.
class RecordReader {
 public:
  static constexpr bool writes = false;

  explicit RecordReader(const Json& json) : json_(json) {}

  template <class T>
  void operator()(const char* key, T& value) {
    if (!nulls) value = read_value<T>(json_.at(key));
  }
  void exact(const char* key, auto& value) { (*this)(key, value); }
  void or_null(const char* key, std::string& text) {
    text = json_.at(key).get<std::optional<std::string>>().value_or("");
  }
  void where(bool, const char* key, auto& value) {
    if (json_.contains(key)) (*this)(key, value);
  }
  template <class T, class Of>
  void named(const char* key, std::vector<T>& list, std::string Of::*name) {
    for (const auto& [said, json] : json_.at(key).items()) list.emplace_back(json.template get<T>()).*name = said;
  }
  void entries(const char* key, std::vector<std::pair<std::string, std::string>>& list) {
    for (const auto& [name, value] : json_.at(key).items()) list.emplace_back(name, value);
  }
  template <class... T>
  void row(T&... values) {
    std::size_t place = 0;
    ((values = read_value<T>(json_.at(place++))), ...);
  }

  bool nulls = false;  ///< what follows is not known, and is left as it is

 private:
  const Json& json_;
};

template <class T>
requires requires(RecordWriter& io, const T& record) {
  fields(io, record);
}
void to_json(Json& json, const T& record) {
  RecordWriter io(json);
  fields(io, record);
}

template <class T>
requires requires(RecordReader& io, T& record) {
  fields(io, record);
}
void from_json(const Json& json, T& record) {
  RecordReader io(json);
  fields(io, record);
}

}  // namespace faceoff
