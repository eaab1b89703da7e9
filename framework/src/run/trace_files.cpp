#include "run/trace_files.hpp"

#include <chrono>
#include <string>
#include <system_error>

#include "base/files.hpp"
#include "picture/picture.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

const std::string event_file = "events.out.tfevents.";  // how TensorBoard knows one

/// In another of the run's folders, without what a picture's name ends in.
fs::path beside(const fs::path& output, const char* folder) {
  return (folder / output.lexically_relative("images")).replace_extension();
}

}  // namespace

fs::path trace_place(const fs::path& output) {
  fs::path place = beside(output, "traces");
  return place += ".csv";
}

fs::path tensorboard_place(const fs::path& output) {
  return beside(output, "tensorboard");
}

void write_trace(const fs::path& run, const fs::path& output, const Trace& trace) {
  const fs::path file = run / trace_place(output);
  make_folder(file.parent_path());
  write_atomically(file, to_csv(trace));
}

void write_tensorboard(const Events& events, const fs::path& run, const fs::path& output, const fs::path& picture,
                       const Trace& trace) {
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  const std::string text = events(trace, read_picture(picture), read_picture(run / output), now.count());
  const fs::path folder = run / tensorboard_place(output);
  make_folder(folder);
  const auto seconds = static_cast<std::int64_t>(now.count());
  write_atomically(folder / (event_file + std::to_string(seconds) + ".faceoff"), text);
}

void remove_traces(const fs::path& run, const fs::path& output) {
  std::error_code ignored;
  fs::remove(run / trace_place(output), ignored);
  const fs::path folder = run / tensorboard_place(output);
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().filename().string().starts_with(event_file)) fs::remove(entry.path(), ignored);
  }
  fs::remove(folder, ignored);  // unless there is something else in it
}

}  // namespace faceoff
