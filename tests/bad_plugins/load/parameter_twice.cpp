// Declares one parameter twice.
#include <faceoff/plugin.hpp>
#include <faceoff/registry.hpp>

FACEOFF_PLUGINS(registrar) {
  faceoff::ParamInfo steps;
  steps.name = "steps";
  steps.set = [](faceoff::Plugin&, const faceoff::ParamValue&) {};
  faceoff::PluginInfo info;
  info.name = "parameter_twice";
  info.kind = faceoff::Kind::loss;
  info.params = {steps, steps};
  info.create = []() -> faceoff::Plugin* { return nullptr; };
  registrar.add(info);
}
