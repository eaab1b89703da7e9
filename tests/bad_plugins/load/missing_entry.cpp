// A handshake, and nothing that registers plugins.
#include <faceoff/handshake.hpp>

extern "C" FACEOFF_API constinit const faceoff::Handshake faceoff_handshake __attribute__((section(".faceoff"), used)) =
    faceoff::Handshake{};
