#pragma once

#include <faceoff/view.hpp>

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace faceoff {

/// Similarity thresholds of one embedder's weights under one view.
struct Calibration {
  std::string file;
  std::string sha256;  ///< of the weights
  ViewSpec view;       ///< how the weights saw the faces
  std::string family;  ///< models that share their training, or are as much alike: none judges another as held-out
  std::map<double, double> thresholds;  ///< false accept rate → cosine
  std::string weights;                  ///< the weights' file name; empty where it is not said

  /// The threshold at this rate, or null where it was not measured.
  const double* threshold(double false_accept_rate) const;
};

/// The calibrations in one file, a view each. Throws ConfigError with its place where it is none.
std::vector<Calibration> read_calibration_file(const std::filesystem::path& file);

/// Puts a view, a TOML text from [[view]] on, into a file of calibrations in the place of those of the same weights and
/// view; whatever else is there stays as it is. Throws as reading does, and FileError where it can't be written.
void keep_calibration(const std::filesystem::path& file, const std::string& view);

/// Every calibration in the folders' calibration/*.toml. A damaged one is a ConfigError with its place.
std::vector<Calibration> read_calibrations(std::span<const std::filesystem::path> plugin_folders);

/// The one that was measured with these weights and this view, or null.
const Calibration* find_calibration(const std::vector<Calibration>& all, const std::string& sha256,
                                    const ViewSpec& view);

}  // namespace faceoff
