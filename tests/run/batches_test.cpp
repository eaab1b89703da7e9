// Where a list of pictures is cut into what is attacked at once.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "run/item_list.hpp"

namespace faceoff {
namespace {

using Sizes = std::vector<std::size_t>;

Sizes cut_of(const std::vector<Extent>& pictures, bool one_size = false) {
  return cut(pictures, one_size);
}

TEST(Cut, KeepsPicturesOfOneSizeTogether) {
  EXPECT_EQ(cut_of(std::vector<Extent>(8, {250, 250})), Sizes{8});
  EXPECT_EQ(cut_of({}), Sizes{});
}

TEST(Cut, KeepsMemoryBounded) {
  // Twelve megapixels each: two of them are 24, three would be 36.
  EXPECT_EQ(cut_of(std::vector<Extent>(5, {3000, 4000})), (Sizes{2, 2, 1}));
  EXPECT_EQ(cut_of({{8000, 8000}, {250, 250}}), (Sizes{1, 1})) << "one that is larger is alone";
}

TEST(Cut, NeverPadsMoreThanHalf) {
  // Wide and high together are 200 by 200 each: half of it pads, which is allowed.
  EXPECT_EQ(cut_of({{100, 200}, {200, 100}}), Sizes{2});
  EXPECT_EQ(cut_of({{200, 200}, {100, 100}, {100, 100}, {100, 100}}), (Sizes{3, 1}));
  EXPECT_EQ(cut_of({{100, 1000}, {1000, 100}}), (Sizes{1, 1}));
}

TEST(Cut, KeepsOneSizeWhereAModelSeesPicturesInTheirOwn) {
  EXPECT_EQ(cut_of({{100, 100}, {100, 100}, {100, 101}, {100, 100}}, true), (Sizes{2, 1, 1}));
}

TEST(Cut, GivesNoRoomToWhatCantBeRead) {
  EXPECT_EQ(cut_of({{0, 0}, {100, 100}, {0, 0}, {100, 100}}, true), Sizes{4});
  EXPECT_EQ(cut_of({{0, 0}, {0, 0}}), Sizes{2});
}

TEST(Cut, TakesEveryPictureOnce) {
  std::vector<Extent> pictures;
  for (std::int64_t i = 0; i < 60; ++i) pictures.push_back({50 + 37 * i % 900, 60 + 91 * i % 700});
  const Sizes parts = cut_of(pictures);
  EXPECT_EQ(std::accumulate(parts.begin(), parts.end(), std::size_t{0}), pictures.size());
  EXPECT_EQ(std::ranges::count(parts, std::size_t{0}), 0);
}

}  // namespace
}  // namespace faceoff
