#pragma once

#include <faceoff/error.hpp>

#include <ATen/core/MT19937RNGEngine.h>
#include <ATen/core/Tensor.h>
#include <c10/core/AutogradState.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <cstdint>
#include <filesystem>
#include <locale>
#include <string>
#include <utility>
#include <vector>

#include "plugins/black_box.hpp"

namespace faceoff {

/// What the exception being handled says, in one line; for catch (...) around a plugin's code, which may throw
/// anything. A caller's Interrupted it throws on.
std::string what_was_thrown();

/// A fault of a plugin as the host tells it: "plugin P, item I, step S: what", with what of that is under way. What a
/// plugin throws itself, be it a PluginError, is none before it is told so.
class PluginFault : public PluginError {
 public:
  PluginFault(const std::string& who, const std::string& what);
};

/// Tensors that a plugin is given to look at, by what it knows them as.
using Given = std::vector<std::pair<std::string, at::Tensor>>;

/// One call of a plugin: notes it in the black box, and sees to it that the plugin leaves behind what it found, the
/// process's state (grad and inference mode, threads, locale, default type, LibTorch's own random numbers, working
/// folder) and the tensors it was given.
class PluginCall {
 public:
  PluginCall(const std::string& who, Given given);
  PluginCall(const PluginCall&) = delete;
  PluginCall& operator=(const PluginCall&) = delete;
  ~PluginCall();

  /// Puts the process's state back; a PluginError says what the plugin changed.
  void check();

 private:
  struct State {
    static State now();
    c10::AutogradState autograd;
    c10::impl::LocalDispatchKeySet dispatch;
    int threads;
    std::string locale;
    std::locale cpp_locale;
    at::ScalarType dtype;
    at::mt19937 random;
    std::filesystem::path folder;
  };
  /// Puts back what differs, and says what that was.
  std::string restore() const;

  std::string who_;
  Doing doing_;
  State before_;
  Given given_;
  std::vector<std::int64_t> versions_;
};

/// Calls into a plugin: what it throws becomes a PluginError that names `who`, and so does a state or a tensor that it
/// changes and should not.
template <class Call>
auto call_plugin(const std::string& who, Given given, const Call& call) -> decltype(call()) {
  PluginCall plugin_call(who, std::move(given));
  try {
    auto result = call();
    plugin_call.check();
    return result;
  } catch (const PluginFault&) {
    throw;
  } catch (...) {
    throw PluginFault(who, what_was_thrown());
  }
}

template <class Call>
auto call_plugin(const std::string& who, const Call& call) -> decltype(call()) {
  return call_plugin(who, Given{}, call);
}

}  // namespace faceoff
