// A plugin without a name.
#include <faceoff/plugin.hpp>
#include <faceoff/registry.hpp>

FACEOFF_PLUGINS(registrar) {
  faceoff::PluginInfo info;
  info.name = "";
  info.kind = faceoff::Kind::loss;
  info.create = []() -> faceoff::Plugin* { return nullptr; };
  registrar.add(info);
}
