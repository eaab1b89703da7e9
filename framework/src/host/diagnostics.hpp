#pragma once

#include <faceoff/error.hpp>

#include <string>
#include <vector>

namespace faceoff {

/// All that is wrong with an experiment, collected so that the user sees it at once.
class Diagnostics {
 public:
  /// `text` is the experiment file's, for showing the line that a place names.
  Diagnostics(std::string file, const std::string& text);

  void add(const Place& place, const std::string& message);
  /// Throws a ConfigError with everything collected, if there is anything.
  void throw_if_any() const;

 private:
  std::string file_;
  std::vector<std::string> lines_;
  std::vector<std::string> messages_;
};

}  // namespace faceoff
