#pragma once

#include <faceoff/export.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace faceoff {

class Plugin;

/// A parameter's value as an experiment can write it.
using ParamValue = std::variant<bool, std::int64_t, double, std::string, std::vector<double>, std::vector<std::string>>;

/// "integer", "list of numbers"…: the alternative's name in messages and pages.
FACEOFF_API std::string type_name(const ParamValue& value);

/// The value as TOML.
FACEOFF_API std::string to_toml(const ParamValue& value);

/// One parameter: what validation, `faceoff plugins NAME` and the reference page know of it.
struct ParamInfo {
  std::string name;
  std::string doc;
  std::string unit;
  ParamValue initial;  ///< the member's own initial value: type and default at once
  std::optional<double> low, high;
  std::vector<std::string> choices;
  bool file = false;  ///< names files: Setup::resolve finds them, and what is in them counts as the value does
  std::function<void(Plugin&, const ParamValue&)> set;
};

enum class Kind : int { model, loss, optimizer, augmentation };
FACEOFF_API std::string to_string(Kind kind);

/// Everything about one plugin but its code.
struct PluginInfo {
  std::string name;
  Kind kind = Kind::model;
  std::string summary;
  std::string citation;
  std::vector<ParamInfo> params;
  std::function<Plugin*()> create;
};

/// What describe() writes into: a plugin's name, summary, citation and parameters, each declared once, on its member.
template <class P>
class Schema {
 public:
  explicit Schema(PluginInfo& info) : info_(info) {}

  Schema& name(std::string text) { return info_.name = std::move(text), *this; }
  Schema& summary(std::string text) { return info_.summary = std::move(text), *this; }
  Schema& cites(std::string text) { return info_.citation = std::move(text), *this; }

  /// Refines the parameter just declared; both ends of a range belong to it.
  class Param {
   public:
    explicit Param(ParamInfo& info) : info_(info) {}
    Param& range(double low, double high) {
      // Of an integer the whole numbers in between; a member that holds less than that keeps its own bounds.
      if (std::holds_alternative<std::int64_t>(info_.initial)) low = std::ceil(low), high = std::floor(high);
      info_.low = info_.low ? std::max(*info_.low, low) : low;
      info_.high = info_.high ? std::min(*info_.high, high) : high;
      return *this;
    }
    Param& unit(std::string text) { return info_.unit = std::move(text), *this; }
    Param& choices(std::vector<std::string> names) { return info_.choices = std::move(names), *this; }
    /// Says that a string, or each of a list, names a file, as weights: the host finds it as Setup::resolve does, names
    /// the parameter where it is missing or damaged, and takes another content for another value. Empty: no file.
    Param& file() { return info_.file = true, *this; }

   private:
    ParamInfo& info_;
  };

  /// s.param("steps", &Pgd::steps_, "gradient steps").range(1, 10000)
  template <class T>
  Param param(std::string name, T P::*member, std::string doc) {
    ParamInfo info;
    info.name = std::move(name);
    info.doc = std::move(doc);
    info.initial = Stored<T>(defaults_.*member);
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool> && sizeof(T) < sizeof(std::int64_t)) {
      info.low = static_cast<double>(std::numeric_limits<T>::min());
      info.high = static_cast<double>(std::numeric_limits<T>::max());
    }
    if constexpr (std::is_unsigned_v<T> && !std::is_same_v<T, bool>) info.low = 0;
    if constexpr (std::is_same_v<T, float>) {
      info.low = std::numeric_limits<T>::lowest();
      info.high = std::numeric_limits<T>::max();
    }
    info.set = [member](Plugin& plugin, const ParamValue& value) {
      static_cast<P&>(plugin).*member = static_cast<T>(std::get<Stored<T>>(value));
    };
    info_.params.push_back(std::move(info));
    return Param(info_.params.back());
  }

 private:
  template <class T>
  using Stored = std::conditional_t<std::is_same_v<T, bool>, bool,
                                    std::conditional_t<std::is_integral_v<T>, std::int64_t,
                                                       std::conditional_t<std::is_floating_point_v<T>, double, T>>>;

  PluginInfo& info_;
  P defaults_;
};

}  // namespace faceoff
