#include "plugins/calibration.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <set>

#include "base/files.hpp"
#include "toml/document.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_file = 1U << 20U;

/// What a view says, or the file for all of its views.
std::string text(const toml::table& view, const toml::table& root, const std::string& key, const std::string& file) {
  if (const auto value = (view.contains(key) ? view : root)[key].value<std::string>()) return *value;
  throw ConfigError(file + ": a calibration needs the string '" + key + "'");
}

/// crop, size and, for a box, scale and down.
ViewSpec view_of(const toml::table& table, const std::string& file) {
  const std::int64_t size = table["size"].value_or<std::int64_t>(0);
  if (size <= 0) throw ConfigError(file + ": a calibration's [[view]] needs the integer 'size'");
  const std::string crop = text(table, table, "crop", file);
  ViewSpec view{size, size, BoxCrop{table["scale"].value_or(1.0), table["down"].value_or(0.0)}};
  if (crop == "padded_box") view.crop = PaddedBox{};
  if (crop == "dlib_rect") view.crop = DlibRect{};
  if (crop == "five_points") view.crop = FivePoints{};
  if (to_string(view.crop) != crop)
    throw ConfigError(file + ": '" + crop + "' is none of box, padded_box, dlib_rect, five_points");
  return view;
}

toml::table parse(const std::string& text, const std::string& file) try {
  return toml::parse(text, file);
} catch (const toml::parse_error& error) {
  throw ConfigError(to_string(place_of(error.source())) + ": not TOML: " + std::string(error.description()));
}

Calibration calibration_of(const toml::table& view, const toml::table& root, const std::string& file) {
  const toml::table* rates = view["far"].as_table();
  if (rates == nullptr) throw ConfigError(file + ": each [[view]] needs a table 'far' of rate = { threshold, tar }");
  Calibration calibration{
      file, text(view, root, "sha256", file),       view_of(view, file), text(view, root, "family", file),
      {},   view["weights"].value_or(std::string())};
  for (const auto& [key, value] : *rates) {
    double rate = 0;
    const std::string_view name = key.str();
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), rate);
    const auto threshold = value.is_table() ? (*value.as_table())["threshold"].value<double>() : std::nullopt;
    if (error != std::errc() || end != name.data() + name.size() || !threshold) {
      throw ConfigError(to_string(place_of(value.source())) + ": far: \"1e-3\" = { threshold = 0.5, tar = 0.9 }");
    }
    calibration.thresholds[rate] = *threshold;
  }
  return calibration;
}

/// A [[view]], and where it stands in the text: from its header to before the next one's.
struct Entry {
  Calibration calibration;
  std::size_t begin = 0, end = 0;
};

/// Where the line with this number, from 1, begins.
std::size_t begin_of_line(const std::string& text, std::size_t number) {
  std::size_t begin = 0;
  for (; number > 1; --number) begin = text.find('\n', begin) + 1;
  return begin;
}

std::vector<Entry> entries_in(const std::string& text, const std::string& file) {
  const toml::table root = parse(text, file);
  const toml::array* views = root["view"].as_array();
  if (views == nullptr || views->empty()) throw ConfigError(file + ": a calibration needs [[view]]");
  std::vector<Entry> entries;
  for (const toml::node& node : *views) {
    if (!node.is_table()) throw ConfigError(file + ": each view is a table, [[view]]");
    const std::size_t begin = begin_of_line(text, node.source().begin.line);
    if (!entries.empty()) entries.back().end = begin;
    entries.push_back({calibration_of(*node.as_table(), root, file), begin, std::string::npos});
  }
  return entries;
}

std::string read_text(const fs::path& path) {
  const std::vector<std::uint8_t> bytes = read_file(path, longest_file);
  return {bytes.begin(), bytes.end()};
}

constexpr const char* head =
    "# Similarity thresholds, measured by `faceoff calibrate`: a [[view]] for each weights file and each way that it "
    "is\n"
    "# shown a face. [lower, upper] are the ends of a 95 % interval.\n";

}  // namespace

std::vector<Calibration> read_calibration_file(const fs::path& path) {
  std::vector<Calibration> all;
  for (Entry& entry : entries_in(read_text(path), path.string())) all.push_back(std::move(entry.calibration));
  return all;
}

void keep_calibration(const fs::path& path, const std::string& view) {
  const std::string file = path.string();
  const Calibration added = entries_in(view, file).front().calibration;
  std::string before, others;
  std::size_t count = 0;
  std::error_code ignored;
  if (fs::exists(path, ignored)) {
    const std::string text = read_text(path);
    const std::vector<Entry> entries = entries_in(text, file);
    before = text.substr(0, entries.front().begin);
    for (const Entry& entry : entries) {
      if (entry.calibration.sha256 == added.sha256 && entry.calibration.view == added.view) continue;
      others += text.substr(entry.begin, entry.end - entry.begin);
      ++count;
    }
  }
  // What stands before the views may be what the others say of themselves.
  std::string all = (count > 0 ? before : head) + others;
  all = all.substr(0, all.find_last_not_of('\n') + 1) + "\n\n" + view;
  if (entries_in(all, file).size() != count + 1 || all.size() > longest_file)
    throw ConfigError(file + ": no [[view]] can be added to it; move it away, and it is made anew");
  write_atomically(path, all);
}

const double* Calibration::threshold(double false_accept_rate) const {
  for (const auto& [rate, cosine] : thresholds) {
    if (std::abs(rate - false_accept_rate) < 1e-9) return &cosine;
  }
  return nullptr;
}

std::vector<Calibration> read_calibrations(std::span<const fs::path> plugin_folders) {
  std::vector<Calibration> all;
  for (const fs::path& folder : plugin_folders) {
    std::error_code ignored;
    std::set<fs::path> files;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder / "calibration", ignored)) {
      if (entry.path().extension() == ".toml") files.insert(entry.path());
    }
    for (const fs::path& file : files) std::ranges::move(read_calibration_file(file), std::back_inserter(all));
  }
  return all;
}

const Calibration* find_calibration(const std::vector<Calibration>& all, const std::string& sha256,
                                    const ViewSpec& view) {
  const auto found =
      std::ranges::find_if(all, [&](const Calibration& c) { return c.sha256 == sha256 && c.view == view; });
  return found != all.end() ? &*found : nullptr;
}

}  // namespace faceoff
