#include "experiment/experiment.hpp"

#include <faceoff/error.hpp>

#include <fstream>

#include "fuzz/require.hpp"
#include "fuzz/targets.hpp"
#include "temporary_folder.hpp"

namespace faceoff::fuzz {

namespace {

/// Whether it may name files outside of its folder, which are no business of a fuzzer's.
bool leads_away(std::string_view text) {
  return text.find("..") != std::string_view::npos || text.find("\"/") != std::string_view::npos ||
         text.find("'/") != std::string_view::npos || text.find('~') != std::string_view::npos;
}

}  // namespace

/// Without any plugin, so that only a run that is judged can be read to its end.
void experiment(std::string_view input) {
  if (leads_away(input)) return;
  static const TemporaryFolder folder;
  const std::filesystem::path file = folder / "experiment.toml";
  std::ofstream(file, std::ios::binary) << input;
  const PluginLibrary no_plugins;
  for (const Purpose purpose : {Purpose::attack, Purpose::judge}) {
    try {
      const Document document(file, {});
      document.sweep();
      for (const Experiment& variant : read_experiments(document, no_plugins, purpose))
        require(!toml::parse(to_toml({{variant.variant, &variant.resolved}})).empty(), "nothing is resolved");
    } catch (const ConfigError& error) {
      require(*error.what() != '\0', "an error without words");
    }
  }
}

}  // namespace faceoff::fuzz
