#pragma once

#include <string>

#include "program.hpp"

namespace system_test {

/// The conformance suite over a TorchScript file of 64 pixels.
inline Outcome check_script(const std::filesystem::path& folder, const std::string& file, const Args& more = {}) {
  Args args = {"plugins", "check", (std::filesystem::path(FACEOFF_PLUGIN_FOLDER) / "torchscript.so").string()};
  for (const std::string& value : {"torchscript.weights=" + file, std::string("torchscript.size=64")})
    args.insert(args.end(), {"--set", value});
  args.insert(args.end(), more.begin(), more.end());
  return run_faceoff(args, folder);
}

}  // namespace system_test
