#pragma once

#include <faceoff/error.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace faceoff {

/// Text from elsewhere (a plugin, a library, a file's name) as part of one line of a message: control characters and
/// line breaks become spaces, bytes that are no UTF-8 become '?', and what is longer than `longest` bytes is cut.
std::string one_line(std::string_view text, std::size_t longest = 400);

/// What the exception being handled says, in one line; for catch (...) around a plugin's code, which may throw
/// anything.
std::string what_was_thrown();

/// Calls into a plugin: what it throws becomes a PluginError that names `who`.
template <class Call>
auto call_plugin(const std::string& who, const Call& call) -> decltype(call()) {
  try {
    return call();
  } catch (const PluginError&) {
    throw;
  } catch (...) {
    throw PluginError(who + ": " + what_was_thrown());
  }
}

}  // namespace faceoff
