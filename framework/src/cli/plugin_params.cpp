#include "cli/plugin_params.hpp"

#include "toml/document.hpp"
#include "toml/table.hpp"

namespace faceoff {

std::map<const PluginInfo*, PluginParams> read_params(const std::vector<const PluginInfo*>& plugins,
                                                      const std::vector<std::string>& sets) {
  const toml::table said = parse_sets(sets);
  Diagnostics diagnostics({SourceText{}});
  Resolved resolved;
  std::map<const PluginInfo*, PluginParams> all;
  TomlTable top(&said, "", {}, diagnostics, resolved);
  for (const PluginInfo* info : plugins) {
    const toml::node* own = top.take(info->name);
    if (own == nullptr) continue;
    if (!own->is_table()) top.fault(info->name, "'" + info->name + "' is a plugin: set " + info->name + ".KEY");
    TomlTable section(own->as_table(), info->name, {}, diagnostics, resolved);
    for (const ParamInfo& param : info->params) all[info].emplace_back(&param, section.param(param));
    section.finish();
  }
  top.finish();
  diagnostics.throw_if_any();
  return all;
}

}  // namespace faceoff
