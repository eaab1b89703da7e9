// A plugin whose name has 10,000 characters.
#include <faceoff/plugin.hpp>
#include <faceoff/registry.hpp>

#include <string>

FACEOFF_PLUGINS(registrar) {
  faceoff::PluginInfo info;
  info.name = std::string(10000, 'x');
  info.kind = faceoff::Kind::loss;
  info.create = []() -> faceoff::Plugin* { return nullptr; };
  registrar.add(info);
}
