// What every native model says of weights that are not as they should be: one line that names the file, and the tensor
// where it is about one. What the reader itself refuses stands in sdk_test.cpp.
#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <limits>

#include "models/made_up_facenet.hpp"
#include "plugins/plugin_files.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// A native model, and its weights below models/; empty: made up, because they are in no registry.
struct Native {
  std::string plugin, file;
};

void PrintTo(const Native& native, std::ostream* out) {
  *out << native.plugin;
}

/// A model's weights in a file of their own, with room behind the header, so that headers can be exchanged in place.
class Weights {
 public:
  Weights(const fs::path& source, fs::path path) : path_(std::move(path)) {
    const std::string bytes = read_bytes(source);
    std::uint64_t size = 0;
    std::memcpy(&size, bytes.data(), sizeof size);
    header = json::parse(bytes.substr(sizeof size, size));
    room_ = size + 4096;
    write_bytes(path_, std::string(sizeof room_ + room_, ' ') + bytes.substr(sizeof size + size));
    write_header(header.dump());
  }

  /// The file's own header.
  json header;

  const fs::path& path() const { return path_; }
  std::uint64_t data() const { return sizeof room_ + room_; }

  void write_header(std::string text) const {
    ASSERT_LE(text.size(), room_);
    text.resize(room_, ' ');
    std::string size(sizeof room_, '\0');
    std::memcpy(size.data(), &room_, sizeof room_);
    write_at(0, size + text);
  }

  float exchange(const std::string& name, std::uint64_t index, float value) const {
    const std::uint64_t offset = data() + header[name]["data_offsets"][0].get<std::uint64_t>() + index * sizeof value;
    float before = 0;
    std::ifstream in(path_, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(offset)).read(reinterpret_cast<char*>(&before), sizeof before);
    write_at(offset, std::string(reinterpret_cast<const char*>(&value), sizeof value));
    return before;
  }

  std::uint64_t numbers_of(const std::string& name) const {
    std::uint64_t count = 1;
    for (const auto& n : header[name]["shape"]) count *= n.get<std::uint64_t>();
    return count;
  }

 private:
  void write_at(std::uint64_t offset, const std::string& bytes) const {
    std::fstream out(path_, std::ios::binary | std::ios::in | std::ios::out);
    out.seekp(static_cast<std::streamoff>(offset)).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    ASSERT_TRUE(out.flush());
  }

  fs::path path_;
  std::uint64_t room_ = 0;
};

class DamagedWeights : public testing::TestWithParam<Native> {
 protected:
  void load() const { make<Model>(GetParam().plugin, {{"weights", weights_.path().string()}}); }

  /// The one line that is said of the file.
  std::string refusal() const {
    const std::string message = error_of<FileError>([&] { load(); });
    EXPECT_TRUE(message.starts_with(weights_.path().string() + ": ")) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return message;
  }

  std::string refusal(const std::string& header) const {
    weights_.write_header(header);
    return refusal();
  }

  /// Tensors that the model reads, from all over the network and of every shape.
  std::vector<std::string> tensors() const {
    constexpr std::size_t most = 40;
    std::vector<std::string> all, some;
    for (const auto& [name, about] : weights_.header.items()) {
      const bool unread =
          name == "__metadata__" || name.starts_with("Preprocessor/") || name.starts_with("onet.points");
      if (!unread) all.push_back(name);
    }
    for (std::size_t i = 0; i < all.size(); i += (all.size() + most - 1) / most) some.push_back(all[i]);
    return some;
  }

  /// The header with this shape for the tensor; numbers that it leaves over belong to a tensor that nobody reads.
  std::string with_shape(const std::string& name, const std::vector<std::uint64_t>& shape) const {
    json header = weights_.header;
    json& offsets = header[name]["data_offsets"];
    std::uint64_t end = sizeof(float);
    for (const std::uint64_t n : shape) end *= n;
    end += offsets[0].get<std::uint64_t>();
    const std::uint64_t left = offsets[1].get<std::uint64_t>() - end;
    if (left > 0) {
      header["left over"] = {{"dtype", "U8"}, {"shape", {left}}, {"data_offsets", {end, offsets[1]}}};
    }
    header[name]["shape"] = shape;
    offsets[1] = end;
    return header.dump();
  }

  TemporaryFolder folder_;
  Weights weights_{
      GetParam().file.empty() ? write_made_up_facenet(folder_ / "made_up") : fs::path("models") / GetParam().file,
      folder_ / "weights.safetensors"};
};

TEST_P(DamagedWeights, ATensorMoreIsNoDamage) {
  // Publishers leave their classifiers and preprocessing in, which an embedding does without.
  json header = weights_.header;
  const std::uint64_t end = fs::file_size(weights_.path()) - weights_.data();
  header["classifier"] = {{"dtype", "F32"}, {"shape", {2}}, {"data_offsets", {end, end + 8}}};
  weights_.write_header(header.dump());
  std::ofstream(weights_.path(), std::ios::binary | std::ios::app) << std::string(8, '\xFF');
  load();
}

TEST_P(DamagedWeights, AFileThatIsCutShort) {
  const std::uint64_t size = fs::file_size(weights_.path()), data = weights_.data();
  for (const std::uint64_t left : {size - 1, size - 4, data + (size - data) / 2, data + 1, data}) {
    fs::resize_file(weights_.path(), left);
    const std::string message = refusal();
    expect_in(message, "not a whole safetensors file: tensor '");
  }
  for (const std::uint64_t left : {data - 1, data / 2, std::uint64_t{8}, std::uint64_t{7}, std::uint64_t{0}}) {
    fs::resize_file(weights_.path(), left);
    expect_in(refusal(), "not a whole safetensors file: it ");
  }
}

TEST_P(DamagedWeights, AMissingTensor) {
  for (const std::string& name : tensors()) {
    json header = weights_.header;
    header["another"] = header[name];
    header.erase(name);
    EXPECT_EQ(refusal(header.dump()), weights_.path().string() + ": no tensor '" + name + "'");
  }
}

TEST_P(DamagedWeights, ATensorOfAnotherShape) {
  for (const std::string& name : tensors()) {
    const auto shape = weights_.header[name]["shape"].get<std::vector<std::uint64_t>>();
    std::vector<std::vector<std::uint64_t>> others;
    const bool free = name == "last_linear.weight";  // its length is the embedding's
    for (std::size_t i = free ? 1 : 0; i < shape.size(); ++i) {
      others.push_back(shape);
      --others.back()[i];
    }
    others.push_back(shape);
    others.back().insert(others.back().begin(), 1);
    if (shape.size() > 1 && shape[0] != shape[1]) {
      others.push_back(shape);
      std::swap(others.back()[0], others.back()[1]);
    }
    for (const std::vector<std::uint64_t>& other : others)
      expect_in(refusal(with_shape(name, other)), ": tensor '" + name + "' has the shape ");
  }
}

TEST_P(DamagedWeights, ATensorOfAnotherType) {
  for (const std::string& name : tensors()) {
    for (const char* type : {"F16", "BF16", "F64", "I64", "U8", "I32", "F8_E5M2", "f32", ""}) {
      json header = weights_.header;
      header[name]["dtype"] = type;
      expect_in(refusal(header.dump()), ": not a whole safetensors file: tensor '" + name + "' ");
    }
  }
}

TEST_P(DamagedWeights, ValuesThatAreNotFinite) {
  const std::vector<std::string> names = tensors();
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> bad = {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::uint64_t count = weights_.numbers_of(names[i]),
                        index = std::vector{std::uint64_t{0}, count / 2, count - 1}[i % 3];
    const float before = weights_.exchange(names[i], index, bad[i % bad.size()]);
    EXPECT_EQ(refusal(), weights_.path().string() + ": tensor '" + names[i] + "' has values that are not finite");
    weights_.exchange(names[i], index, before);
  }
  load();
}

TEST_P(DamagedWeights, AHostileHeader) {
  const std::string name = tensors().front(), about = ": tensor '" + name + "' ";
  const auto with = [&](const char* key, const json& value) {
    json header = weights_.header;
    header[name][key] = value;
    return refusal(header.dump());
  };
  const std::string whole = weights_.header.dump(), rest = whole.substr(1);
  const std::string twice = "{" + json(name).dump() + ":" + weights_.header[name].dump() + "," + rest;
  expect_in(refusal(twice), "'" + name + "' twice");
  expect_in(refusal("{\"deep\":" + std::string(1000, '[') + std::string(1000, ']') + "," + rest), "nested deeper");
  expect_in(refusal("{\"\xFF\xFE\":1," + rest), "no JSON object");
  expect_in(refusal("{\"a\\nb\\u001b[2J\":1," + rest), "a name with control characters");
  expect_in(with("data_offsets", {-4, 0}), "tensor '" + name + "'");
  expect_in(with("data_offsets", {0, 1U << 31U}), about);
  expect_in(with("data_offsets", json::object()), "tensor '" + name + "'");
  expect_in(with("shape", {std::uint64_t{1} << 40U, std::uint64_t{1} << 40U}), about + "is larger than can be");
  expect_in(with("shape", {-1, -1}), "tensor '" + name + "'");
  expect_in(with("shape", nullptr), "tensor '" + name + "'");
  json header = weights_.header;
  header["shadow"] = header[name];
  const std::string overlap = refusal(header.dump());
  EXPECT_TRUE(overlap.find("'shadow' overlaps") != std::string::npos ||
              overlap.find("'" + name + "' overlaps") != std::string::npos)
      << overlap;
  header = weights_.header;
  header.erase(name);
  expect_in(refusal(header.dump()), "leaves a hole");
  header[name] = 7;
  expect_in(refusal(header.dump()), about);
  header = weights_.header;
  header["__metadata__"] = {{"a", 7}};
  expect_in(refusal(header.dump()), "__metadata__");
}

INSTANTIATE_TEST_SUITE_P(
    , DamagedWeights,
    testing::Values(Native{"ssd_mobilenet_v1", "ssd_mobilenet_v1.safetensors"},
                    Native{"tiny_face_detector", "tiny_face_detector.safetensors"},
                    Native{"mtcnn", "mtcnn.safetensors"}, Native{"rfb_320", "rfb_320.safetensors"},
                    Native{"blazeface", "blazeface_back.safetensors"}, Native{"faceboxes", "faceboxes.safetensors"},
                    Native{"face_landmark_68", "face_landmark_68.safetensors"},
                    Native{"face_recognition", "face_recognition.safetensors"},
                    Native{"faceres", "faceres.safetensors"}, Native{"mobileface", "mobileface.safetensors"},
                    Native{"mobilefacenet", "mobilefacenet.safetensors"}, Native{"inception_resnet_v1", ""}),
    [](const auto& native) { return native.param.plugin; });

}  // namespace
}  // namespace faceoff
