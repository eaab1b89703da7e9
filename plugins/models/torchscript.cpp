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
#include <fstream>
#include <iterator>
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

/// What a file is that does not load as TorchScript. Those that PyTorch writes are archives, with their parts' names at
/// the end.
std::string why_no_script(const std::string& file, const std::string& said) {
  constexpr std::streamoff most = 1 << 16;
  std::ifstream stream(file, std::ios::binary);
  std::string start(2, '\0');
  stream.read(start.data(), 2);
  stream.seekg(0, std::ios::end);
  const std::streamoff size = stream.tellg();
  stream.seekg(std::max<std::streamoff>(size - most, 0));
  const std::string end{std::istreambuf_iterator<char>(stream), {}};
  const auto names = [&](const char* part) { return end.find(part) != std::string::npos; };
  const std::string remedy = ", not by torch.jit.save: scripts/export writes TorchScript of a network";
  if (start == "PK" && !names("constants.pkl")) {
    if (names("exported_program") || names("models/model.json")) return "written by torch.export.save" + remedy;
    if (names("data.pkl")) return "written by torch.save" + remedy;
  }
  if (start == "\x80\x02") return "written by an old torch.save" + remedy;
  return "not a TorchScript file: " + said;
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
      throw FileError(file + ": " + why_no_script(file, first_line(error.what_without_backtrace())));
    } catch (const std::exception& error) {  // the compiler of its code has errors of its own
      throw FileError(file + ": " + why_no_script(file, first_line(error.what())));
    }
    module_->eval();
    module_->to(setup.device, setup.dtype);
    for (const at::Tensor& parameter : module_->parameters()) parameter.requires_grad_(false);
    check_rows(file, setup);
    differentiable_ = has_gradient(setup);
    if (!extra[reference_input].empty()) check_reference(file, setup, extra);
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
    const std::vector<at::Tensor> tensors = tensors_of(module_->forward({input}));
    if (tensors.size() != provides_.size()) {
      throw FileError(weights_ + ": it returns " + std::to_string(tensors.size()) + " tensors, and provides names " +
                      std::to_string(provides_.size()));
    }
    return tensors;
  }

  /// A tensor, a tuple or list of tensors, or of a dictionary those that are called as `provides` says.
  std::vector<at::Tensor> tensors_of(const c10::IValue& result) const {
    if (result.isTensor()) return {result.toTensor()};
    std::vector<at::Tensor> tensors;
    const auto take = [&](const c10::IValue& part) {
      if (!part.isTensor()) {
        throw FileError(weights_ + ": its output " + std::to_string(tensors.size() + 1) + " is a " + part.tagKind() +
                        ", not a tensor: export it to return tensors alone");
      }
      tensors.push_back(part.toTensor());
    };
    if (result.isTuple()) {
      for (const c10::IValue& part : result.toTupleRef().elements()) take(part);
    } else if (result.isList()) {
      for (const c10::IValue& part : result.toListRef()) take(part);
    } else if (result.isGenericDict()) {
      const c10::Dict<c10::IValue, c10::IValue> dictionary = result.toGenericDict();
      std::string keys;
      for (const auto& entry : dictionary) keys += (keys.empty() ? "" : ", ") + c10::str(entry.key());
      for (const std::string& name : provides_) {
        if (!dictionary.contains(name))
          throw FileError(weights_ + ": it returns a dictionary of " + keys + ", and none of them is '" + name + "'");
        take(dictionary.at(name));
      }
    } else {
      throw FileError(weights_ + ": it returns a " + result.tagKind() + ", not a tensor or a tuple of tensors");
    }
    return tensors;
  }

  /// The same while the file is looked at; what it can't do is told of it.
  std::vector<at::Tensor> try_run(const std::string& file, const at::Tensor& input) {
    const auto fault = [&](const std::string& why) {
      const std::string last = last_line(why);
      const bool half = last.find("Half") != std::string::npos;
      return FileError(file + ": it does not take " + c10::str(input.sizes()) + ": " + last +
                       (half ? " (it casts to half inside: export it in float32)" : ""));
    };
    try {
      return run(input);
    } catch (const Error&) {
      throw;
    } catch (const c10::Error& error) {
      throw fault(error.what_without_backtrace());
    } catch (const std::exception& error) {  // its interpreter has errors of its own
      throw fault(error.what());
    }
  }

  /// Something like two pictures, the same every time.
  at::Tensor pictures(const Setup& setup) const {
    const auto options = at::TensorOptions(setup.dtype).device(setup.device);
    const at::Tensor along = at::arange(size_, options) / static_cast<double>(size_);
    const at::Tensor wave = (along * 9).sin().unsqueeze(1) * (along * 7).cos() * 100 + 128;
    const at::Tensor other = (along * 40).cos().unsqueeze(1) * (along * 3).sin() * 60 + 150;
    return at::stack({wave.expand({3, size_, size_}), other.expand({3, size_, size_})}).contiguous();
  }

  /// Two pictures at once have to give what each gives alone, finite.
  void check_rows(const std::string& file, const Setup& setup) {
    const at::NoGradGuard no_grad;
    const at::Tensor both = pictures(setup);
    const std::vector<at::Tensor> first = try_run(file, both.narrow(0, 0, 1)),
                                  second = try_run(file, both.narrow(0, 1, 1));
    const std::vector<at::Tensor> together = [&] {
      try {
        return try_run(file, both);
      } catch (const FileError& error) {
        throw FileError(std::string(error.what()) + "; it takes one picture: export it for any number of rows");
      }
    }();
    for (std::size_t i = 0; i < together.size(); ++i) {
      const at::Tensor& all = together[i];
      if (all.dim() == 0 || all.size(0) != 2)
        throw FileError(file + ": for two pictures it returns " + c10::str(all.sizes()) + ", not two rows");
      if (first[i].dim() != all.dim() || first[i].size(0) != 1) {
        throw FileError(file + ": for one picture it returns " + c10::str(first[i].sizes()) + ", for two " +
                        c10::str(all.sizes()) + ": is there a squeeze() that takes the rows, too?");
      }
      if (!at::isfinite(all).all().item<bool>()) throw FileError(file + ": it returns values that are not finite");
      if (!at::allclose(all.narrow(0, 0, 1), first[i], 1e-3, 1e-4) ||
          !at::allclose(all.narrow(0, 1, 1), second[i], 1e-3, 1e-4))
        throw FileError(file + ": a picture in a batch of two gives another answer than alone");
      check_values(file, field(provides_[i]), all);
    }
  }

  /// What a wrong scale of the input or the output looks like.
  void check_values(const std::string& file, Field what, const at::Tensor& values) const {
    if (values.numel() == 0) return;
    if (what == Field::embedding) {
      const bool none = (values == 0).all().item<bool>();
      if (none || at::allclose(values[0], values[1], 1e-5, 1e-7)) {
        throw FileError(file + ": " + (none ? "an embedding of zeros" : "the same embedding") +
                        " for two unlike pictures: are 'mean' and 'divisor' what it was trained with?");
      }
    }
    if (what != Field::boxes || values.dim() != 3 || values.size(2) != 4) return;
    constexpr double share = 1.5;  // a box may reach out of the picture
    if (values.abs().max().item<double>() <= share)
      throw FileError(file + ": all its boxes lie within 0 to 1; they should be in pixels of its view");
    const at::Tensor sides = values.narrow(2, 2, 2) - values.narrow(2, 0, 2);
    if ((sides < 0).any(2).to(at::kFloat).mean().item<double>() > .5)
      throw FileError(file + ": its boxes end before they begin; they should be x0 y0 x1 y1");
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
