#pragma once

#include <span>

namespace faceoff {

/// How likely differences add up to as much either way, if each could as well have had the other sign: a paired
/// permutation test, two-sided. Given one difference a picture, summed over its faces, it asks nothing of faces on one
/// picture. Exact up to 16 differences, else from as many draws as a bootstrap takes, the same bits each time; 1 where
/// all are 0.
double sign_flips(std::span<const double> differences);

}  // namespace faceoff
