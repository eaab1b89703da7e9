#include <faceoff/error.hpp>
#include <faceoff/handshake.hpp>

#include "fuzz/input_file.hpp"
#include "fuzz/targets.hpp"
#include "plugins/elf.hpp"

namespace faceoff::fuzz {

void plugin_file(std::string_view input) {
  const InputFile file(input);
  try {
    LibraryFile(file.path()).section(handshake_section);
  } catch (const PluginError&) {
  }
}

}  // namespace faceoff::fuzz
