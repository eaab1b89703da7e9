#pragma once

#include <memory>
#include <string>

#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "run/observer.hpp"

namespace faceoff {

/// A run's observer that tells a terminal, and stops the run where the user does. What it says before the run begins
/// stands by itself.
class TerminalObserver : public RunObserver {
 public:
  bool stop() override { return Interrupt::received() != 0; }
  void say(const std::string& line) override { progress_->say(line); }
  void begin(std::int64_t items, std::int64_t done, int rank) override;
  void begin_items(const Item& first, std::size_t count) override;
  void picture_read() override;
  void step(std::int64_t step, std::int64_t of) override { progress_->step(step, of); }
  void end_item(const Item& item, const ItemReport& report, double seconds) override;

 private:
  std::unique_ptr<Progress> progress_ = std::make_unique<Progress>(0);
};

}  // namespace faceoff
