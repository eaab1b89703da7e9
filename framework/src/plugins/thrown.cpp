#include "plugins/thrown.hpp"

#include <c10/util/Exception.h>
#include <cxxabi.h>

#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <typeinfo>

#include "base/one_line.hpp"

namespace faceoff {

namespace {

std::string type_of_current_exception() {
  const std::type_info* const type = abi::__cxa_current_exception_type();
  if (type == nullptr) return "no C++ exception";
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(type->name(), nullptr, nullptr, &status),
                                                    std::free);
  return "a C++ exception of type " + one_line(name ? name.get() : type->name());
}

}  // namespace

std::string what_was_thrown() {
  try {
    throw;
  } catch (const c10::Error& error) {
    return one_line(error.what_without_backtrace());
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

}  // namespace faceoff
