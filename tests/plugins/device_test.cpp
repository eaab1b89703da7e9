// What the process is asked for where a GPU computes.
#include <ATen/Context.h>

#include <cstdlib>

#include "plugins/model_pool.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

TEST(SetupOn, AsksAGpuForTheSameBits) {
  at::Context& context = at::globalContext();
  setup_on(at::kCPU);
  EXPECT_FALSE(context.deterministicAlgorithms());
  EXPECT_EQ(setup_on(at::Device(at::kCUDA, 0)).device, at::Device(at::kCUDA, 0));
  EXPECT_TRUE(context.deterministicAlgorithms());
  EXPECT_TRUE(context.deterministicCuDNN());
  EXPECT_FALSE(context.benchmarkCuDNN());
  EXPECT_NE(std::getenv("CUBLAS_WORKSPACE_CONFIG"), nullptr);
  context.setDeterministicAlgorithms(false, false);
  context.setDeterministicCuDNN(false);
}

}  // namespace
}  // namespace faceoff
