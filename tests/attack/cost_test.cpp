// What an attack is expected to take, before it is made.
#include "attack/attack.hpp"
#include "attack/scene.hpp"

namespace faceoff {
namespace {

TEST(Cost, IsAboveNothingWhateverAnOptimizerAsksFor) {
  Picture nobody;
  nobody.rgb = cv::Mat(90, 120, CV_8UC3, cv::Scalar(90, 120, 30));
  for (const std::string optimizer : {"plugin = \"pgd\", steps = 2", "plugin = \"square\", steps = 2"}) {
    const Built built(experiment(toward, similarity, optimizer));
    EXPECT_GT(seconds_of_attack(built.assembly, nobody, 2), 0) << optimizer;
  }
}

}  // namespace
}  // namespace faceoff
