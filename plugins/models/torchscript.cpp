// Any exported detector or embedder: what it wants to see and what it gives is said in the experiment.
#include <faceoff/layers.hpp>
#include <faceoff/model.hpp>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace faceoff;

std::string first_line(const std::string& text) {
  const std::size_t start = std::min(text.find_first_not_of('\n'), text.size());
  return text.substr(start, text.find('\n', start) - start);
}

std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of('\n');
  return end == std::string::npos ? "" : first_line(text.substr(text.find_last_of('\n', end) + 1));
}

class TorchScript : public Model {
 public:
  static void describe(Schema<TorchScript>& s) {
    s.name("torchscript").summary("An exported TorchScript model, by default the faceres embedder (1024-d)");
    s.param("weights", &TorchScript::weights_,
            "TorchScript file: [R,3,size,size] in, the provided outputs out, in order")
        .file();
    s.param(
        "provides", &TorchScript::provides_,
        "what it returns: embedding [R,D], scores [R,N] in [0,1], boxes [R,N,4] as x0 y0 x1 y1 in pixels of the view, "
        "landmarks [R,K,2], beside scores [R,N,K,2]");
    s.param("view", &TorchScript::view_, "what it sees")
        .choices({"box", "whole_picture", "stretched_picture", "letterboxed_picture", "padded_box", "dlib_rect",
                  "five_points"});
    s.param("size", &TorchScript::size_, "height and width of its input").unit("pixels").range(8, 4096);
    s.param("scale", &TorchScript::scale_, "for view = \"box\": the square's side over the box's longer side")
        .range(.1, 10);
    s.param("down", &TorchScript::down_, "for view = \"box\": how far the square lies lower")
        .unit("box sides")
        .range(-1, 1);
    s.param("mean", &TorchScript::mean_, "subtracted from R, G and B in [0,255]");
    s.param("divisor", &TorchScript::divisor_, "what the difference is divided by").range(1e-3, 1e3);
  }

  void setup(const Setup& setup) override {
    if (mean_.size() != 3) throw ConfigError("mean: one number each for R, G and B");
    fields_ = Field::none;
    for (const std::string& name : provides_) fields_ = fields_ | field(name);
    if (fields_ == Field::none) throw ConfigError("provides: name at least one output");
    const std::string file = setup.resolve(weights_).string();
    torch::jit::ExtraFilesMap extra = {{reference_input, ""}, {reference_output, ""}};
    try {
      module_ = torch::jit::load(file, setup.device, extra);
    } catch (const c10::Error& error) {
      throw FileError(file + ": not a TorchScript file: " + first_line(error.what_without_backtrace()));
    } catch (const std::exception& error) {  // the compiler of its code has errors of its own
      throw FileError(file + ": not a TorchScript file: " + first_line(error.what()));
    }
    module_->eval();
    module_->to(setup.device, setup.dtype);
    for (const at::Tensor& parameter : module_->parameters()) parameter.requires_grad_(false);
    try {
      check_rows(file, setup);
      differentiable_ = has_gradient(setup);
      if (!extra[reference_input].empty()) check_reference(file, setup, extra);
    } catch (const c10::Error& error) {
      throw FileError(file + ": it does not take [R,3," + std::to_string(size_) + "," + std::to_string(size_) +
                      "]: " + last_line(error.what_without_backtrace()));
    }
  }

  bool differentiable() const override { return differentiable_; }

  Field provides() const override { return fields_; }

  ViewSpec view() const override {
    if (view_ == "whole_picture") return {size_, size_, WholePicture{}};
    if (view_ == "stretched_picture") return {size_, size_, StretchedPicture{}};
    if (view_ == "letterboxed_picture") return {size_, size_, LetterboxedPicture{}};
    if (view_ == "padded_box") return {size_, size_, PaddedBox{}};
    if (view_ == "dlib_rect") return {size_, size_, DlibRect{}};
    if (view_ == "five_points") return {size_, size_, FivePoints{}};
    return {size_, size_, BoxCrop{.scale = scale_, .down = down_}};
  }

  Output forward(const at::Tensor& images) override {
    const std::vector<at::Tensor> tensors = run(layers::normalise(images, mean_, divisor_));
    Output output;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      switch (field(provides_[i])) {
        case Field::scores:
          output.scores = tensors[i];
          break;
        case Field::boxes:
          output.boxes = tensors[i];
          break;
        case Field::landmarks:
          output.landmarks = tensors[i];
          break;
        default:
          output.embedding = tensors[i] / tensors[i].norm(2, 1, true).clamp_min(1e-12);
      }
    }
    return output;
  }

 private:
  static constexpr const char* reference_input = "reference_input.f32";
  static constexpr const char* reference_output = "reference_output.f32";

  std::vector<at::Tensor> run(const at::Tensor& input) {
    const c10::IValue result = module_->forward({input});
    std::vector<at::Tensor> tensors;
    if (result.isTensor()) tensors = {result.toTensor()};
    if (result.isTuple()) {
      for (const c10::IValue& part : result.toTupleRef().elements()) tensors.push_back(part.toTensor());
    }
    if (tensors.size() != provides_.size()) {
      throw ConfigError(weights_ + " returns " + std::to_string(tensors.size()) + " tensors, and provides names " +
                        std::to_string(provides_.size()));
    }
    return tensors;
  }

  /// Something like two pictures, the same every time.
  at::Tensor pictures(const Setup& setup) const {
    const auto options = at::TensorOptions(setup.dtype).device(setup.device);
    const at::Tensor along = at::arange(size_, options) / static_cast<double>(size_);
    const at::Tensor wave = (along * 9).sin().unsqueeze(1) * (along * 7).cos() * 100 + 128;
    return at::stack({wave.expand({3, size_, size_}), wave.flip(1).expand({3, size_, size_})}).contiguous();
  }

  /// Two pictures at once have to give what each gives alone, finite.
  void check_rows(const std::string& file, const Setup& setup) {
    const at::NoGradGuard no_grad;
    const at::Tensor both = pictures(setup);
    const std::vector<at::Tensor> together = run(both);
    for (std::int64_t r = 0; r < 2; ++r) {
      const std::vector<at::Tensor> alone = run(both.narrow(0, r, 1));
      for (std::size_t i = 0; i < alone.size(); ++i) {
        if (together[i].dim() == 0 || together[i].size(0) != 2)
          throw FileError(file + ": for two pictures it returns " + c10::str(together[i].sizes()) + ", not two rows");
        if (!at::isfinite(together[i]).all().item<bool>())
          throw FileError(file + ": it returns values that are not finite");
        if (!at::allclose(together[i].narrow(0, r, 1), alone[i], 1e-3, 1e-4))
          throw FileError(file + ": a picture in a batch of two gives another answer than alone");
      }
    }
  }

  bool has_gradient(const Setup& setup) {
    const at::AutoGradMode with_grad(true);
    const at::Tensor input = pictures(setup).requires_grad_(true);
    at::Tensor total = at::zeros({}, input.options());
    for (const at::Tensor& part : run(input)) total = total + part.square().sum();
    if (!total.requires_grad()) return false;
    const at::Tensor gradient = torch::autograd::grad({total}, {input}, {}, false, false, true).front();
    return gradient.defined() && gradient.abs().max().item<double>() > 0;
  }

  /// What the exporter saw come out of the network has to come out here.
  void check_reference(const std::string& file, const Setup& setup, const torch::jit::ExtraFilesMap& extra) {
    const at::NoGradGuard no_grad;
    const auto values = [&](const char* name) {
      const std::string& bytes = extra.at(name);
      at::Tensor tensor = at::empty({static_cast<std::int64_t>(bytes.size() / sizeof(float))}, at::kFloat);
      std::memcpy(tensor.data_ptr(), bytes.data(), tensor.nbytes());
      return tensor.to(setup.device, setup.dtype);
    };
    const at::Tensor input = values(reference_input), expected = values(reference_output);
    if (input.numel() != 3 * size_ * size_)
      throw ConfigError(weights_ + " was exported for another size than " + std::to_string(size_));
    const at::Tensor found = run(input.view({1, 3, size_, size_})).front().flatten();
    if (found.sizes() != expected.sizes() ||
        (found - expected).abs().max().item<double>() > 1e-3 * expected.abs().max().item<double>())
      throw FileError(file + ": its reference picture gives another output than where it was exported");
  }

  static Field field(const std::string& name) {
    for (const Field f : {Field::scores, Field::boxes, Field::landmarks, Field::embedding}) {
      if (to_string(f) == name) return f;
    }
    throw ConfigError("provides: '" + name + "' is none of scores, boxes, landmarks, embedding");
  }

  std::string weights_ = "models/faceres.pt";
  std::vector<std::string> provides_ = {"embedding"};
  std::string view_ = "box";
  std::int64_t size_ = 224;
  double scale_ = 1.1;
  double down_ = 0;
  std::vector<double> mean_ = {0, 0, 0};
  double divisor_ = 1;
  Field fields_ = Field::none;
  std::optional<torch::jit::Module> module_;
  bool differentiable_ = true;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<TorchScript>();
}
