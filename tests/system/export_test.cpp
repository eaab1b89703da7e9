// scripts/export, and what the plugin torchscript makes of files that are not as they should be.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "program.hpp"
#include "script_check.hpp"

namespace system_test {
namespace {

constexpr const char* modules = R"(
import torch


class Embedder(torch.nn.Module):
    def __init__(self, fault=""):
        super().__init__()
        torch.manual_seed(3)
        self.net = torch.nn.Sequential(
            torch.nn.Conv2d(3, 8, 5, stride=4), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(2), torch.nn.Flatten(),
            torch.nn.Linear(32, 16))
        self.fault = fault

    def forward(self, x):
        y = self.net(x / 255)
        if self.fault == "rows":
            y = y - 0.5 * y.mean(0, keepdim=True)
        if self.fault == "detached":
            y = y.detach()
        if self.fault == "nan":
            y = y / 0 * 0
        if self.fault == "two":
            return y, y
        return y


def good():
    return Embedder()


def rows():
    return Embedder("rows")


def detached():
    return Embedder("detached")


def nan():
    return Embedder("nan")


def two():
    return Embedder("two")


def number():
    return 3
)";

class Export : public testing::Test {
 protected:
  Export() {
    write_text(folder_ / "tiny.py", modules);
    fs::create_directory(folder_ / "without_numpy");
    write_text(folder_ / "without_numpy/numpy.py", "raise ModuleNotFoundError(\"No module named 'numpy'\")\n");
  }

  /// Runs without NumPy, which PyTorch warns about where nobody keeps it from that.
  Outcome exported(const std::string& factory, const Args& more = {}) const {
    Args command = {torch_python(),    (fs::path(FACEOFF_SOURCE_FOLDER) / "scripts" / "export").string(),
                    "tiny:" + factory, factory + ".pt",
                    "--size",          "64"};
    command.insert(command.end(), more.begin(), more.end());
    return run({command, {{"PYTHONPATH", (folder_ / "without_numpy").string()}}, folder_.path()});
  }

  /// The conformance suite over the file.
  Outcome check(const std::string& file, const Args& more = {}) const {
    return check_script(folder_.path(), file, more);
  }

  TemporaryFolder folder_;
};

TEST_F(Export, MakesAModelThatKeepsItsInterface) {
  const Outcome made = exported("good");
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(made.out, "good.pt\n");
  EXPECT_EQ(made.err, "");
  const Outcome checked = check("good.pt");
  EXPECT_EQ(checked.code, 0) << checked.out << checked.err;
  EXPECT_TRUE(contains(checked.out, "ok      lets the gradient through")) << checked.out;
}

TEST_F(Export, ModelsWithoutAGradientSaySo) {
  ASSERT_EQ(exported("detached").code, 0);
  const Outcome checked = check("detached.pt");
  EXPECT_EQ(checked.code, 0) << checked.out << checked.err;
  EXPECT_FALSE(contains(checked.out, "lets the gradient through")) << checked.out;
}

TEST_F(Export, FilesThatAreNotAsTheyShouldBeAreRefusedWhenLoaded) {
  const std::map<std::string, std::string> said = {
      {"rows", "a picture in a batch of two gives another answer than alone"},
      {"nan", "it returns values that are not finite"},
      {"two", "returns 2 tensors, and provides names 1"}};
  for (const auto& [factory, reason] : said) {
    SCOPED_TRACE(factory);
    ASSERT_EQ(exported(factory).code, 0);
    const Outcome checked = check(factory + ".pt");
    EXPECT_EQ(checked.code, 3) << checked.out;
    EXPECT_TRUE(contains(checked.out, reason)) << checked.out;
    EXPECT_TRUE(contains(checked.out, factory + ".pt")) << checked.out;
  }
  ASSERT_EQ(exported("good").code, 0);
  const Outcome other_size = check("good.pt", {"--set", "torchscript.size=32"});
  EXPECT_EQ(other_size.code, 3);
  EXPECT_TRUE(contains(other_size.out, "was exported for another size than 32")) << other_size.out;
}

TEST_F(Export, AFileWhoseNumbersChangedIsRefused) {
  ASSERT_EQ(exported("good").code, 0);
  const std::string change =
      "import torch\n"
      "extra = {'reference_input.f32': b'', 'reference_output.f32': b''}\n"
      "module = torch.jit.load('good.pt', _extra_files=extra)\n"
      "with torch.no_grad():\n"
      "    for parameter in module.parameters():\n"
      "        parameter.mul_(1.05)\n"
      "torch.jit.save(module, 'good.pt', _extra_files=extra)\n";
  ASSERT_EQ(run({{torch_python(), "-c", change}, {}, folder_.path()}).code, 0);
  const Outcome checked = check("good.pt");
  EXPECT_EQ(checked.code, 3) << checked.out;
  EXPECT_TRUE(contains(checked.out, "its reference picture gives another output than where it was exported"))
      << checked.out;
}

TEST_F(Export, MistakesGetOneLine) {
  const auto refuse = [&](const std::string& factory, const Args& more, const std::string& message) {
    const Outcome outcome = exported(factory, more);
    EXPECT_EQ(outcome.code, 1);
    EXPECT_TRUE(outcome.err.starts_with("scripts/export: " + message)) << outcome.err;
    EXPECT_EQ(lines_of(outcome.err).size(), 1U) << outcome.err;
    EXPECT_FALSE(fs::exists(folder_ / (factory + ".pt")));
  };
  refuse("nobody", {}, "tiny:nobody: module 'tiny' has no attribute 'nobody'");
  refuse("number", {}, "tiny:number makes a int, not a torch.nn.Module");
  refuse("good", {"--weights", "tiny.py"}, "tiny.py: neither a PyTorch state dict nor a safetensors file");
}

}  // namespace
}  // namespace system_test
