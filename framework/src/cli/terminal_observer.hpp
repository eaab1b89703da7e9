#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "cli/process.hpp"
#include "cli/progress.hpp"
#include "cli/summary.hpp"
#include "run/attack_batches.hpp"

namespace faceoff {

/// Tells a terminal how far the run is, and stops the run where the user does. What is said before the run begins
/// stands by itself.
class TerminalObserver : public RunObserver {
 public:
  bool stop() override { return Interrupt::received() != 0; }
  void say(const std::string& line) override { progress_->say(line); }
  void begin(std::int64_t items, std::int64_t done, int rank) override {
    progress_ = std::make_unique<Progress>(items, done, rank >= 0 ? "rank " + std::to_string(rank) + " " : "");
  }
  void begin_items(const Item& first, std::size_t count) override {
    const std::string name = first.picture.filename().string();
    progress_->start_items(count > 1 ? name + " and " + std::to_string(count - 1) + " more" : name, count);
  }
  void picture_read() override { tell_of_exits(); }  // before whatever reading has set up is torn down
  void step(std::int64_t step, std::int64_t of) override { progress_->step(step, of); }
  void end_item(const Item& item, const ItemReport& report) override {
    const std::string picture = item.picture.string();
    for (const std::string& note : report.notes) progress_->say(picture + ": " + note);
    progress_->end_item(item_words(*item.variant, picture, report));
  }

 protected:
  Progress& progress() { return *progress_; }

 private:
  std::unique_ptr<Progress> progress_ = std::make_unique<Progress>(0);
};

}  // namespace faceoff
