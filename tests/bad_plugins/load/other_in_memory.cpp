// The handshake that its file shows is not the one that the loaded library has.
#include <faceoff/registry.hpp>

namespace {

constexpr faceoff::Handshake other() {
  faceoff::Handshake handshake;
  ++handshake.api;
  return handshake;
}

[[maybe_unused]] constinit const faceoff::Handshake shown __attribute__((section(".faceoff"), used)) =
    faceoff::Handshake{};

}  // namespace

extern "C" FACEOFF_API constinit const faceoff::Handshake faceoff_handshake = other();
extern "C" FACEOFF_API void faceoff_register(faceoff::Registrar& /*registrar*/) {}
