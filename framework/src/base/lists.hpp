#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace faceoff {

/// "a, b, c"
inline std::string joined(const std::vector<std::string>& words, std::string_view between = ", ") {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

/// Unless it is in the list already.
template <class T>
void add_once(std::vector<T>& list, const T& item) {
  if (std::ranges::find(list, item) == list.end()) list.push_back(item);
}

}  // namespace faceoff
