#pragma once

#include <faceoff/error.hpp>

#include <map>
#include <string>
#include <vector>

namespace faceoff {

/// A file and what is in it.
struct SourceText {
  std::string file, text;
};

/// All that is wrong with an experiment, collected so that the user sees it at once.
class Diagnostics {
 public:
  /// The texts are for showing the line that a place names; the last is the experiment's own.
  explicit Diagnostics(const std::vector<SourceText>& sources);

  void add(const Place& place, const std::string& message);
  /// Throws a ConfigError with everything collected, if there is anything.
  void throw_if_any() const;

 private:
  std::string file_;
  std::map<std::string, std::vector<std::string>> lines_;  ///< of each file
  std::vector<std::string> messages_;
};

}  // namespace faceoff
