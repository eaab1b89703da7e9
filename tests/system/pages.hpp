#pragma once

#include <filesystem>
#include <string>
#include <vector>

/// What a page of Markdown shows its reader, for tests that do what it says.
namespace system_test {

/// A fenced block of a page.
struct Block {
  std::string language;  ///< what follows the opening fence: "sh"
  std::string text;      ///< with its last line break
};

std::vector<Block> blocks_in(const std::filesystem::path& page);

/// The file that a block says it is, in the comment of its first line: "// my_plugins/smooth.cpp"; else empty.
std::string file_of(const Block& block);

/// The lines of a CMakeLists.txt that CMake heeds, without those that every project begins with.
std::vector<std::string> effective_lines(const std::string& cmake);

/// Makes a folder look like a set-up checkout, to run a page's commands in.
void furnish(const std::filesystem::path& folder);

}  // namespace system_test
