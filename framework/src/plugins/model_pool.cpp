#include "plugins/model_pool.hpp"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>
#include <utility>

#include "base/files.hpp"
#include "plugins/black_box.hpp"

namespace faceoff {

namespace {

/// The same bits for the same command, as a processor gives them: of an operation that has no such implementation
/// LibTorch warns.
void ask_cuda_for_same_bits() {
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);  // which cuBLAS reads when it is first used
  at::Context& context = at::globalContext();
  context.setDeterministicAlgorithms(true, /*warn_only=*/true);
  context.setDeterministicCuDNN(true);
  context.setBenchmarkCuDNN(false);
}

/// A face's view is a square of some size, and an embedder sees a face.
void check_view(const LoadedModel& model, const Place& place) {
  const ViewSpec& view = model.view;
  const bool face = about_a_face(view.crop);
  constexpr std::int64_t largest = 16384;
  const bool own_size = view.height == 0 && view.width == 0;
  const bool sized = view.height > 0 && view.width > 0 && view.height <= largest && view.width <= largest;
  require(face ? sized && view.height == view.width : sized || own_size, place,
          "'" + model.name + "' asks for a view of " + std::to_string(view.height) + " by " +
              std::to_string(view.width) + " pixels; a face's is a square of at most " + std::to_string(largest) +
              ", a picture's may be 0 by 0, its own size");
  if (const auto* box = std::get_if<BoxCrop>(&view.crop)) {
    require(box->scale >= .01 && box->scale <= 100 && std::abs(box->down) <= 100, place,
            "'" + model.name + "' asks for " + to_toml(box->scale) + " times a face's box, " + to_toml(box->down) +
                " lower; 0.01 to 100 times, at most 100 lower");
  }
  require(face || !includes(model.provides, Field::embedding), place,
          "'" + model.name + "' provides an embedding, and sees the whole picture instead of a face");
}

/// Whether a calibration can hold for these parameters: those that shape the view are compared as a view, dropout is
/// off where a model judges, and any other one is as it was when the thresholds were measured, at its default.
bool as_measured(const PluginConfig& config) {
  static const std::set<std::string> compared = {"weights", "view", "size", "scale", "down", "align", "dropout"};
  return std::ranges::all_of(config.params, [](const auto& entry) {
    return compared.contains(entry.first->name) || entry.second == entry.first->initial;
  });
}

}  // namespace

Setup setup_on(at::Device device) {
  if (device.is_cuda()) ask_cuda_for_same_bits();
  Setup setup;
  setup.device = device;
  const char* models = std::getenv("FACEOFF_MODELS");
  if (models != nullptr && *models != '\0') setup.models.emplace_back(models);
  setup.models.emplace_back(FACEOFF_MODELS_FOLDER);
  return setup;
}

ModelPool::ModelPool(const PluginLibrary& plugins, Setup setup, std::vector<Calibration> calibrations)
    : plugins_(plugins), setup_(std::move(setup)), calibrations_(std::move(calibrations)) {}

const LoadedModel& ModelPool::get(const std::string& name, const PluginConfig& config) {
  std::string key = name + "\n" + config.info->name;
  for (const auto& [param, value] : config.params) key += "\n" + param->name + "=" + to_toml(value);
  if (config.precision != layers::Precision::float32) key += "\nprecision";
  std::unique_ptr<LoadedModel>& slot = models_[key];
  if (slot) return *slot;
  ++BlackBox::here().beats;
  auto loaded = std::make_unique<LoadedModel>();
  loaded->name = name;
  loaded->plugin = config.info->name;
  loaded->model = build_plugin<Model>(plugins_, config, setup_);
  const std::string who = "plugin " + loaded->plugin + ", model '" + name + "'";
  loaded->view = ask_plugin(who, config.place, [&] { return loaded->model->view(); });
  loaded->provides = ask_fields(who, config.place, [&] { return loaded->model->provides(); });
  loaded->differentiable = ask_plugin(who, config.place, [&] { return loaded->model->differentiable(); });
  loaded->identity = identity(config);
  for (const auto& [param, value] : config.params) {
    if (param->name != "weights") continue;
    const std::vector<std::filesystem::path> files = files_of(*param, value, setup_);
    if (files.empty()) continue;
    loaded->weights = files.front();
    loaded->sha256 = sha256_of(loaded->weights);
  }
  check_view(*loaded, config.place);
  try {
    check_exported_answers(*loaded, setup_);
  } catch (const FileError& error) {
    throw FileError(prefix(place_of_file(config, error.what())) + error.what());
  }
  calibrate(*loaded, as_measured(config));
  if (config.precision != layers::Precision::float32) narrow(*loaded, config);
  slot = std::move(loaded);
  return *slot;
}

std::string ModelPool::identity(const PluginConfig& config) {
  std::string text = config.info->name + " " + plugins_.sha256_of(*config.info);
  for (const auto& [param, value] : config.params) {
    text += "\n" + param->name + " = " + to_toml(value);
    try {
      for (const std::filesystem::path& file : files_of(*param, value, setup_)) text += " " + sha256_of(file);
    } catch (const MissingFile&) {
      text += " missing";  // which whoever builds the plugin is told
    }
  }
  return text;
}

const std::string& ModelPool::sha256_of(const std::filesystem::path& file) {
  std::string& digest = digests_[file];
  if (digest.empty()) digest = sha256_file(file);
  return digest;
}

void ModelPool::narrow(LoadedModel& model, const PluginConfig& config) {
  constexpr std::int64_t side = 64;  // of a picture of any size
  const auto or_any = [&](std::int64_t pixels) { return pixels > 0 ? pixels : side; };
  const std::int64_t height = or_any(model.view.height), width = or_any(model.view.width);
  const at::Tensor views =
      at::linspace(0, 255, 3 * height * width, at::TensorOptions(setup_.dtype).device(setup_.device))
          .view({1, 3, height, width});
  const at::NoGradGuard no_grad;
  const layers::PrecisionGuard guard(config.precision);  // forward() has one of its own for what is attacked alone
  bool answers = true;
  try {
    forward(model, views);
  } catch (const PluginError&) {  // what follows its layers takes float32 alone
    answers = false;
  }
  if (answers && guard.narrowed()) {
    model.precision = config.precision;
    return;
  }
  const std::string fault = "'" + model.name + "' (" + model.plugin + ") computes in float32 alone";
  require(!config.places.contains("precision"), config.place_of("precision"), fault + ": leave out its 'precision'");
  warnings_.push_back(fault + ", and is attacked so");
}

void ModelPool::calibrate(LoadedModel& model, bool as_measured) {
  if (model.weights.empty()) return;
  const auto of_weights = [&](const std::vector<Calibration>& all) {
    const auto found = std::ranges::find(all, model.sha256, &Calibration::sha256);
    if (found != all.end() && model.family.empty()) model.family = found->family;
    return found != all.end();
  };
  const auto of_view = [&](const std::vector<Calibration>& all) {
    const Calibration* const found = as_measured ? find_calibration(all, model.sha256, model.view) : nullptr;
    return found != nullptr && !found->thresholds.empty() ? found : nullptr;
  };
  of_weights(calibrations_);
  model.calibration = of_view(calibrations_);
  // What `faceoff calibrate` measured lies beside the weights, and goes before what ships.
  const std::filesystem::path own = std::filesystem::path(model.weights).replace_extension(".toml");
  std::error_code ignored;
  if (!std::filesystem::exists(own, ignored)) return;
  const std::vector<Calibration>& beside = measured_.emplace_back(read_calibration_file(own));
  // Of weights that share its stem, as faceres.pt and faceres.safetensors do, it may hold one's alone.
  const std::string name = model.weights.filename().string();
  const bool about =
      std::ranges::any_of(beside, [&](const Calibration& one) { return one.weights.empty() || one.weights == name; });
  if (!of_weights(beside) && about)
    warnings_.push_back(own.string() + ": holds thresholds of other weights than " + model.weights.filename().string() +
                        " has now; they are not used");
  if (const Calibration* const found = of_view(beside)) model.calibration = found;
}

}  // namespace faceoff
