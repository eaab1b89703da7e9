// The plot of true against false accept rates: names are text whatever they are, and it is drawn as the figures say.
#include "report/roc.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace faceoff {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Performance made_up(double tar) {
  Performance performance;
  performance.people = 1234;
  performance.faces = 5000;
  performance.same = 8000;
  performance.different = 2'000'000;
  performance.auc = {.99, .98, .995};
  for (const double rate : {1e-4, 1e-3, 1e-2}) performance.at_rate[rate] = {.5, {tar, tar - .1, tar + .05}};
  performance.roc = {{0, .1}, {1e-6, .2}, {1e-4, tar}, {1e-2, tar}, {1, 1}};
  return performance;
}

TEST(Roc, IsAPageWhateverAModelIsNamed) {
  const std::string page =
      roc_page({{"a <b> & \"c\" 'd' </script>", made_up(.8)}, {"plain", made_up(.6)}}, {"draw();"});
  EXPECT_THAT(page, HasSubstr("<td>a &lt;b&gt; &amp; &quot;c&quot; &#39;d&#39; &lt;/script&gt;</td>"));
  EXPECT_THAT(page, Not(HasSubstr("<b>")));
  EXPECT_THAT(page, HasSubstr("<td>0.800 [0.700, 0.850]</td>"));
  EXPECT_THAT(page, HasSubstr("1234 people, 5000 faces; 8000 pairs of the same person, 2000000 of different ones."));
  EXPECT_THAT(page, HasSubstr("class=\"spec\""));
  EXPECT_THAT(roc_page({{"plain", made_up(.6)}}, {}), Not(HasSubstr("class=\"spec\""))) << "nothing to draw with";
}

TEST(Roc, DrawsARateInPowersOfTenDownToTenPairs) {
  const Figure figure = roc_figure({{"one", made_up(.5)}});
  const Json& spec = figure.plots.at(0).spec;
  // From 1e-6, the left edge: ten of two million pairs lie between it and 1e-5.
  EXPECT_EQ(spec["data"]["values"].size(), 4U);
  const Json &band = spec["layer"][0], &values = band["data"]["values"];
  EXPECT_EQ(band["encoding"]["x"]["axis"]["values"].size(), 7U);
  EXPECT_NEAR(band["encoding"]["x"]["scale"]["domain"][0].get<double>(), 1e-6, 1e-15);
  ASSERT_EQ(values.size(), 3U);
  EXPECT_EQ(values[0]["low"], .4);
  EXPECT_EQ(values[0]["high"], .55);
}

TEST(Roc, OfFewPairsShowsWhatIsThere) {
  Performance few = made_up(.5);
  few.different = 9;
  few.at_rate.clear();
  few.roc = {{0, .5}, {1. / 9, 1}, {1, 1}};
  const Figure figure = roc_figure({{"few", few}});
  EXPECT_THAT(figure.rows, ElementsAre(ElementsAre("few", "0.990 [0.980, 0.995]", "–", "–", "–")));
  const Json& spec = figure.plots.at(0).spec;
  EXPECT_EQ(spec["data"]["values"].size(), 2U);
  EXPECT_TRUE(spec["layer"][0]["data"]["values"].empty());
  EXPECT_NEAR(spec["layer"][0]["encoding"]["x"]["scale"]["domain"][0].get<double>(), .1, 1e-12);
}

}  // namespace
}  // namespace faceoff
