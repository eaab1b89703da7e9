#include "cli/named_models.hpp"

#include <algorithm>
#include <climits>
#include <iostream>
#include <utility>

#include "base/lists.hpp"
#include "base/one_line.hpp"
#include "base/suggest.hpp"
#include "cli/progress.hpp"
#include "faces/faces.hpp"
#include "picture/find_pictures.hpp"
#include "plugins/plugin_config.hpp"
#include "toml/table.hpp"

namespace faceoff {

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

std::map<const PluginInfo*, PluginParams> read_params(const std::vector<const PluginInfo*>& plugins,
                                                      const std::vector<std::string>& sets) {
  const toml::table said = parse_sets(sets);
  Diagnostics diagnostics({SourceText{}});
  Resolved resolved;
  std::map<const PluginInfo*, PluginParams> all;
  TomlTable top(&said, "", {}, diagnostics, resolved);
  for (const PluginInfo* info : plugins) {
    const toml::node* own = top.take(info->name);
    if (own == nullptr) continue;
    if (!own->is_table()) top.fault(info->name, "'" + info->name + "' is a plugin: set " + info->name + ".KEY");
    TomlTable section(own->as_table(), info->name, {}, diagnostics, resolved);
    for (const ParamInfo& param : info->params) all[info].emplace_back(&param, section.param(param));
    section.finish();
  }
  top.finish();
  diagnostics.throw_if_any();
  return all;
}

void NamedModels::add_options(Command& command) {
  command.texts("set", "MODEL.KEY=VALUE: a model's parameter in place of its default; may be repeated");
  command.texts("plugin-path", "a folder with more plugins; may be repeated");
}

NamedModels::NamedModels(const Arguments& given, at::Device device)
    : folders_(plugin_folders(given.texts("plugin-path"))),
      plugins_(folders_),
      params_(read_params(models_of(plugins_), given.texts("set"))),
      pool_(plugins_, setup_on(device), read_calibrations(folders_)) {
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

void add_portraying_options(Command& command) {
  command.text("detector", "the model that finds faces", "ssd_mobilenet_v1");
  command.text("landmarks", "the model that finds a face's landmarks", "face_landmark_68");
  command.texts("model", "an embedder; may be repeated; else all whose weights are there");
  command.number("minimum-score", "of a face", .5);
  NamedModels::add_options(command);
}

Portraying portraying(const Arguments& given, NamedModels& models) {
  Portraying by;
  by.detector = &models.get(given.text("detector"), Field::scores | Field::boxes);
  by.landmarks = &models.get(given.text("landmarks"), Field::landmarks);
  by.minimum_score = given.minimum_score();
  for (const char* option : {"model", "models"}) {
    for (const std::string& name : given.texts(option)) add_once(by.models, &models.get(name, Field::embedding));
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

}  // namespace faceoff
