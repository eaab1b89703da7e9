// What is said of model files of one's own that are not as they should be: tests/golden/own_models makes them.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "program.hpp"
#include "script_check.hpp"
#include "temporary_folder.hpp"

namespace system_test {
namespace {

namespace fs = std::filesystem;

class OwnModels : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    const fs::path make = fs::path(FACEOFF_GOLDEN_FOLDER) / "own_models/make.py";
    const Outcome made = run({{torch_python(), make.string(), folder_->path().string()}, {}, folder_->path()});
    ASSERT_EQ(made.code, 0) << made.err;
  }
  static void TearDownTestSuite() { folder_.reset(); }

  Outcome check(const std::string& file, const Args& more = {}) const {
    return check_script(folder_->path(), file, more);
  }

  void expect_refused(const std::string& file, const std::string& reason, const Args& more = {}) const {
    const Outcome checked = check(file, more);
    EXPECT_EQ(checked.code, 3) << file << ": " << checked.out;
    EXPECT_NE(checked.out.find(file + ": "), std::string::npos) << checked.out;
    EXPECT_NE(checked.out.find(reason), std::string::npos) << checked.out;
  }

  static inline std::unique_ptr<TemporaryFolder> folder_;  // made once for all
  const Args detects_ = {"--set", R"(torchscript.provides=["scores","boxes"])", "--set",
                         R"(torchscript.view="stretched_picture")"};
};

TEST_F(OwnModels, ThatReturnOneTensorInAListOrByItsNameAreTaken) {
  for (const char* file : {"list.pt", "good_dictionary.pt"}) EXPECT_EQ(check(file).code, 0) << check(file).out;
  EXPECT_EQ(check("detector.pt", detects_).out.find("detector.pt: "), std::string::npos);
}

TEST_F(OwnModels, AreToldWhatIsWrongWithWhatTheyReturn) {
  expect_refused("dictionary.pt", "a dictionary of features, and none of them is 'embedding'");
  expect_refused("nested.pt", "its output 2 is a Tuple", {"--set", R"(torchscript.provides=["embedding","scores"])"});
  expect_refused("none.pt", "its output 2 is a None");
  expect_refused("squeezed.pt", "is there a squeeze()");
  expect_refused("half.pt", "export it in float32");
  expect_refused("one_row.pt", "it takes one picture");
  expect_refused("zeros.pt", "an embedding of zeros for two unlike pictures");
  expect_refused("saturated.pt", "the same embedding for two unlike pictures: are 'mean' and 'divisor'");
}

TEST_F(OwnModels, DetectorsAreToldWhatIsWrongWithTheirBoxes) {
  expect_refused("detector_unit.pt", "within 0 to 1", detects_);
  expect_refused("detector_turned.pt", "x0 y0 x1 y1", detects_);
}

TEST_F(OwnModels, OfOtherKindsAreToldWhoWroteThemAndWhatMakesTorchScript) {
  for (const char* file : {"state_dict.pt", "pickled.pt"})
    expect_refused(file, "written by torch.save, not by torch.jit.save");
  expect_refused("exported.pt2", "written by torch.export.save");
}

}  // namespace
}  // namespace system_test
