#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "run/environment.hpp"
#include "run/item_line.hpp"

namespace faceoff {

/// An item of a run, with how its variant was judged.
struct ViewedItem {
  std::filesystem::path run;
  Environment::Variant judging;
  ItemLine line;
};

/// So many items make a page that opens at once.
constexpr std::size_t most_viewed = 30;

/// A page that needs no other file and shows the first `most_viewed` items: each before and after with the faces'
/// boxes, what was changed ten times as strong, and what each model says of each face. Originals that are gone, or
/// other files by now, are left out and told.
std::string view_page(const std::string& name, const std::vector<ViewedItem>& items);

/// Writes a page that `view_page` or a report made, unless something else is in its place. Throws FileError where there
/// is, or it can't be written.
void write_page(const std::filesystem::path& file, const std::string& page);

}  // namespace faceoff
