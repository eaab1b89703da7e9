#pragma once

#include <faceoff/export.hpp>
#include <faceoff/handshake.hpp>
#include <faceoff/schema.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace faceoff {

class Model;
class Loss;
class Optimizer;
class Augmentation;

/// What a plugin library registers its plugins with.
class FACEOFF_API Registrar {
 public:
  virtual ~Registrar();
  virtual void add(PluginInfo info) = 0;

  /// Registers P, which describes itself by `static void describe(Schema<P>&)`.
  template <class P>
  void add() {
    PluginInfo info;
    info.kind = kind_of<P>();
    info.create = []() -> Plugin* { return std::make_unique<P>().release(); };
    Schema<P> schema(info);
    P::describe(schema);
    add(std::move(info));
  }

 private:
  template <class P>
  static constexpr Kind kind_of() {
    if constexpr (std::is_base_of_v<Model, P>) {
      return Kind::model;
    } else if constexpr (std::is_base_of_v<Loss, P>) {
      return Kind::loss;
    } else if constexpr (std::is_base_of_v<Optimizer, P>) {
      return Kind::optimizer;
    } else {
      static_assert(std::is_base_of_v<Augmentation, P>, "a plugin is a Model, a Loss, an Optimizer or an Augmentation");
      return Kind::augmentation;
    }
  }
};

}  // namespace faceoff

/// FACEOFF_PLUGINS(r) { r.add<Dodge>(); } — once in a plugin library: its handshake and its entry point.
#define FACEOFF_PLUGINS(registrar)                                              \
  extern "C" FACEOFF_API constinit const ::faceoff::Handshake faceoff_handshake \
      __attribute__((section(".faceoff"), used)) = ::faceoff::Handshake{};      \
  extern "C" FACEOFF_API void faceoff_register(::faceoff::Registrar& registrar)
