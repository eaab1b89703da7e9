#include <faceoff/safetensors.hpp>

#include <ATen/ATen.h>

#include <atomic>
#include <cstring>
#include <limits>
#include <thread>

#include "plugins/plugin_files.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

std::string safetensors(const std::string& header, const std::string& data) {
  const std::uint64_t size = header.size();
  std::string bytes(sizeof size, '\0');
  std::memcpy(bytes.data(), &size, sizeof size);
  return bytes + header + data;
}

std::string floats(std::vector<float> values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

const std::string two_tensors =
    R"({"__metadata__":{"by":"test"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},)"
    R"("b":{"dtype":"F32","shape":[1],"data_offsets":[16,20]}})";

TEST(Safetensors, GivesTheTensorsByNameInTheTypeAskedFor) {
  const TemporaryFolder folder;
  const TensorFile file(write_bytes(folder / "w.safetensors", safetensors(two_tensors, floats({1, 2, 3, 4, 5}))));
  EXPECT_TRUE(file.contains("a"));
  EXPECT_FALSE(file.contains("__metadata__"));
  EXPECT_TRUE(same_bits(file.get("a", {2, 2}), at::tensor({1.F, 2.F, 3.F, 4.F}).view({2, 2})));
  EXPECT_TRUE(same_bits(file.get("a", {-1, 2}, at::kDouble), at::tensor({1., 2., 3., 4.}, at::kDouble).view({2, 2})));
  EXPECT_TRUE(same_bits(file.get("b", {1}), at::tensor({5.F})));
}

TEST(Safetensors, ReadsEveryTypeThatItSays) {
  const TemporaryFolder folder;
  const auto read = [&](const std::string& dtype, const std::string& data) {
    const std::string header =
        R"({"a":{"dtype":")" + dtype + R"(","shape":[1],"data_offsets":[0,)" + std::to_string(data.size()) + "]}}";
    return TensorFile(write_bytes(folder / "w.safetensors", safetensors(header, data)))
        .get("a", {1}, at::kDouble)
        .item<double>();
  };
  EXPECT_EQ(read("F32", floats({1.5F})), 1.5);
  EXPECT_EQ(read("F64", std::string("\0\0\0\0\0\0\xF8\x3F", 8)), 1.5);
  EXPECT_EQ(read("F16", std::string("\x00\x3E", 2)), 1.5);
  EXPECT_EQ(read("BF16", std::string("\xC0\x3F", 2)), 1.5);
  EXPECT_EQ(read("I64", std::string("\x07\0\0\0\0\0\0\0", 8)), 7);
  EXPECT_EQ(read("U8", std::string("\xC8", 1)), 200);
}

TEST(Safetensors, ATensorOutlivesItsFile) {
  const TemporaryFolder folder;
  at::Tensor tensor;
  {
    const TensorFile file(write_bytes(folder / "w.safetensors", safetensors(two_tensors, floats({1, 2, 3, 4, 5}))));
    tensor = file.get("a", {2, 2});
    std::filesystem::remove(folder / "w.safetensors");
  }
  EXPECT_EQ(tensor.sum().item<double>(), 10);
}

/// What is said of a file with these bytes when tensor 'a' of shape [2,2] is asked for.
std::string refusal(const std::string& bytes) {
  const TemporaryFolder folder;
  const std::filesystem::path path = write_bytes(folder / "w.safetensors", bytes);
  const std::string message = error_of<FileError>([&] { TensorFile(path).get("a", {2, 2}); });
  expect_in(message, path.string());
  return message;
}

std::string refusal(const std::string& header, const std::string& data) {
  return refusal(safetensors(header, data));
}

/// A header with one tensor 'a'.
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}

const std::string four = floats({1, 2, 3, 4});

TEST(Safetensors, RefusesAFileThatIsCutShortAnywhere) {
  const std::string whole = safetensors(two_tensors, floats({1, 2, 3, 4, 5}));
  for (std::size_t size = 0; size < whole.size(); ++size) refusal(whole.substr(0, size));
  // It is the tensor that does not fit into the rest that is named.
  expect_in(refusal(whole.substr(0, whole.size() - 1)), "'b'");
}

TEST(Safetensors, RefusesAHeaderThatIsLongerThanTheFile) {
  for (const std::uint64_t size : {std::uint64_t{1} << 20U, std::uint64_t{1} << 40U, ~std::uint64_t{0}}) {
    std::string bytes = safetensors(two_tensors, floats({1, 2, 3, 4, 5}));
    std::memcpy(bytes.data(), &size, sizeof size);
    expect_in(refusal(bytes), "header has " + std::to_string(size) + " bytes");
  }
}

TEST(Safetensors, RefusesAHeaderThatIsNoJsonObject) {
  for (const std::string header :
       {"", "{", "[]", "7", "null", "{\"a\":7}", "{\"a\":{}}", "{\"a\":[]}", "{\"\xFF\":7}"}) {
    refusal(header, four);
  }
  refusal(std::string(50000, '['), four);
  refusal("{\"a\":" + std::string(50000, '[') + std::string(50000, ']') + "}", four);
}

TEST(Safetensors, RefusesTensorsThatOverlapOrLeaveAHole) {
  const auto with_b = [](const std::string& offsets) {
    return R"({"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[1],"data_offsets":)" +
           offsets + "}}";
  };
  const std::string overlap = refusal(with_b("[12,16]"), four);
  expect_in(overlap, "overlaps");
  expect_in(overlap, "'b'");
  const std::string hole = refusal(with_b("[20,24]"), four + floats({5, 6}));
  expect_in(hole, "hole");
  expect_in(hole, "'b'");
  expect_in(refusal(one("F32", "[2,2]", "[4,20]"), four + floats({5})), "hole");
}

TEST(Safetensors, RefusesBytesThatBelongToNoTensor) {
  expect_in(refusal(one("F32", "[2,2]", "[0,16]"), four + "123"), "3 bytes at its end belong to no tensor");
}

TEST(Safetensors, RefusesATensorWhosePlaceDoesNotFitItsShape) {
  for (const std::string shape : {"[2,3]", "[3]", "[]", "[0]", "[4611686018427387904,4]", "[-2,-2]"}) {
    expect_in(refusal(one("F32", shape, "[0,16]"), four), "'a'");
  }
  for (const std::string offsets : {"[0,12]", "[16,0]", "[0,17]", "[8,24]"}) {
    expect_in(refusal(one("F32", "[2,2]", offsets), four), "'a'");
  }
  refusal(one("F32", "[2,2]", "[0]"), four);
  refusal(one("F32", "[2,2]", "[0,\"16\"]"), four);
}

TEST(Safetensors, RefusesAShapeThatIsNotOfWholeNumbers) {
  for (const std::string shape : {"[2.5,2]", "[true,4]", "[\"2\",2]", "4", "{\"a\":2}"}) {
    expect_in(refusal(one("F32", shape, "[0,16]"), four), "'a'");
  }
  expect_in(refusal(one("F32", "[2,2]", "[0.5,16.5]"), four), "'a'");
  refusal(one("F32", std::string(50000, '[') + std::string(50000, ']'), "[0,16]"), four);
}

TEST(Safetensors, RefusesATypeThatItDoesNotKnow) {
  const std::string message = refusal(one("F8_E4M3", "[4,4]", "[0,16]"), four);
  expect_in(message, "'a'");
  expect_in(message, "F8_E4M3");
}

TEST(Safetensors, RefusesANameThatStandsTwice) {
  const std::string entry = R"("a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]})";
  expect_in(refusal("{" + entry + "," + entry + "}", four), "'a' twice");
}

TEST(Safetensors, RefusesAMissingTensorAndAnotherShape) {
  expect_in(refusal(R"({"c":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", four), "no tensor 'a'");
  const std::string shape = refusal(one("F32", "[4]", "[0,16]"), four);
  expect_in(shape, "'a' has the shape [4], not [2, 2]");
}

TEST(Safetensors, RefusesValuesThatAreNotFinite) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const std::string message = refusal(one("F32", "[2,2]", "[0,16]"), floats({1, bad, 3, 4}));
    expect_in(message, "'a'");
    expect_in(message, "not finite");
  }
}

TEST(Safetensors, TellsAPyTorchFile) {
  const std::string legacy("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
  for (const std::string& bytes : {std::string("PK\x03\x04\0\0\x08\x08", 8), legacy}) {
    const std::string message = refusal(bytes + std::string(100, '\0'));
    expect_in(message, "it is a PyTorch file; scripts/export --state-dict ");
    expect_in(message, "w.safetensors OUT.safetensors converts a state dict");
  }
}

TEST(Safetensors, AFileThatIsCutWhileItIsReadEndsNoProcess) {
  const TemporaryFolder folder;
  const std::string whole = safetensors(two_tensors, floats({1, 2, 3, 4, 5}));
  const std::filesystem::path path = write_bytes(folder / "w.safetensors", whole);
  std::atomic<bool> stop = false;
  std::thread other([&] {
    while (!stop) {
      std::filesystem::resize_file(path, 0);
      write_bytes(path, whole);
    }
  });
  for (int i = 0; i < 2000; ++i) {
    try {
      EXPECT_EQ(TensorFile(path).get("b", {1}).item<float>(), 5);
    } catch (const FileError&) {
    }
  }
  stop = true;
  other.join();
}

TEST(Safetensors, RefusesWhatIsNoFile) {
  const TemporaryFolder folder;
  for (const std::filesystem::path& path : {folder / "nowhere.safetensors", folder.path()}) {
    expect_in(error_of<FileError>([&] { TensorFile file(path); }), path.string());
  }
}

}  // namespace
}  // namespace faceoff
