#include <algorithm>
#include <cmath>

#include "base/lists.hpp"
#include "base/one_line.hpp"
#include "plugins/plugin_config.hpp"
#include "plugins/plugin_library.hpp"

namespace faceoff {

namespace {

constexpr std::size_t longest_name = 64;
const std::vector<std::string> reserved = {"plugin", "models",      "precision", "draw_models",
                                           "weight", "probability", "draws",     "at"};

std::string in_quotes(std::string_view name) {
  return "'" + one_line(name, longest_name) + "'";
}

void require_name(const std::string& what, std::string_view name) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  if (name.empty() || name.size() > longest_name || !std::ranges::all_of(name, allowed))
    throw PluginError(what + " is no name: 1 to 64 of a-z, 0-9 and _");
}

/// The numbers in a value; none where it has none.
std::vector<double> numbers_of(const ParamValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return {static_cast<double>(*integer)};
  if (const auto* number = std::get_if<double>(&value)) return {*number};
  if (const auto* list = std::get_if<std::vector<double>>(&value)) return *list;
  return {};
}

bool is_textual(const ParamValue& value) {
  return std::holds_alternative<std::string>(value) || std::holds_alternative<std::vector<std::string>>(value);
}

void check_range(const std::string& which, const ParamInfo& param) {
  const std::vector<double> numbers = numbers_of(param.initial);
  if (!std::ranges::all_of(numbers, [](double number) { return std::isfinite(number); }))
    throw PluginError(which + " has a default that is not finite, which no experiment may say");
  if (!param.low && !param.high) return;
  if (is_textual(param.initial) || std::holds_alternative<bool>(param.initial))
    throw PluginError(which + " has a range, and is " + type_name(param.initial));
  if (param.low && param.high && !(*param.low <= *param.high))
    throw PluginError(which + " has a range that ends before it begins");
  const auto inside = [&](double number) {
    return (!param.low || number >= *param.low) && (!param.high || number <= *param.high);
  };
  if (!std::ranges::all_of(numbers, inside))
    throw PluginError(which + " has a default outside its range: " + one_line(to_toml(param.initial)));
}

void check_choices(const std::string& which, const ParamInfo& param) {
  if (param.choices.empty()) return;
  if (!is_textual(param.initial)) throw PluginError(which + " has choices, and is " + type_name(param.initial));
  for (const std::string& text : strings_of(param.initial)) {
    if (std::ranges::find(param.choices, text) == param.choices.end()) {
      throw PluginError(which + " has a default that is none of its choices: " + in_quotes(text));
    }
  }
}

void check_params(const PluginInfo& info) {
  std::set<std::string_view> names;
  for (const ParamInfo& param : info.params) {
    const std::string which = "parameter " + in_quotes(param.name) + " of its " + describe(info);
    require_name(which, param.name);
    if (std::ranges::find(reserved, param.name) != reserved.end()) {
      throw PluginError(which + " has a name that the host needs for itself (" + joined(reserved) + ")");
    }
    if (!names.insert(param.name).second) throw PluginError(which + " is declared twice");
    if (!param.set) throw PluginError(which + " has nothing that sets it");
    check_range(which, param);
    check_choices(which, param);
    if (param.file && !is_textual(param.initial))
      throw PluginError(which + " names files, and is " + type_name(param.initial));
  }
}

}  // namespace

std::string describe(const PluginInfo& info) {
  return to_string(info.kind) + " " + in_quotes(info.name);
}

void check_registered(const std::vector<PluginInfo>& plugins) {
  if (plugins.empty()) throw PluginError("it registers no plugin");
  std::set<std::pair<Kind, std::string_view>> names;
  for (const PluginInfo& info : plugins) {
    if (info.kind < Kind::model || info.kind > Kind::augmentation) {
      throw PluginError("its plugin " + in_quotes(info.name) + " is of a kind that this host does not know");
    }
    require_name("its " + describe(info), info.name);
    if (!info.create) throw PluginError("its " + describe(info) + " has no factory");
    if (!names.emplace(info.kind, info.name).second) throw PluginError("it registers the " + describe(info) + " twice");
    check_params(info);
  }
}

}  // namespace faceoff
