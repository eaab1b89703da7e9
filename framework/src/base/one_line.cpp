#include "base/one_line.hpp"

#include <boost/locale/utf.hpp>

namespace faceoff {

std::string one_line(std::string_view text, std::size_t longest) {
  namespace utf = boost::locale::utf;
  std::string line;
  while (!text.empty()) {
    const char* behind = text.data();
    const utf::code_point character = utf::utf_traits<char>::decode(behind, text.data() + text.size());
    const bool known = utf::is_valid_codepoint(character);
    const std::size_t length = known ? static_cast<std::size_t>(behind - text.data()) : 1;
    if (line.size() + length > longest) {
      line += "…";
      break;
    }
    // C1 controls (U+0080 to U+009F) steer some terminals as escape sequences do.
    if (known && (character < 0x20 || (character >= 0x7F && character < 0xA0))) {
      if (!line.empty() && line.back() != ' ') line += ' ';
    } else {
      line += known ? text.substr(0, length) : "?";
    }
    text.remove_prefix(length);
  }
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

}  // namespace faceoff
