// A plugin whose name is no UTF-8.
#include <faceoff/plugin.hpp>
#include <faceoff/registry.hpp>

FACEOFF_PLUGINS(registrar) {
  faceoff::PluginInfo info;
  info.name = "caf\xE9";
  info.kind = faceoff::Kind::loss;
  info.create = []() -> faceoff::Plugin* { return nullptr; };
  registrar.add(info);
}
