// What an attack is expected to take, before it is made.
#include "attack/attack.hpp"
#include "attack/scene.hpp"

namespace faceoff {
namespace {

TEST(Cost, IsAboveNothingWhateverAnOptimizerAsksFor) {
  for (const std::string optimizer : {"plugin = \"pgd\", steps = 2", "plugin = \"square\", steps = 2"}) {
    const Built built(experiment(toward, similarity, optimizer));
    EXPECT_GT(seconds_a_face(built.assembly, {120, 90}), 0) << optimizer;
  }
}

}  // namespace
}  // namespace faceoff
