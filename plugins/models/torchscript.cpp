// Any exported detector or embedder: what it wants to see and what it gives is said in the experiment.
#include <faceoff/layers.hpp>
#include <faceoff/model.hpp>

#include <ATen/ATen.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
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

class TorchScript : public Model {
 public:
  static void describe(Schema<TorchScript>& s) {
    s.name("torchscript").summary("An exported TorchScript model, by default the faceres embedder (1024-d)");
    s.param("weights", &TorchScript::weights_,
            "TorchScript file: [R,3,size,size] in, the provided outputs out, in order");
    s.param(
        "provides", &TorchScript::provides_,
        "what it returns: embedding [R,D], scores [R,N] in [0,1], boxes [R,N,4] as x0 y0 x1 y1 in pixels of the view, "
        "landmarks [R,K,2]");
    s.param("view", &TorchScript::view_, "what it sees").choices({"box", "whole_picture", "padded_box", "dlib_rect"});
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
    try {
      module_ = torch::jit::load(file, setup.device);
    } catch (const c10::Error& error) {
      throw FileError(file + ": not a TorchScript file: " + first_line(error.what_without_backtrace()));
    } catch (const std::exception& error) {  // the compiler of its code has errors of its own
      throw FileError(file + ": not a TorchScript file: " + first_line(error.what()));
    }
    module_->eval();
    module_->to(setup.device, setup.dtype);
    for (const at::Tensor& parameter : module_->parameters()) parameter.requires_grad_(false);
  }

  Field provides() const override { return fields_; }

  ViewSpec view() const override {
    if (view_ == "whole_picture") return {size_, size_, WholePicture{}};
    if (view_ == "padded_box") return {size_, size_, PaddedBox{}};
    if (view_ == "dlib_rect") return {size_, size_, DlibRect{}};
    return {size_, size_, BoxCrop{.scale = scale_, .down = down_}};
  }

  Output forward(const at::Tensor& images) override {
    const c10::IValue result = module_->forward({layers::normalise(images, mean_, divisor_)});
    std::vector<at::Tensor> tensors;
    if (result.isTensor()) tensors = {result.toTensor()};
    if (result.isTuple()) {
      for (const c10::IValue& part : result.toTupleRef().elements()) tensors.push_back(part.toTensor());
    }
    if (tensors.size() != provides_.size()) {
      throw Error(weights_ + " returns " + std::to_string(tensors.size()) + " tensors, and provides names " +
                  std::to_string(provides_.size()));
    }
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
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<TorchScript>();
}
