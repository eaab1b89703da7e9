#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compare/paired_tests.hpp"
#include "compare/plan.hpp"
#include "compare/runs.hpp"

namespace faceoff {

/// A level less the baseline, on the units that both have.
struct Difference {
  std::int64_t n = 0, pictures = 0;    ///< pairs, and the pictures that they are on
  Estimate value;                      ///< of a share Agresti and Min's interval, of a mean the bootstrap's
  std::optional<Estimate> by_picture;  ///< with the bootstrap's interval, which draws pictures; with Shown::all
  PairedTest test;
  /// The test that draws pictures' signs: only where pictures have several pairs, which the other takes for
  /// independent.
  std::optional<double> p_by_picture;
  std::optional<double> p_holm, p_by_picture_holm;  ///< adjusted
  std::int64_t gained = 0, lost = 0;                ///< of a share

  bool clustered() const { return n > pictures; }
};

/// What a level is in one measure.
struct Row {
  std::size_t group = 0, level = 0;  ///< of the plan
  std::int64_t n = 0, pictures = 0;
  Estimate value;                        ///< of a share with Wilson's interval, of a mean with the bootstrap's
  std::optional<Estimate> clean;         ///< a share of the clean pictures, the control, where there is one
  std::optional<Difference> difference;  ///< nothing for the baseline, and where no unit is in both
};

struct Table {
  Measure measure;
  std::vector<Row> rows;
};

/// What is worth its time: bootstraps take most of it.
enum class Shown {
  shares,  ///< tables of shares alone, without intervals by picture
  all
};

/// A table a measure. p-values are adjusted among those of one measure: of its settings together, and of what is pooled
/// over them. Throws ConfigError where nothing that is to be compared shares a picture.
std::vector<Table> compare(const Runs& runs, const Plan& plan, Shown shown);

}  // namespace faceoff
