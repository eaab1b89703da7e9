#include "cli/named_models.hpp"

#include <boost/program_options/value_semantic.hpp>

#include <algorithm>
#include <climits>
#include <iostream>
#include <utility>

#include "base/one_line.hpp"
#include "base/suggest.hpp"
#include "cli/options.hpp"
#include "cli/progress.hpp"
#include "faces/faces.hpp"
#include "picture/find_pictures.hpp"
#include "plugins/model_pool.hpp"
#include "plugins/plugin_config.hpp"

namespace faceoff {

namespace po = boost::program_options;

namespace {

std::vector<const PluginInfo*> models_of(const PluginLibrary& plugins) {
  std::vector<const PluginInfo*> models;
  for (const PluginInfo* info : plugins.all()) {
    if (info->kind == Kind::model) models.push_back(info);
  }
  return models;
}

std::int64_t count_pictures(const std::filesystem::path& people) {
  std::int64_t count = 0;
  std::error_code ignored;  // reading the people tells of what can't be listed
  for (const auto& entry : std::filesystem::directory_iterator(people, ignored)) {
    if (!entry.is_directory(ignored)) continue;
    for (const auto& file : std::filesystem::directory_iterator(entry.path(), ignored))
      count += file.is_regular_file(ignored) ? 1 : 0;
  }
  return count;
}

}  // namespace

void NamedModels::add_options(po::options_description& options) {
  options.add_options()  //
      ("set", po::value<std::vector<std::string>>()->composing(),
       "MODEL.KEY=VALUE: a model's parameter in place of its default; may be repeated")  //
      ("plugin-path", po::value<std::vector<std::string>>()->composing(),
       "a folder with more plugins; may be repeated");
}

NamedModels::NamedModels(const po::variables_map& given, at::Device device)
    : NamedModels(plugin_folders(list(given, "plugin-path")), list(given, "set"), device) {}

NamedModels::NamedModels(const std::vector<std::filesystem::path>& folders, const std::vector<std::string>& sets,
                         at::Device device)
    : plugins_(folders),
      params_(read_params(models_of(plugins_), sets)),
      pool_(plugins_, setup_on(device), read_calibrations(folders)) {
  for (const BrokenPlugin& broken : plugins_.broken()) std::cerr << "warning: " << to_string(broken) << '\n';
}

const LoadedModel& NamedModels::get(const std::string& name, Field needed) {
  const PluginInfo* const info = plugins_.find(Kind::model, name);
  if (info == nullptr) {
    const std::string broken = plugins_.why_missing(name);
    if (!broken.empty()) throw PluginError(broken);
    throw ConfigError("no model '" + name + "'" + did_you_mean(name, plugins_.names(Kind::model)));
  }
  asked_for_.insert(info);
  PluginConfig config;
  config.info = info;
  if (const auto set = params_.find(info); set != params_.end()) {
    config.params = set->second;
  } else {
    for (const ParamInfo& param : info->params) config.params.emplace_back(&param, param.initial);
  }
  const std::size_t told = pool_.warnings().size();
  const LoadedModel& model = pool_.get(name, config);
  for (std::size_t i = told; i < pool_.warnings().size(); ++i)
    std::cerr << "warning: " << one_line(pool_.warnings()[i], PATH_MAX) << '\n';
  if (!includes(model.provides, needed)) {
    throw ConfigError("'" + name + "' provides " + to_string(model.provides) + ", and this needs " + to_string(needed));
  }
  if (needed == Field::landmarks && !is_landmark_model(model)) {
    throw ConfigError("'" + name + "' gives the landmarks of faces that it finds, and this needs those of a face");
  }
  return model;
}

std::vector<const LoadedModel*> NamedModels::embedders() {
  std::vector<const LoadedModel*> all;
  for (const PluginInfo* info : models_of(plugins_)) {
    const bool any_file = std::ranges::find(info->params, "provides", &ParamInfo::name) != info->params.end();
    if ((any_file && !params_.contains(info)) || !has_weights(*info)) continue;
    const LoadedModel& model = get(info->name, Field::none);
    if (includes(model.provides, Field::embedding)) all.push_back(&model);
  }
  return all;
}

void NamedModels::require_sets_used() const {
  for (const auto& [info, params] : params_) {
    if (!asked_for_.contains(info))
      throw ConfigError("--set " + info->name + ".…: no model that is asked for here is '" + info->name + "'");
  }
}

bool NamedModels::has_weights(const PluginInfo& info) const {
  const auto set = params_.find(&info);
  try {
    for (std::size_t i = 0; i < info.params.size(); ++i)
      files_of(info.params[i], set == params_.end() ? info.params[i].initial : set->second.at(i).second, pool_.setup());
    return true;
  } catch (const MissingFile&) {
    return false;
  }
}

void add_portraying_options(po::options_description& options) {
  options.add_options()                                                                                        //
      ("detector", po::value<std::string>()->default_value("ssd_mobilenet_v1"), "the model that finds faces")  //
      ("landmarks", po::value<std::string>()->default_value("face_landmark_68"),
       "the model that finds a face's landmarks")  //
      ("model", po::value<std::vector<std::string>>()->composing(),
       "an embedder; may be repeated; else all whose weights are there");
  add_minimum_score(options);
}

Portraying portraying(const po::variables_map& given, NamedModels& models) {
  Portraying by;
  by.detector = &models.get(given["detector"].as<std::string>(), Field::scores | Field::boxes);
  by.landmarks = &models.get(given["landmarks"].as<std::string>(), Field::landmarks);
  by.minimum_score = minimum_score(given);
  for (const char* option : {"model", "models"}) {
    for (const std::string& name : list(given, option)) {
      const LoadedModel* const model = &models.get(name, Field::embedding);
      if (std::ranges::find(by.models, model) == by.models.end()) by.models.push_back(model);
    }
  }
  by.cache = usual_cache();
  if (by.models.empty()) by.models = models.embedders();
  if (by.models.empty()) throw ConfigError("no embedder's weights are there: scripts/models makes the standard ones");
  return by;
}

Gallery read_people(const Portraying& by, const std::vector<std::string>& people) {
  std::vector<std::string> files = people;
  const bool folders = people.size() == 1 && has_folders(people.front());
  if (!folders) {
    files.clear();
    for (const std::filesystem::path& file : expand_pictures(people)) files.push_back(file.string());
  }
  Progress progress(folders ? count_pictures(people.front()) : static_cast<std::int64_t>(files.size()));
  bool begun = false;
  const auto begin_photo = [&](const std::string& file) {
    if (std::exchange(begun, true)) progress.pass_item();
    progress.start_item(std::filesystem::path(file).filename().string());
  };
  Gallery gallery = Gallery::read(
      by, files, [&](const std::string& line) { progress.say(line); }, begin_photo);
  progress.say("faces found on " + std::to_string(gallery.counts().found) + " of " +
               std::to_string(gallery.counts().pictures) + " pictures");
  return gallery;
}

Photo read_photo(const std::filesystem::path& file) {
  Photo photo{read_picture(file), {}};
  photo.pixels = to_tensor(photo.picture, at::kFloat);
  return photo;
}

}  // namespace faceoff
