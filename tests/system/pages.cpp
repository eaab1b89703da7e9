#include "pages.hpp"

#include <regex>

#include "pictures.hpp"
#include "program.hpp"

namespace system_test {

std::vector<Block> blocks_in(const fs::path& page) {
  std::vector<Block> blocks;
  bool inside = false;
  for (const std::string& line : lines_of(read_text(page))) {
    if (line.starts_with("```")) {
      inside = !inside;
      if (inside) blocks.push_back({line.substr(3), ""});
    } else if (inside) {
      blocks.back().text += line + "\n";
    }
  }
  return blocks;
}

std::string file_of(const Block& block) {
  std::smatch found;
  return std::regex_search(block.text, found, std::regex(R"(^(//|#) ([\w/]+\.\w+)\n)")) ? found[2].str() : "";
}

std::vector<std::string> effective_lines(const std::string& cmake) {
  std::vector<std::string> lines;
  for (const std::string& line : lines_of(cmake)) {
    if (!std::regex_match(line, std::regex(R"(\s*(#.*)?|(cmake_minimum_required|project)\(.*)"))) lines.push_back(line);
  }
  return lines;
}

void furnish(const fs::path& folder) {
  fs::create_directories(folder / "build");
  fs::create_directory_symlink(FACEOFF_BUILD_FOLDER, folder / "build" / "release");
  fs::create_directory_symlink(fs::path(FACEOFF_SOURCE_FOLDER) / "experiments", folder / "experiments");
  fs::create_directory_symlink(models_folder(), folder / "models");
}

}  // namespace system_test
