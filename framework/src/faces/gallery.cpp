#include "faces/gallery.hpp"

#include <faceoff/safetensors.hpp>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <stdexcept>

#include "base/json.hpp"
#include "base/one_line.hpp"
#include "base/stems.hpp"
#include "faces/faces.hpp"
#include "faces/views.hpp"
#include "picture/find_pictures.hpp"
#include "plugins/black_box.hpp"

namespace faceoff {

namespace {

/// A photo of a face is most like itself; another face on the same photo is far from this.
constexpr double same_photo = .9;
constexpr const char* further_faces = "more than one face; the best is taken for the person's";

namespace fs = std::filesystem;

/// Reads photos one after another, and says what it can't use.
class PhotoReader {
 public:
  /// Many of the photos are embedded ahead, where that is faster.
  PhotoReader(const Portraying& by, const std::vector<fs::path>& photos, Notice notice, const Notice& progress)
      : by_(by), notice_(std::move(notice)), ahead_(portray_ahead(by, photos, progress)) {
    if (!ahead_.portrayed) progress_ = progress;
  }

  /// The photo's portrait, if it can be read and shows a face.
  std::optional<Portrait> read(const fs::path& photo) {
    progress_(photo.string());
    ++counts.pictures;
    try {
      Portrait portrait = portray(by_, photo, ahead_.sha256[photo]);
      if (!portrait.faces.empty()) return portrait;
      notice_(photo.string() + ": no face found; left out");
    } catch (const PictureError& error) {
      leave_out(error);
    } catch (const FileError& error) {
      leave_out(error);
    }
    return std::nullopt;
  }

  /// The photos' best faces as one person.
  Person person(const std::string& name, const std::vector<fs::path>& files) {
    Person person{name, {}, {}, {}};
    std::map<const LoadedModel*, std::vector<at::Tensor>> embeddings;
    bool judges = true;
    for (const fs::path& file : files) {
      judges = !judges;
      const std::optional<Portrait> portrait = read(file);
      if (!portrait) continue;
      if (std::ranges::find(person.photos, portrait->sha256) != person.photos.end()) {
        notice_(file.string() + ": the same file as another photo of " + name + "; left out");
        continue;
      }
      if (portrait->faces.size() > 1) crowded.push_back({file.string(), further_faces});
      for (const auto& [model, embedding] : portrait->best().embeddings) embeddings[model].push_back(embedding);
      person.photos.push_back(portrait->sha256);
      person.files.push_back(fs::absolute(file));
      person.judges.push_back(judges);
    }
    counts.found += static_cast<std::int64_t>(person.photos.size());
    for (const auto& [model, list] : embeddings) person.embeddings[model] = at::cat(list);
    return person;
  }

  Gallery::Counts counts;
  std::vector<LeftOut> crowded;  ///< photos of a person with somebody else on them

 private:
  void leave_out(const Error& error) {
    ++counts.unreadable;
    notice_(std::string(error.what()) + "; left out");
  }

  const Portraying& by_;
  Notice notice_;
  Notice progress_ = [](const std::string&) {};
  PortrayedAhead ahead_;
};

using Folders = std::map<std::string, std::vector<fs::path>>;

/// The photos in each person's folder.
Folders person_folders(const fs::path& people, const Notice& notice) {
  Folders folders;
  for (const fs::directory_entry& entry : fs::directory_iterator(people)) {
    if (!entry.is_directory()) {
      const bool hidden = entry.path().filename().string().starts_with('.');
      if (!hidden) notice(one_line(entry.path().string(), PATH_MAX) + ": in no person's folder; left out");
      continue;
    }
    try {
      FoundPictures found = find_pictures({entry.path().string()});
      for (const std::string& line : words_of(found.left_out)) notice(line + "; left out");
      folders.emplace(entry.path().filename().string(), std::move(found.files));
    } catch (const ConfigError& error) {
      notice(std::string(error.what()) + "; left out");
    }
  }
  for (const auto& [name, photos] : folders) {
    if (name == unknown_person || name.starts_with(photos_person)) {
      throw ConfigError((people / name).string() + ": nobody among people can be called '" + name +
                        "', which is what reports call others");
    }
  }
  return folders;
}

/// Which photos judge, or do not; all where there are none.
std::vector<bool> half(const std::vector<bool>& judges, bool judging) {
  if (std::ranges::find(judges, judging) == judges.end()) return std::vector<bool>(judges.size(), true);
  std::vector<bool> chosen = judges;
  if (!judging) chosen.flip();
  return chosen;
}

/// The rows that are chosen, in their order.
at::Tensor select(const at::Tensor& rows, const std::vector<bool>& chosen) {
  std::vector<std::int64_t> numbers;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (chosen[i]) numbers.push_back(static_cast<std::int64_t>(i));
  }
  return rows.index_select(0, at::tensor(numbers, at::TensorOptions(at::kLong).device(rows.device())));
}

/// Tells of photos that two people have: whichever of them it shows, the other is known by somebody else's face.
void tell_of_shared(const std::vector<Person>& people, const Notice& notice) {
  std::map<std::string, const Person*> owners;  // by photo
  for (const Person& person : people) {
    for (std::size_t i = 0; i < person.photos.size(); ++i) {
      const auto [first, is_new] = owners.emplace(person.photos[i], &person);
      if (!is_new) notice(person.files[i].string() + ": the same file as a photo of " + first->second->name);
    }
  }
}

Gallery read_folders(const Portraying& by, const Folders& folders, const Notice& notice, const Notice& progress) {
  std::vector<fs::path> photos;
  for (const auto& [name, files] : folders) photos.insert(photos.end(), files.begin(), files.end());
  PhotoReader reader(by, photos, notice, progress);
  std::vector<Person> people;
  for (const auto& [name, files] : folders) {
    Person person = reader.person(name, files);
    if (!person.embeddings.empty()) people.push_back(std::move(person));
  }
  for (const std::string& line : words_of(reader.crowded)) notice(line);
  tell_of_shared(people, notice);
  return Gallery(std::move(people), reader.counts);
}

/// Each face of the pictures as a person.
Gallery read_pictures(const Portraying& by, const std::vector<fs::path>& pictures, const Notice& notice,
                      const Notice& progress) {
  PhotoReader reader(by, pictures, notice, progress);
  std::vector<Person> people;
  const std::map<fs::path, std::string> names = delivered_stems(pictures);  // as pictures of one name are told apart
  for (const fs::path& file : pictures) {
    const std::optional<Portrait> portrait = reader.read(file);
    if (!portrait) continue;
    ++reader.counts.found;
    for (std::size_t f = 0; f < portrait->faces.size(); ++f)
      people.push_back({names.at(file) + "/" + std::to_string(f + 1),
                        {portrait->sha256},
                        {false},
                        portrait->faces[f].embeddings,
                        {fs::absolute(file)}});
  }
  return Gallery(std::move(people), reader.counts);
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

Embeddings Person::attacked(const std::string& but) const {
  std::vector<bool> chosen = half(judges, false);
  for (std::size_t i = 0; i < photos.size(); ++i) chosen[i] = chosen[i] && photos[i] != but;
  if (std::ranges::find(chosen, true) == chosen.end()) return {};
  Embeddings selected;
  for (const auto& [model, rows] : embeddings) selected[model] = select(rows, chosen);
  return selected;
}

std::string Person::contents() const {
  std::string text = name;
  for (std::size_t i = 0; i < photos.size(); ++i) text += (judges[i] ? " judged by " : " ") + photos[i];
  return text + "\n";
}

Gallery Gallery::read(const Portraying& by, const std::vector<std::string>& people, const Notice& notice,
                      const Notice& progress) {
  const bool one = people.size() == 1;
  if (one && fs::path(people.front()).extension() == ".safetensors") return read_file(by, people.front());
  if (one && fs::is_directory(people.front()))
    return read_folders(by, person_folders(people.front(), notice), notice, progress);
  return read_pictures(by, {people.begin(), people.end()}, notice, progress);
}

std::string Gallery::to_safetensors() const {
  Json names = Json::array(), photos = names, judges = names;
  for (const Person& person : people_) {
    for (std::size_t i = 0; i < person.photos.size(); ++i) {
      names.push_back(person.name);
      photos.push_back(person.photos[i]);
      judges.push_back(static_cast<bool>(person.judges[i]));
    }
  }
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [model, embeddings] : embeddings_) tensors[row_name(*model)] = embeddings;
  return faceoff::to_safetensors(tensors, {{"format", gallery_format},
                                           {"names", to_text(names)},
                                           {"photos", to_text(photos)},
                                           {"judges", to_text(judges)},
                                           {"pictures", std::to_string(counts_.pictures)},
                                           {"found", std::to_string(counts_.found)}});
}

Gallery Gallery::read_file(const Portraying& by, const std::string& file) {
  const TensorFile tensors(file);
  const std::map<std::string, std::string>& about = tensors.metadata();
  std::vector<Person> people;
  Counts counts;
  try {
    if (about.at("format") != gallery_format) throw std::out_of_range("format");
    const auto names = Json::parse(about.at("names")).get<std::vector<std::string>>();
    const auto photos = Json::parse(about.at("photos")).get<std::vector<std::string>>();
    const auto judges = Json::parse(about.at("judges")).get<std::vector<bool>>();
    if (names.size() != photos.size() || names.size() != judges.size()) throw std::out_of_range("photos");
    counts.pictures = std::stoll(about.at("pictures"));
    counts.found = std::stoll(about.at("found"));
    const auto rows = static_cast<std::int64_t>(names.size());
    std::map<const LoadedModel*, at::Tensor> all;
    for (const LoadedModel* model : by.models) {
      const std::string name = row_name(*model);
      if (!tensors.contains(name)) {
        throw ConfigError(file + ": has no embeddings of '" + model->name + "' with these weights and this view (" +
                          name + "); faceoff embed makes them");
      }
      const at::Tensor embeddings = tensors.get(name, {rows, -1});
      const bool unit = (embeddings.square().sum(1) - 1).abs().lt(1e-3).all().item<bool>();
      if (rows == 0 || !unit) throw std::out_of_range(name);
      all[model] = embeddings.to(by.device);
    }
    // Rows of one name that stand together are one person.
    for (std::int64_t begin = 0, end = 0; begin < rows; begin = end) {
      const std::string& name = names[static_cast<std::size_t>(begin)];
      while (end < rows && names[static_cast<std::size_t>(end)] == name) ++end;
      Person person{
          name, {photos.begin() + begin, photos.begin() + end}, {judges.begin() + begin, judges.begin() + end}, {}};
      for (const auto& [model, embeddings] : all) person.embeddings[model] = embeddings.narrow(0, begin, end - begin);
      people.push_back(std::move(person));
    }
  } catch (const Json::exception&) {
    throw FileError(file + ": no gallery that faceoff embed made: its lists of names and photos are damaged");
  } catch (const std::logic_error&) {  // a key that is missing, a number that is none
    throw FileError(file + ": no gallery that faceoff embed made, or a damaged one");
  }
  return Gallery(std::move(people), counts);
}

Gallery::Gallery(std::vector<Person> people, const Counts& counts) : people_(std::move(people)), counts_(counts) {
  std::map<const LoadedModel*, std::vector<at::Tensor>> parts;
  for (std::size_t p = 0; p < people_.size(); ++p) {
    const Person& person = people_[p];
    for (const std::string& photo : person.photos) {
      photos_[photo].push_back(static_cast<std::int64_t>(owners_.size()));
      owners_.push_back(p);
    }
    begins_.push_back(static_cast<std::int64_t>(owners_.size()));
    std::ranges::copy(half(person.judges, false), std::back_inserter(attacked_));
    std::ranges::copy(half(person.judges, true), std::back_inserter(judging_));
    for (const auto& [model, embeddings] : person.embeddings) parts[model].push_back(embeddings);
  }
  for (const auto& [model, list] : parts) {
    const at::Tensor& all = embeddings_[model] = at::cat(list);
    means_[model] = select(all, attacked_).mean(0);
    for (std::size_t p = 0; p < people_.size(); ++p)  // which are held once
      people_[p].embeddings[model] = all.narrow(0, rows(p).begin, rows(p).end - rows(p).begin);
  }
}

Gallery Gallery::with(const std::vector<Person>& others) const {
  std::vector<Person> everybody = people_;
  everybody.insert(everybody.end(), others.begin(), others.end());
  return Gallery(std::move(everybody), counts_);
}

std::span<const std::int64_t> Gallery::rows_of(const std::string& photo) const {
  const auto found = photos_.find(photo);
  return found != photos_.end() ? std::span<const std::int64_t>(found->second) : std::span<const std::int64_t>();
}

const Person* Gallery::find(const std::string& name) const {
  const auto found = std::ranges::find(people_, name, &Person::name);
  return found != people_.end() ? &*found : nullptr;
}

Person Gallery::from_photos(const Portraying& by, const std::string& name, const std::vector<std::string>& photos,
                            const Place& place, const Notice& notice) {
  PhotoReader reader(by, {}, notice, [](const std::string&) {});
  Person person = reader.person(name, {photos.begin(), photos.end()});
  if (person.embeddings.empty()) throw ConfigError("no face on any of the target's photos", place);
  return person;
}

std::string folder_name(const fs::path& picture) {
  return fs::absolute(picture).parent_path().filename().string();
}

const Person* owner_of(const Gallery& people, const LoadedModel& model, const std::string& photo,
                       const fs::path& picture, const at::Tensor& clean, bool alone) {
  const Person* owner = nullptr;
  double closest = same_photo;
  for (const std::int64_t row : people.rows_of(photo)) {
    const double similarity = people.embeddings(model)[row].dot(clean).item<double>();
    if (similarity < closest) continue;
    closest = similarity;
    owner = &people.people()[people.owner(row)];
  }
  return owner == nullptr && alone ? people.find(folder_name(picture)) : owner;
}

}  // namespace faceoff
