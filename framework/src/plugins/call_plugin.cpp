#include "plugins/call_plugin.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <boost/core/demangle.hpp>
#include <c10/core/DefaultDtype.h>
#include <c10/core/ScalarTypeToTypeMeta.h>
#include <c10/util/Exception.h>
#include <cxxabi.h>

#include <clocale>
#include <exception>
#include <new>
#include <typeinfo>

#include "base/lists.hpp"
#include "base/one_line.hpp"
#include "plugins/caller.hpp"

namespace faceoff {

namespace {

at::CPUGeneratorImpl& generator() {
  return *at::check_generator<at::CPUGeneratorImpl>(at::detail::getDefaultCPUGenerator());
}

bool same(const at::mt19937_data_pod& a, const at::mt19937_data_pod& b) {
  return a.seed_ == b.seed_ && a.left_ == b.left_ && a.next_ == b.next_ && a.state_ == b.state_;
}

std::string type_of_current_exception() {
  const std::type_info* const type = abi::__cxa_current_exception_type();
  if (type == nullptr) return "no C++ exception";
  return "a C++ exception of type " + one_line(boost::core::demangle(type->name()));
}

/// Of LibTorch's words for an allocation that failed, which begin with a place in its source, what a user can tell
/// something from.
std::string in_short(const std::string& said) {
  for (const char* words : {"DefaultCPUAllocator: not enough memory", "DefaultCPUAllocator: can't allocate memory"}) {
    if (said.find(words) == std::string::npos) continue;
    const std::string asked = "you tried to allocate ";
    const std::size_t at = said.find(asked);
    if (at == std::string::npos) return "out of memory";
    const std::size_t begin = at + asked.size();
    return "out of memory, of which it asked for " + said.substr(begin, said.find(' ', begin) - begin) + " bytes more";
  }
  return said;
}

}  // namespace

std::string what_was_thrown() {
  try {
    throw;
  } catch (const Interrupted&) {
    throw;
  } catch (const c10::Error& error) {
    return one_line(in_short(error.what_without_backtrace()));
  } catch (const std::bad_alloc&) {
    return "out of memory";
  } catch (const std::exception& error) {
    const char* const what = error.what();
    const std::string text = what != nullptr ? one_line(what) : "";
    return text.empty() ? type_of_current_exception() : text;
  } catch (...) {
    return type_of_current_exception();
  }
}

PluginFault::PluginFault(const std::string& who, const std::string& what)
    : PluginError(who + whereabouts(BlackBox::here()) + ": " + what) {}

PluginCall::State PluginCall::State::now() {
  const char* const locale = std::setlocale(LC_ALL, nullptr);
  std::error_code ignored;
  return {c10::AutogradState::get_tls_state(),
          c10::impl::tls_local_dispatch_key_set(),
          at::get_num_threads(),
          locale == nullptr ? "" : locale,
          std::locale(),
          c10::get_default_dtype_as_scalartype(),
          generator().engine(),
          std::filesystem::current_path(ignored)};
}

PluginCall::PluginCall(const std::string& who, Given given)
    : who_(who), doing_(who), before_(State::now()), given_(std::move(given)) {
  if (Caller* const caller = Caller::here()) caller->check_interrupt();
  // Of those made in inference mode nobody counts the changes.
  std::erase_if(given_, [](const auto& entry) { return !entry.second.defined() || entry.second.is_inference(); });
  for (const auto& [name, tensor] : given_) versions_.push_back(tensor._version());
}

PluginCall::~PluginCall() {
  restore();
}

std::string PluginCall::restore() const {
  const State after = State::now();
  std::vector<std::string> changed;
  const bool grad_mode = before_.autograd.get_grad_mode();
  if (after.autograd.get_inference_mode() != before_.autograd.get_inference_mode()) {
    c10::impl::_force_tls_local_dispatch_key_set(before_.dispatch);
    c10::AutogradState::set_tls_state(before_.autograd);
    changed.emplace_back("the inference mode, which it left on");
  } else if (after.autograd.get_grad_mode() != grad_mode) {
    at::GradMode::set_enabled(grad_mode);
    changed.push_back(grad_mode ? "the grad mode, which it left off" : "the grad mode, which it left on");
  }
  if (after.threads != before_.threads) {
    at::set_num_threads(before_.threads);
    changed.emplace_back("the number of threads");
  }
  if (after.locale != before_.locale || after.cpp_locale != before_.cpp_locale) {
    std::locale::global(before_.cpp_locale);
    std::setlocale(LC_ALL, before_.locale.c_str());
    changed.emplace_back("the locale");
  }
  if (after.dtype != before_.dtype) {
    c10::set_default_dtype(c10::scalarTypeToTypeMeta(before_.dtype));
    changed.emplace_back("the default type");
  }
  if (!same(after.random.data(), before_.random.data())) {
    generator().set_engine(before_.random);
    changed.emplace_back("LibTorch's own random numbers, which depend on all that was drawn before (use Random)");
  }
  if (after.folder != before_.folder) {
    std::error_code ignored;
    std::filesystem::current_path(before_.folder, ignored);
    changed.emplace_back("the working folder");
  }
  return joined(changed);
}

void PluginCall::check() {
  if (const std::string changed = restore(); !changed.empty())
    throw PluginFault(who_, "it changed the state of the process: " + changed);
  for (std::size_t i = 0; i < given_.size(); ++i) {
    if (static_cast<std::int64_t>(given_[i].second._version()) != versions_[i])
      throw PluginFault(who_, "it changed " + given_[i].first + " in place, which it was given to look at; clone it");
  }
}

}  // namespace faceoff
