#include "cli/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <utility>

#include "base/one_line.hpp"

namespace faceoff {

namespace {

ProgressListener* listener = nullptr;

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

}  // namespace

void ProgressListener::be(ProgressListener* one) {
  listener = one;
}

std::string duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds + .5);
  std::array<char, 32> text{};
  if (whole >= 3600) {
    std::snprintf(text.data(), text.size(), "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
  } else {
    std::snprintf(text.data(), text.size(), "%ld:%02ld", whole / 60, whole % 60);
  }
  return text.data();
}

Progress::Progress(std::int64_t items, std::int64_t done, std::string who)
    : items_(items), done_(done), who_(std::move(who)), terminal_(listener == nullptr && ::isatty(STDERR_FILENO) == 1) {
  if (listener != nullptr) listener->begin(items);
}

void Progress::start_items(const std::string& name, std::size_t count) {
  name_ = one_line(name);
  if (listener != nullptr) listener->start_item(name_);
  at_once_ = count;
  draw(0, "");
}

void Progress::step(std::int64_t step, std::int64_t of) {
  ++steps_;
  draw(static_cast<double>(step) / static_cast<double>(std::max<std::int64_t>(of, 1)),
       " step " + std::to_string(step + 1) + "/" + std::to_string(of));
}

void Progress::pass_item() {
  ++done_;
  if (listener != nullptr) listener->end_item();
}

void Progress::end_item(const std::string& line) {
  pass_item();
  say(who_ + "[" + std::to_string(done_) + "/" + std::to_string(items_) + "] " + line);
}

void Progress::say(const std::string& line) {
  erase();
  constexpr std::size_t longest = 4000;
  std::cerr << one_line(line, longest) << std::endl;
}

void Progress::draw(double share_of_them, const std::string& detail) {
  if (!terminal_) return;
  const double share_of_item = share_of_them * static_cast<double>(at_once_);
  const auto now = Clock::now();
  if (drawn_ && now - last_drawn_ < std::chrono::milliseconds(100)) return;
  last_drawn_ = now;
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  const double share =
      (static_cast<double>(done_) + share_of_item) / static_cast<double>(std::max<std::int64_t>(items_, 1));
  // The time left follows from this process's own items.
  const double own_share = (static_cast<double>(done_ - done_before_) + share_of_item) /
                           static_cast<double>(std::max<std::int64_t>(items_ - done_before_, 1));
  constexpr std::size_t cells = 20;
  const auto full = static_cast<std::size_t>(share * cells);
  std::array<char, 64> rate{};
  std::snprintf(rate.data(), rate.size(), "%.1f steps/s", elapsed > 0 ? static_cast<double>(steps_) / elapsed : 0.);
  std::string line = "[" + std::string(full, '#') + std::string(cells - full, '.') + "] " + std::to_string(done_) +
                     "/" + std::to_string(items_) + " " + rate.data();
  if (own_share > .01) line += " " + duration(elapsed / own_share - elapsed) + " left";
  line += " " + name_ + detail;
  erase();
  std::cerr << line.substr(0, terminal_width() - 1) << std::flush;
  drawn_ = true;
}

void Progress::erase() {
  if (drawn_) std::cerr << "\r\x1b[K";
  drawn_ = false;
}

}  // namespace faceoff
