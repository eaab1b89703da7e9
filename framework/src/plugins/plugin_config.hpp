#pragma once

#include <faceoff/error.hpp>
#include <faceoff/layers.hpp>
#include <faceoff/output.hpp>
#include <faceoff/plugin.hpp>
#include <faceoff/schema.hpp>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plugins/call_plugin.hpp"
#include "plugins/check_answer.hpp"
#include "plugins/plugin_library.hpp"
#include "toml/table.hpp"

namespace faceoff {

/// Throws ConfigError with the place where something does not hold.
inline void require(bool holds, const Place& place, const std::string& message) {
  if (!holds) throw ConfigError(message, place);
}

/// The strings of a value: one, or those of a list; none of other types.
std::vector<std::string> strings_of(const ParamValue& value);

/// The files that a parameter names, if it is declared to name any. Throws MissingFile.
std::vector<std::filesystem::path> files_of(const ParamInfo& param, const ParamValue& value, const Setup& setup);

/// A plugin as an experiment asks for it.
struct PluginConfig {
  const PluginInfo* info = nullptr;
  std::vector<std::pair<const ParamInfo*, ParamValue>> params;
  std::map<std::string, Place> places;  ///< of the parameters that the experiment sets
  Place place;
  layers::Precision precision = layers::Precision::float32;  ///< of a model's layers while it is attacked

  /// Where a parameter is set, else where the plugin is named.
  Place place_of(const std::string& param) const {
    const auto found = places.find(param);
    return found != places.end() ? found->second : place;
  }
};

/// Reads the plugin that a table names, with its parameters, which are all that the table has beside what was asked for
/// before. Adds a fault where there is no such plugin; throws PluginError where its library can't be loaded.
PluginConfig read_plugin(TomlTable& from, Kind kind, const PluginLibrary& plugins);

/// Where the experiment names the file that a message is about, or the plugin: by the parameters that name files.
Place place_of_file(const PluginConfig& config, const std::string& message);

/// "file:line:column: ", as far as it is known.
std::string prefix(const Place& place);

/// Creates the plugin, sets its parameters and sets it up; what it refuses is said with the place in the experiment.
std::unique_ptr<Plugin> set_up(const PluginLibrary& plugins, const PluginConfig& config, const Setup& setup);

/// The same as the kind that the experiment takes it for, and that its library says it is.
template <class P>
std::unique_ptr<P> build_plugin(const PluginLibrary& plugins, const PluginConfig& config, const Setup& setup) {
  return std::unique_ptr<P>(dynamic_cast<P*>(set_up(plugins, config, setup).release()));
}

/// What a plugin says of itself; what it throws instead is said with its place in the experiment.
template <class Ask>
auto ask_plugin(const std::string& who, const Place& place, const Ask& ask) {
  try {
    return call_plugin(who, ask);
  } catch (const PluginError& error) {
    throw PluginError(prefix(place) + error.what());
  }
}

/// What a model provides, or a loss needs.
template <class Ask>
Field ask_fields(const std::string& who, const Place& place, const Ask& ask) {
  return ask_plugin(who, place, [&] { return check_fields(who, ask()); });
}

}  // namespace faceoff
