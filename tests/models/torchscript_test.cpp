// A detector that somebody exported: its boxes, and the landmarks beside each.
#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>

#include <string>
#include <vector>

#include "faces/faces.hpp"
#include "plugins/loaded_model.hpp"
#include "support.hpp"
#include "temporary_folder.hpp"

namespace faceoff {
namespace {

/// Two faces at fixed places, by scores that go by the picture, so that there is a gradient.
const char* const code = R"(
def forward(self, x):
    n = x.size(0)
    light = x.mean([1, 2, 3]).view(n, 1) / 100000
    scores = light + torch.tensor([[0.5, 0.8]])
    boxes = torch.tensor([[[32.0, 8.0, 56.0, 40.0], [8.0, 8.0, 24.0, 28.0]]]).expand(n, 2, 4)
    right = [[38.0, 18.0], [50.0, 18.0], [44.0, 24.0], [39.0, 32.0], [49.0, 32.0]]
    left = [[12.0, 14.0], [20.0, 14.0], [16.0, 18.0], [13.0, 23.0], [19.0, 23.0]]
    points = torch.tensor([[right, left]]).expand(n, 2, 5, 2)
    return scores, boxes, points
)";

TEST(TorchScript, ADetectorGivesTheLandmarksOfEachOfItsBoxes) {
  const TemporaryFolder folder;
  const std::string file = (folder / "detector.pt").string();
  torch::jit::Module script("Detector");
  script.define(code);
  script.save(file);

  LoadedModel detector;
  detector.model = make<Model>("torchscript", {{"weights", file},
                                               {"provides", std::vector<std::string>{"scores", "boxes", "landmarks"}},
                                               {"view", std::string("stretched_picture")},
                                               {"size", std::int64_t{64}}});
  detector.view = detector.model->view();
  detector.provides = detector.model->provides();
  EXPECT_TRUE(detector.model->differentiable());

  // Twice as wide as the view.
  const std::vector<Face> faces = find_faces(detector, nullptr, at::full({1, 3, 64, 128}, 100.), .4);
  ASSERT_EQ(faces.size(), 2U);
  EXPECT_NEAR(faces[0].box.x0, 16, 1e-6);  // from left to right
  EXPECT_NEAR(faces[1].box.x0, 64, 1e-6);
  ASSERT_EQ(faces[0].landmarks.sizes(), (std::vector<std::int64_t>{5, 2}));
  EXPECT_LT(largest_difference(faces[0].landmarks[0], at::tensor({24., 14.})), 1e-6);
  EXPECT_LT(largest_difference(faces[1].landmarks[4], at::tensor({98., 32.})), 1e-6);
}

}  // namespace
}  // namespace faceoff
