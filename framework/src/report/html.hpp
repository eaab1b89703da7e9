#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace faceoff {

/// Text with what HTML or XML reads as its own escaped.
std::string escape_html(const std::string& text);

/// Bytes as letters.
std::string base64(std::span<const std::uint8_t> bytes);

/// A file's name as a link's address: what is no plain character as %XX.
std::string address(const std::string& file);

/// JSON that a page's script reads: a block that no content can end early.
std::string data_block(const std::string& kind, const Json& json);

/// What a content security policy calls this script or style by: 'sha256-…'.
std::string policy_hash(std::string_view content);

/// A table's cell of escaped content: "td", "th", or with a class, "td class=\"n\"".
std::string cell(const std::string& content, const std::string& kind = "td class=\"n\"");

/// A table in a box that scrolls by itself, with what the page's script makes sortable: a <thead> and rows.
std::string scrolling_table(const std::string& head, const std::string& rows);

}  // namespace faceoff
