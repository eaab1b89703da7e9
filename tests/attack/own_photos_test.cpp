// What an attack knows the person of a face by.
#include <ATen/ATen.h>

#include "attack/scene.hpp"
#include "faces/gallery.hpp"

namespace faceoff {
namespace {

TEST(OwnPhotos, CountBesideTheFaceWhereItsPersonHasAny) {
  Scene scene(experiment("own = \"photos\"\n", "[[loss]]\nplugin = \"dodging\"\nmodels = [\"dlib\"]\n"), false);
  const LoadedModel& dlib = *scene.built.assembly.surrogates.front();
  const at::Tensor alone = scene.objective().value(scene.subjects.pixels);
  EXPECT_LT((alone - 1).abs().max().item<double>(), 1e-5) << "a face is like itself";

  const at::Tensor second = embed(dlib, scene.inputs[1].clean, scene.inputs[1].faces.front());
  scene.inputs[0].own = {Embeddings{}};
  scene.inputs[1].own = {Embeddings{{&dlib, at::stack({-second, second, -second})}}};
  const at::Tensor known = scene.objective().value(scene.subjects.pixels);
  EXPECT_NEAR(known[0].item<double>(), 1, 1e-5);
  EXPECT_NEAR(known[1].item<double>(), 0, 1e-5) << "the mean of the face's own and the three photos'";
}

}  // namespace
}  // namespace faceoff
