#include "plugins/build_plugin.hpp"

#include <filesystem>

#include "plugins/check_answer.hpp"
#include "plugins/plugin_config.hpp"
#include "plugins/thrown.hpp"

namespace faceoff {

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

void require_files(const PluginConfig& config, const Setup& setup) {
  for (const auto& [param, value] : config.params) {
    try {
      files_of(*param, value, setup);
    } catch (const MissingFile& error) {
      throw MissingFile(error.what(), error.path(), config.place_of(param->name));
    }
  }
}

std::string prefix(const Place& place) {
  return place.file.empty() ? "" : to_string(place) + ": ";
}

std::unique_ptr<Plugin> set_up(const PluginLibrary& plugins, const PluginConfig& config, const Setup& setup) {
  require_files(config, setup);
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

Field checked_fields(const std::string& who, Field fields) {
  check_fields(who, fields);
  return fields;
}

}  // namespace faceoff
