// Throws what is no exception, after it has registered a plugin, which must not stay behind.
#include <faceoff/plugin.hpp>
#include <faceoff/registry.hpp>

FACEOFF_PLUGINS(registrar) {
  faceoff::PluginInfo info;
  info.name = "left_behind";
  info.kind = faceoff::Kind::loss;
  info.create = []() -> faceoff::Plugin* { return nullptr; };
  registrar.add(info);
  throw 42;
}
