#include "report/html.hpp"

#include <boost/algorithm/string/replace.hpp>
#include <openssl/evp.h>

#include <array>
#include <cctype>
#include <map>
#include <stdexcept>

namespace faceoff {

std::string escape_html(const std::string& text) {
  static const std::map<char, std::string> special = {
      {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
  std::string escaped;
  for (const char c : text) escaped += special.contains(c) ? special.at(c) : std::string(1, c);
  return escaped;
}

std::string base64(std::span<const std::uint8_t> bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  text.resize(static_cast<std::size_t>(
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()))));
  return text;
}

std::string address(const std::string& file) {
  constexpr const char* digits = "0123456789ABCDEF";
  std::string text;
  for (const unsigned char c : file) {
    const bool plain = (std::isalnum(c) != 0 && c < 0x80) ||
                       std::string_view("-_.~/").find(static_cast<char>(c)) != std::string_view::npos;
    if (plain) {
      text += static_cast<char>(c);
    } else {
      text += {'%', digits[c >> 4U], digits[c & 15U]};
    }
  }
  return text;
}

std::string data_block(const std::string& kind, const Json& json) {
  return "<script type=\"application/json\" class=\"" + kind + "\">" +
         boost::replace_all_copy(to_text(json), "<", "\\u003c") + "</script>\n";
}

std::string policy_hash(std::string_view content) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_Digest(content.data(), content.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("SHA-256 failed");
  return "'sha256-" + base64(std::span(digest).first(length)) + "'";
}

std::string cell(const std::string& content, const std::string& kind) {
  return "<" + kind + ">" + content + "</" + kind.substr(0, 2) + ">";
}

std::string scrolling_table(const std::string& head, const std::string& rows) {
  return "<div class=\"scroll\"><table class=\"data\">\n<thead>" + head + "</thead>\n<tbody>\n" + rows +
         "</tbody></table></div>\n";
}

}  // namespace faceoff
