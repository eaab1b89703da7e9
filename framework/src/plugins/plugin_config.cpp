#include "plugins/plugin_config.hpp"

#include <variant>

#include "base/suggest.hpp"

namespace faceoff {

std::vector<std::string> strings_of(const ParamValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return {*text};
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) return *list;
  return {};
}

std::vector<std::filesystem::path> files_of(const ParamInfo& param, const ParamValue& value, const Setup& setup) {
  std::vector<std::filesystem::path> files;
  if (!param.file) return files;
  for (const std::string& name : strings_of(value)) {
    if (!name.empty()) files.push_back(setup.resolve(name));
  }
  return files;
}

PluginConfig read_plugin(TomlTable& from, Kind kind, const PluginLibrary& plugins) {
  PluginConfig config;
  const std::string name = from.required_text("plugin");
  config.place = from.place("plugin");
  if (name.empty()) return config;
  config.info = plugins.find(kind, name);
  if (config.info == nullptr) {
    const std::string why = plugins.why_missing(name);
    if (!why.empty()) throw PluginError(to_string(config.place) + ": " + why);
    from.fault("plugin", "no " + to_string(kind) + " '" + name + "'" + did_you_mean(name, plugins.names(kind)) +
                             " (faceoff plugins lists them)");
    return config;
  }
  for (const ParamInfo& info : config.info->params) {
    config.params.emplace_back(&info, from.param(info));
    if (from.has(info.name)) config.places[info.name] = from.place(info.name);
  }
  from.finish();
  return config;
}

Place place_of_file(const PluginConfig& config, const std::string& message) {
  Place place = config.place;
  std::size_t longest = 0;  // one file's name may be a part of another's
  for (const auto& [param, value] : config.params) {
    if (!param->file) continue;
    for (const std::string& file : strings_of(value)) {
      const std::string name = std::filesystem::path(file).filename().string();
      if (name.size() <= longest || message.find(name) == std::string::npos) continue;
      longest = name.size();
      place = config.place_of(param->name);
    }
  }
  return place;
}

std::string prefix(const Place& place) {
  return place.file.empty() ? "" : to_string(place) + ": ";
}

std::unique_ptr<Plugin> set_up(const PluginLibrary& plugins, const PluginConfig& config, const Setup& setup) {
  for (const auto& [param, value] : config.params) {
    try {
      files_of(*param, value, setup);
    } catch (const MissingFile& error) {
      throw MissingFile(error.what(), error.path(), config.place_of(param->name));
    }
  }
  std::unique_ptr<Plugin> plugin = plugins.create(*config.info);
  for (const auto& [param, value] : config.params) param->set(*plugin, value);
  const std::string who = "plugin " + config.info->name;
  PluginCall call(who, {});
  try {
    plugin->setup(setup);
    call.check();
  } catch (const MissingFile& error) {
    throw MissingFile(error.what(), error.path(), place_of_file(config, error.what()));
  } catch (const ConfigError& error) {
    throw ConfigError(config.info->name + ": " + error.what(), config.place);
  } catch (const FileError& error) {
    throw FileError(prefix(place_of_file(config, error.what())) + error.what());
  } catch (const PluginFault& error) {
    throw PluginError(prefix(config.place) + error.what());
  } catch (...) {
    throw PluginError(prefix(config.place) + who + ": " + what_was_thrown());
  }
  return plugin;
}

}  // namespace faceoff
