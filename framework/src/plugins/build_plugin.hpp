#pragma once

#include <faceoff/output.hpp>
#include <faceoff/plugin.hpp>

#include <memory>
#include <string>

#include "plugins/call_plugin.hpp"
#include "plugins/plugin_config.hpp"
#include "plugins/plugin_library.hpp"

namespace faceoff {

/// Where the experiment names the file that a message is about, or the plugin: by the parameters that name files.
Place place_of_file(const PluginConfig& config, const std::string& message);

/// Throws MissingFile with the place of the parameter whose file is nowhere.
void require_files(const PluginConfig& config, const Setup& setup);

/// "file:line:column: ", as far as it is known.
std::string prefix(const Place& place);

/// Creates the plugin, sets its parameters and sets it up; what it refuses is said with the place in the experiment.
std::unique_ptr<Plugin> set_up(const PluginLibrary& plugins, const PluginConfig& config, const Setup& setup);

/// The same as what the experiment takes it for.
template <class P>
std::unique_ptr<P> build_plugin(const PluginLibrary& plugins, const PluginConfig& config, const Setup& setup) {
  std::unique_ptr<Plugin> plugin = set_up(plugins, config, setup);
  auto* typed = dynamic_cast<P*>(plugin.get());
  if (typed == nullptr)
    throw PluginError(prefix(config.place) + "plugin " + config.info->name + " is not what it says it is");
  plugin.release();
  return std::unique_ptr<P>(typed);
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

/// Throws PluginError where they are none.
Field checked_fields(const std::string& who, Field fields);

/// What a model provides, or a loss needs.
template <class Ask>
Field ask_fields(const std::string& who, const Place& place, const Ask& ask) {
  return ask_plugin(who, place, [&] { return checked_fields(who, ask()); });
}

}  // namespace faceoff
