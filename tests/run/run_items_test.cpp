// Runs in one process, as a program calls them that is not ours.
#include "run/run_items.hpp"

#include <gtest/gtest.h>

#include "experiment/experiment_files.hpp"
#include "plugins/plugin_files.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

/// Away from oneself, one step, which looks at no detector but the one that finds the face.
const std::string protect =
    "[data]\npictures = [\"models/samples/sample1.jpg\"]\n"
    "[models.tiny]\nplugin = \"tiny_face_detector\"\n"
    "[models.dlib]\nplugin = \"face_recognition\"\nalign = \"box\"\n"
    "[faces]\ndetector = \"tiny\"\n"
    "[attack]\nmask = \"faces\"\n"
    "[[loss]]\nplugin = \"dodging\"\nmodels = [\"dlib\"]\n"
    "[optimizer]\nplugin = \"pgd\"\nsteps = 1\n";

class Runs : public testing::Test {
 protected:
  Done done(const std::string& out, const std::vector<std::string>& sets = {}, bool resume = false) {
    RunRequest request;
    request.experiment = file_.path.string();
    request.sets = sets;
    request.out = folder_ / out;
    request.resume = resume;
    RunItems items(request, observer_);
    return items.run();
  }

  RunObserver observer_;
  const TemporaryFolder folder_;
  const ExperimentFile file_{protect};
};

TEST_F(Runs, OneAfterTheOtherAreTwo) {
  const Done first = done("first"), second = done("second", {"seed=2"});
  EXPECT_EQ(first.run, folder_ / "first");
  EXPECT_EQ(second.run, folder_ / "second");
  for (const Done& one : {first, second}) {
    EXPECT_EQ(one.items, 1);
    EXPECT_EQ(one.of, 1);
    EXPECT_TRUE(std::filesystem::exists(one.run / "results.jsonl"));
  }
}

TEST_F(Runs, GoOnWithWhatAnAttackThatProtectsWouldGiveAgain) {
  done("run");
  EXPECT_EQ(done("run", {}, true).items, 1);
  // Its margin goes by the threshold, and what it keeps may go by the margin.
  expect_in(error_of<ConfigError>([&] { done("run", {"evaluate.false_accept_rate=0.01"}, true); }),
            "would come out the same");
}

}  // namespace
}  // namespace faceoff
