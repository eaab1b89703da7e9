#include "host/calibration.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>

#include "host/document.hpp"
#include "picture/files.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_file = 1U << 16U;

std::string text(const toml::table& table, const std::string& key, const std::string& file) {
  if (const auto value = table[key].value<std::string>()) return *value;
  throw ConfigError(file + ": a calibration needs the string '" + key + "'");
}

/// crop, size and, for a box, scale and down.
ViewSpec view_of(const toml::table& table, const std::string& file) {
  const std::int64_t size = table["size"].value_or<std::int64_t>(0);
  if (size <= 0) throw ConfigError(file + ": a calibration's [[view]] needs the integer 'size'");
  const std::string crop = text(table, "crop", file);
  ViewSpec view{size, size, BoxCrop{table["scale"].value_or(1.0), table["down"].value_or(0.0)}};
  if (crop == "padded_box") view.crop = PaddedBox{};
  if (crop == "dlib_rect") view.crop = DlibRect{};
  if (crop == "five_points") view.crop = FivePoints{};
  if (to_string(view.crop) != crop)
    throw ConfigError(file + ": '" + crop + "' is none of box, padded_box, dlib_rect, five_points");
  return view;
}

}  // namespace

std::vector<Calibration> read_calibration_file(const fs::path& path) {
  std::vector<Calibration> all;
  const std::string file = path.string();
  const std::vector<std::uint8_t> bytes = read_file(path, longest_file);
  toml::table root;
  try {
    root = toml::parse(std::string(bytes.begin(), bytes.end()), file);
  } catch (const toml::parse_error& error) {
    throw ConfigError(to_string(place_of(error.source())) + ": not TOML: " + std::string(error.description()));
  }
  const toml::array* views = root["view"].as_array();
  if (views == nullptr) throw ConfigError(file + ": a calibration needs [[view]]");
  for (const toml::node& node : *views) {
    const toml::table* view = node.as_table();
    const toml::table* rates = view != nullptr ? (*view)["far"].as_table() : nullptr;
    if (rates == nullptr) throw ConfigError(file + ": each [[view]] needs a table 'far' of rate = { threshold, tar }");
    Calibration calibration{file, text(root, "sha256", file), view_of(*view, file), text(root, "family", file), {}};
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
    all.push_back(std::move(calibration));
  }
  return all;
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
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder / "calibration", ignored)) {
      if (entry.path().extension() == ".toml") files.push_back(entry.path());
    }
    std::ranges::sort(files);
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
