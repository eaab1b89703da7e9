// A plugin that nothing makes.
#include <faceoff/registry.hpp>

FACEOFF_PLUGINS(registrar) {
  faceoff::PluginInfo info;
  info.name = "no_factory";
  info.kind = faceoff::Kind::loss;
  registrar.add(info);
}
