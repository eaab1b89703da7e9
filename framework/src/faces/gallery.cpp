#include "faces/gallery.hpp"

#include <faceoff/safetensors.hpp>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <stdexcept>

#include "base/stems.hpp"
#include "faces/faces.hpp"
#include "faces/views.hpp"
#include "picture/find_pictures.hpp"
#include "plugins/black_box.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

using Notice = std::function<void(const std::string&)>;

/// The photo's portrait, if it can be read and shows a face; what it can't is told.
std::optional<Portrait> portrait_of(const Portraying& by, const fs::path& photo, const Notice& notice,
                                    std::int64_t& unreadable) {
  try {
    Portrait portrait = portray(by, photo);
    if (!portrait.faces.empty()) return portrait;
    notice(photo.string() + ": no face found; left out");
  } catch (const PictureError& error) {
    ++unreadable;
    notice(std::string(error.what()) + "; left out");
  } catch (const FileError& error) {
    ++unreadable;
    notice(std::string(error.what()) + "; left out");
  }
  return std::nullopt;
}

/// The photos' best faces as one person.
Person person_of(const Portraying& by, const std::string& name, const std::vector<fs::path>& files,
                 const Notice& notice, const Notice& progress, std::int64_t& unreadable) {
  Person person{name, {}, {}, {}};
  std::map<const LoadedModel*, std::vector<at::Tensor>> embeddings;
  bool judges = true;
  for (const fs::path& file : files) {
    judges = !judges;
    progress(file.string());
    const std::optional<Portrait> portrait = portrait_of(by, file, notice, unreadable);
    if (!portrait) continue;
    if (std::ranges::find(person.photos, portrait->sha256) != person.photos.end()) {
      notice(file.string() + ": the same file as another photo of " + name + "; left out");
      continue;
    }
    for (const auto& [model, embedding] : portrait->best().embeddings) embeddings[model].push_back(embedding);
    person.photos.push_back(portrait->sha256);
    person.judges.push_back(judges);
  }
  for (const auto& [model, list] : embeddings) person.embeddings[model] = at::cat(list);
  return person;
}

/// A person's folder.
struct Folder {
  std::string name;
  std::vector<fs::path> photos;
};

std::vector<Folder> person_folders(const fs::path& people, const Notice& notice) {
  std::vector<Folder> folders;
  for (const fs::directory_entry& entry : fs::directory_iterator(people)) {
    if (!entry.is_directory()) continue;
    try {
      folders.push_back({entry.path().filename().string(), expand_pictures({entry.path().string()})});
    } catch (const ConfigError& error) {
      notice(std::string(error.what()) + "; left out");
    }
  }
  for (const Folder& folder : folders) {
    if (folder.name == unknown_person || folder.name.starts_with(photos_person)) {
      throw ConfigError((people / folder.name).string() + ": nobody among people can be called '" + folder.name +
                        "', which is what reports call others");
    }
  }
  std::ranges::sort(folders, {}, &Folder::name);
  return folders;
}

/// The rows of the photos that judge, or that do not; all where there are none.
Embeddings half(const Person& person, bool judging) {
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < person.judges.size(); ++i) {
    if (person.judges[i] == judging) rows.push_back(static_cast<std::int64_t>(i));
  }
  if (rows.empty()) return person.embeddings;
  Embeddings chosen;
  for (const auto& [model, all] : person.embeddings)
    chosen[model] = all.index_select(0, at::tensor(rows, at::TensorOptions(at::kLong).device(all.device())));
  return chosen;
}

constexpr const char* gallery_format = "faceoff gallery 2";

/// What a model's rows in a gallery's file are named by: the same weights under the same view give the same rows.
std::string row_name(const LoadedModel& model) {
  std::string name = model.plugin + " " + model.sha256.substr(0, 16) + " " + to_string(model.view.crop) + " " +
                     std::to_string(model.view.height);
  if (const auto* box = std::get_if<BoxCrop>(&model.view.crop))
    name += " " + to_toml(box->scale) + " " + to_toml(box->down);
  return name;
}

}  // namespace

at::Tensor embed(const LoadedModel& model, const at::Tensor& picture, const Face& face) {
  const at::NoGradGuard no_grad;
  const View view = make_view(model.view, picture.size(2), picture.size(3), &face);
  return forward(model, view(picture)).embedding.squeeze(0).clone();  // a model may use its memory again
}

Embeddings Person::attacked() const {
  return half(*this, false);
}

Embeddings Person::judging() const {
  return half(*this, true);
}

std::string Person::contents() const {
  std::string text = name;
  for (std::size_t i = 0; i < photos.size(); ++i) text += (judges[i] ? " judged by " : " ") + photos[i];
  return text + "\n";
}

Gallery Gallery::read(const Portraying& by, const std::vector<std::string>& people, const Notice& notice,
                      const Notice& progress) {
  if (people.size() == 1 && fs::path(people.front()).extension() == ".safetensors")
    return read_file(by, people.front());
  Gallery gallery;
  const bool folders = people.size() == 1 && fs::is_directory(people.front());
  std::vector<Folder> persons;
  std::vector<fs::path> photos(people.begin(), people.end());
  if (folders) {
    persons = person_folders(people.front(), notice);
    photos.clear();
    for (const Folder& person : persons) photos.insert(photos.end(), person.photos.begin(), person.photos.end());
  }
  const Notice told = portray_ahead(by, photos, progress) ? [](const std::string&) {} : progress;
  for (const Folder& folder : persons) {
    Person person = person_of(by, folder.name, folder.photos, notice, told, gallery.unreadable_);
    gallery.pictures_ += static_cast<std::int64_t>(folder.photos.size());
    gallery.found_ += static_cast<std::int64_t>(person.photos.size());
    if (!person.embeddings.empty()) gallery.people_.push_back(std::move(person));
  }
  if (folders) return gallery;
  const std::map<fs::path, std::string> names = delivered_stems(photos);  // as pictures of one name are told apart
  for (const fs::path& file : photos) {
    told(file.string());
    ++gallery.pictures_;
    const std::optional<Portrait> portrait = portrait_of(by, file, notice, gallery.unreadable_);
    if (!portrait) continue;
    ++gallery.found_;
    for (std::size_t f = 0; f < portrait->faces.size(); ++f)
      gallery.people_.push_back(
          {names.at(file) + "/" + std::to_string(f + 1), {portrait->sha256}, {false}, portrait->faces[f].embeddings});
  }
  return gallery;
}

std::string Gallery::to_safetensors() const {
  std::map<std::string, std::vector<at::Tensor>> rows;
  nlohmann::json names = nlohmann::json::array(), photos = names, judges = names;
  for (const Person& person : people_) {
    for (std::size_t i = 0; i < person.photos.size(); ++i) {
      names.push_back(person.name);
      photos.push_back(person.photos[i]);
      judges.push_back(static_cast<bool>(person.judges[i]));
    }
    for (const auto& [model, embeddings] : person.embeddings) rows[row_name(*model)].push_back(embeddings);
  }
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [name, list] : rows) tensors[name] = at::cat(list);
  const auto text = [](const nlohmann::json& json) {
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  };
  return faceoff::to_safetensors(tensors, {{"format", gallery_format},
                                           {"names", text(names)},
                                           {"photos", text(photos)},
                                           {"judges", text(judges)},
                                           {"pictures", std::to_string(pictures_)},
                                           {"found", std::to_string(found_)}});
}

Gallery Gallery::read_file(const Portraying& by, const std::string& file) {
  const TensorFile tensors(file);
  const std::map<std::string, std::string>& about = tensors.metadata();
  Gallery gallery;
  try {
    if (about.at("format") != gallery_format) throw std::out_of_range("format");
    const auto names = nlohmann::json::parse(about.at("names")).get<std::vector<std::string>>();
    const auto photos = nlohmann::json::parse(about.at("photos")).get<std::vector<std::string>>();
    const auto judges = nlohmann::json::parse(about.at("judges")).get<std::vector<bool>>();
    if (names.size() != photos.size() || names.size() != judges.size()) throw std::out_of_range("photos");
    gallery.pictures_ = std::stoll(about.at("pictures"));
    gallery.found_ = std::stoll(about.at("found"));
    const auto rows = static_cast<std::int64_t>(names.size());
    std::map<const LoadedModel*, at::Tensor> all;
    for (const LoadedModel* model : by.models) {
      const std::string name = row_name(*model);
      if (!tensors.contains(name)) {
        throw ConfigError(file + ": has no embeddings of '" + model->name + "' with these weights and this view (" +
                          name + "); faceoff embed makes them");
      }
      all[model] = tensors.get(name, {rows, -1}).to(by.device);
    }
    // Rows of one name that stand together are one person.
    for (std::int64_t begin = 0, end = 0; begin < rows; begin = end) {
      const std::string& name = names[static_cast<std::size_t>(begin)];
      while (end < rows && names[static_cast<std::size_t>(end)] == name) ++end;
      Person person{
          name, {photos.begin() + begin, photos.begin() + end}, {judges.begin() + begin, judges.begin() + end}, {}};
      for (const auto& [model, embeddings] : all) person.embeddings[model] = embeddings.narrow(0, begin, end - begin);
      gallery.people_.push_back(std::move(person));
    }
  } catch (const nlohmann::json::exception&) {
    throw FileError(file + ": no gallery that faceoff embed made: its lists of names and photos are damaged");
  } catch (const std::logic_error&) {  // a key that is missing, a number that is none
    throw FileError(file + ": no gallery that faceoff embed made");
  }
  return gallery;
}

std::map<const LoadedModel*, at::Tensor> Gallery::means() const {
  std::map<const LoadedModel*, std::vector<at::Tensor>> all;
  for (const Person& person : people_) {
    for (const auto& [model, embeddings] : person.attacked()) all[model].push_back(embeddings);
  }
  std::map<const LoadedModel*, at::Tensor> means;
  for (const auto& [model, embeddings] : all) means[model] = at::cat(embeddings).mean(0);
  return means;
}

Person Gallery::from_photos(const Portraying& by, const std::string& name, const std::vector<std::string>& photos,
                            const Place& place, const std::function<void(const std::string&)>& notice) {
  std::int64_t unreadable = 0;
  Person person = person_of(
      by, name, {photos.begin(), photos.end()}, notice, [](const std::string&) {}, unreadable);
  if (person.embeddings.empty()) throw ConfigError("no face on any of the target's photos", place);
  return person;
}

}  // namespace faceoff
