#pragma once

#include <faceoff/error.hpp>

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/DefaultDtype.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>
#include <unistd.h>

#include <chrono>
#include <clocale>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

/// What a plugin of any kind can do wrong, beside giving a wrong answer.
namespace bad {

/// Writes where nobody may. The address is not known when this is compiled, so that it stays what it says.
inline void write_nowhere() {
  volatile std::uintptr_t nowhere = 8;
  *reinterpret_cast<volatile int*>(nowhere) = 1;
}

inline void throw_on_a_thread() {
  std::thread([] { throw std::runtime_error("thrown on a thread"); }).join();
}

/// A child that has all that its parent had open outlives it.
inline void leave_a_child() {
  if (::fork() == 0) {
    ::sleep(10);
    ::_exit(0);
  }
  write_nowhere();
}

/// Whoever is at work a moment later is hit.
inline void crash_soon() {
  std::thread([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    write_nowhere();
  }).detach();
}

/// The experiment is another one when the next worker reads it.
inline void edit_the_experiment() {
  std::ofstream("x.toml", std::ios::app) << "# edited\n";
  write_nowhere();
}

/// The next worker would load another file, or none.
inline void replace_a_library() {
  std::filesystem::rename("other.so", "plugins/bad_optimizer.so");
  write_nowhere();
}
inline void remove_a_library() {
  std::filesystem::remove("plugins/bad_optimizer.so");
  write_nowhere();
}

/// All is well in the first process.
inline void throw_in_the_second_process() {
  if (std::filesystem::exists("been_here")) throw std::runtime_error("once is enough");
  std::ofstream("been_here") << "\n";
}

/// A message that is not there.
struct Speechless : std::exception {
  const char* what() const noexcept override { return nullptr; }
};

/// What its process does from here on is not what the host thinks.
inline void leave_inference_mode_on() {
  static_cast<void>(new c10::InferenceMode);
}

[[noreturn]] inline void hang() {
  while (true) std::this_thread::sleep_for(std::chrono::seconds(1));
}

using Act = void (*)();

inline const std::map<std::string, Act>& acts() {
  static const std::map<std::string, Act> all = {
      {"throws_std", [] { throw std::runtime_error("out of\nideas"); }},
      {"throws_int", [] { throw 42; }},
      {"throws_c10", [] { TORCH_CHECK(false, "no such tensor"); }},
      {"throws_nothing_to_say", [] { throw Speechless(); }},
      {"working_folder", [] { std::filesystem::current_path("/"); }},
      {"inference_mode", leave_inference_mode_on},
      {"prints", [] { std::printf("hello\n"), std::fflush(stdout); }},
      {"throws_plugin", [] { throw faceoff::PluginError("no such plugin"); }},
      {"throws_file", [] { throw faceoff::FileError("no such file"); }},
      {"throws_config", [] { throw faceoff::ConfigError("'steps' should be even"); }},
      {"grad_mode", [] { at::GradMode::set_enabled(!at::GradMode::is_enabled()); }},
      {"threads", [] { at::set_num_threads(at::get_num_threads() + 1); }},
      {"locale", [] { std::setlocale(LC_ALL, "C.UTF-8"); }},
      {"dtype", [] { c10::set_default_dtype(caffe2::TypeMeta::Make<double>()); }},
      {"seed", [] { at::manual_seed(4711); }},
      {"random", [] { at::rand({3}); }},
      {"hangs", hang},
      {"segfault", write_nowhere},
      {"aborts", [] { std::abort(); }},
      {"exits_0", [] { std::exit(0); }},
      {"exits_3", [] { std::exit(3); }},
      {"leaves_a_child", leave_a_child},
      {"killed", [] { std::raise(SIGKILL); }},
      {"throws_on_a_thread", throw_on_a_thread},
      {"crashes_soon", crash_soon},
      {"edits_the_experiment", edit_the_experiment},
      {"replaces_a_library", replace_a_library},
      {"removes_a_library", remove_a_library},
      {"throws_in_the_second_process", throw_in_the_second_process},
  };
  return all;
}

/// Does it, where this is the name of one of them.
inline void misbehave(const std::string& fault) {
  const auto found = acts().find(fault);
  if (found != acts().end()) found->second();
}

/// What the parameter `fault` may be: none, those above, and the kind's own.
inline std::vector<std::string> choices(std::vector<std::string> own) {
  own.emplace_back("none");
  for (const auto& [name, act] : acts()) own.push_back(name);
  return own;
}

/// The fault of a plugin whose parameters nobody sets: `faceoff plugins check` meets them so.
inline std::string usual_fault() {
  const char* const name = std::getenv("FACEOFF_BAD_PLUGIN");
  return name != nullptr ? name : "none";
}

/// Whether nobody is there who could set parameters: the fault shows on every picture then, and at every step.
inline bool always() {
  return usual_fault() != "none";
}

/// Else it shows where a picture is dark, so that the other items of a run can show that nothing of it is left.
inline bool shows_on(const at::Tensor& pixels) {
  constexpr double dark = 64;
  return always() || pixels.flatten(1).mean(1).lt(dark).any().item<bool>();
}

/// The value in a buffer that is the same one each time.
inline at::Tensor in_one_buffer(at::Tensor& buffer, const at::Tensor& value) {
  if (!buffer.defined() || buffer.sizes() != value.sizes()) buffer = at::empty_like(value);
  buffer = buffer.detach();
  return buffer.copy_(value);
}

}  // namespace bad
