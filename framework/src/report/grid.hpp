#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "faces/face.hpp"
#include "judge/evaluation_line.hpp"

namespace faceoff {

/// What a recogniser or a detector says in a cell: the outcome's letter, and a similarity or a score before and after.
struct Verdict {
  std::string name, role;
  std::string letter;  ///< of the outcome; of a detector, or where there are no people, empty
  std::optional<double> before, after;
  std::array<std::optional<Box>, 2> boxes = {};  ///< of a detector that finds the face: where, before and after
};

/// One face under one variant.
struct GridCell {
  std::string output, difference;  ///< files, relative to the run
  std::string target;              ///< or empty
  std::optional<double> psnr;
  std::vector<Verdict> recognisers, detectors;
};

/// One face of one picture.
struct GridRow {
  std::string picture, person;
  Box box;
  int face = 0;                                ///< 1 is the leftmost
  std::vector<std::optional<GridCell>> cells;  ///< a column each
};

/// What each variant sets each swept key to, as it is called there; of pictures that no sweep made, nothing.
using Choices = std::map<std::string, std::vector<std::pair<std::string, std::string>>>;

/// The variants that differ in epsilon alone, which share a group, stand side by side.
struct GridColumn {
  std::string variant, group, epsilon;
};

/// So many cells with pictures make a page that opens at once.
constexpr std::size_t most_cells = 180;

/// The original's table, person × target × epsilon, and for a run that sweeps something else person × variant.
struct Grid {
  std::vector<GridColumn> columns;
  std::vector<GridRow> rows;
  bool by_epsilon = false;  ///< whether the columns are every group at every epsilon
  std::string after;        ///< what was done to the pictures before they were judged
  std::size_t faces = 0;    ///< all that there are; the rows are the first of them
};

/// From lines of evaluation.jsonl and what the variants are, those for the pictures as delivered (else of the first
/// degradation), with so many rows that no more than `most_cells` are filled, but one at least.
Grid make_grid(const std::vector<EvaluationLine>& lines, const Choices& choices);

/// What a column is called where no other stands beside it: "ε 8", "furthest, ε 8" or the variant.
std::string column_name(const Grid& grid, const GridColumn& column);
/// "clean", and then what each column is called.
std::vector<std::string> series_names(const Grid& grid);

}  // namespace faceoff
