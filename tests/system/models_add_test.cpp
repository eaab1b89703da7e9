// scripts/models add facenet: what it makes of a file, and what it says of one that is not FaceNet's.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "models/made_up_facenet.hpp"
#include "program.hpp"

namespace system_test {
namespace {

class AddFacenet : public testing::Test {
 protected:
  Outcome add(const fs::path& file) const {
    return run({{"scripts/models", "add", "facenet", file}, {{"FACEOFF_MODELS", folder_.path().string()}}});
  }

  /// What a program that uses the converter prints; `weights` and `saved` are files in this folder, the first made up.
  std::string printed(const std::string& program) const {
    const std::string before =
        "import sys, torch\nfrom pathlib import Path\nsys.path.insert(0, 'scripts')\n"
        "from convert_facenet import Refused, embedding_weights, read\n"
        "weights, saved = Path(sys.argv[1]), Path(sys.argv[2])\n";
    const Outcome outcome = run({{torch_python(), "-c", before + program, weights_, saved_}});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.out;
  }

  TemporaryFolder folder_;
  fs::path weights_ = faceoff::write_made_up_facenet(folder_ / "weights.safetensors");
  fs::path saved_ = folder_ / "saved.pt";
};

/// A safetensors file's tensors, without its header.
std::string data_of(const std::string& bytes) {
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof header);
  return bytes.substr(sizeof header + header);
}

TEST_F(AddFacenet, TakesAStateDictOrASafetensorsFileAndMakesTheSameOfBoth) {
  printed(
      "more = {'logits.weight': torch.ones(3, 512), 'last_bn.num_batches_tracked': torch.tensor(7)}\n"
      "torch.save(read(weights) | more, saved)\n");
  for (const fs::path& file : {weights_, saved_}) {
    const Outcome outcome = add(file);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "made " + (folder_ / "inception_resnet_v1" / file.stem()).string() + ".safetensors\n");
  }
  const std::string made = read_text(folder_ / "inception_resnet_v1/weights.safetensors");
  EXPECT_TRUE(data_of(made) == data_of(read_text(weights_)));
  EXPECT_TRUE(made == read_text(folder_ / "inception_resnet_v1/saved.safetensors"));
}

TEST_F(AddFacenet, RefusesWeightsThatAreNotFacenets) {
  const std::string said = printed(R"(
def refused(tensors):
    try:
        embedding_weights(tensors)
    except Refused as error:
        print(error)

whole = read(weights)
refused({})
refused({name: tensor for name, tensor in whole.items() if name != 'last_bn.bias'})
refused(whole | {'last_bn.bias': torch.ones(7)})
refused(whole | {'last_bn.bias': torch.ones(512, dtype=torch.int64)})
refused(whole | {'last_bn.bias': torch.full([512], torch.nan)})
)");
  const std::string network = ", so not the weights of facenet-pytorch's InceptionResnetV1";
  EXPECT_EQ(lines_of(said), (std::vector<std::string>{
                                "no tensor 'conv2d_1a.conv.weight' and 601 others" + network,
                                "no tensor 'last_bn.bias'" + network,
                                "tensor 'last_bn.bias' has the shape [7], not [512]",
                                "tensor 'last_bn.bias' is of the type torch.int64, not floating point",
                                "tensor 'last_bn.bias' has values that are not finite",
                            }));
}

TEST_F(AddFacenet, RefusesWhatIsNoStateDict) {
  const std::string said = printed(R"(
def refused():
    try:
        read(saved)
    except Refused as error:
        print(error)

for given in ([1], {'state_dict': 7}, torch.nn.Linear(2, 2)):
    for zipped in (True, False):
        torch.save(given, saved, _use_new_zipfile_serialization=zipped)
        refused()
saved.write_bytes(weights.read_bytes()[:100000])
refused()
)");
  const std::string list = "no state dict: it holds a list", nested = "no state dict: its 'state_dict' is no tensor",
                    other = "no state dict: it is damaged, or holds more than tensors";
  EXPECT_EQ(lines_of(said),
            (std::vector<std::string>{list, list, nested, nested, other, other, "not a whole safetensors file"}));

  const auto expect_refusal = [&](const std::string& file, const std::string& why) {
    const Outcome outcome = add(file);
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(outcome.err, "scripts/models: " + file + ": " + why + "\n");
    EXPECT_FALSE(fs::exists(folder_ / "inception_resnet_v1"));
  };
  expect_refusal("nowhere.pt", "no such file");
  expect_refusal("tests", "a folder");
  expect_refusal("README.md", "neither a PyTorch state dict nor a safetensors file");
}

}  // namespace
}  // namespace system_test
