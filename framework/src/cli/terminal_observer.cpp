#include "cli/terminal_observer.hpp"

#include "cli/process_end.hpp"
#include "cli/summary.hpp"
#include "run/item.hpp"
#include "run/item_list.hpp"

namespace faceoff {

void TerminalObserver::begin(std::int64_t items, std::int64_t done, int rank) {
  progress_ = std::make_unique<Progress>(items, done, rank >= 0 ? "rank " + std::to_string(rank) + " " : "");
}

void TerminalObserver::begin_item(const Item& item) {
  progress_->start_item(item.picture.filename().string());
}

void TerminalObserver::picture_read() {
  tell_of_exits();  // before whatever reading has set up is torn down
}

void TerminalObserver::end_item(const Item& item, const ItemReport& report, double seconds) {
  const std::string picture = item.picture.string();
  for (const std::string& note : report.notes) progress_->say(picture + ": " + note);
  progress_->end_item(item_words(*item.variant, picture, report, seconds));
}

}  // namespace faceoff
