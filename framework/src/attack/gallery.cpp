#include "attack/gallery.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <filesystem>

#include "host/black_box.hpp"
#include "picture/faces.hpp"
#include "picture/views.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

/// One photo's faces with their embeddings under every judge; none where it can't be read, which is told.
struct Photo {
  std::string sha256;
  std::vector<Face> faces;
  std::vector<std::map<const LoadedModel*, at::Tensor>> embeddings;  ///< a face: [1,D] each
};

Photo read_photo(const Assembly& assembly, const fs::path& path,
                 const std::function<void(const std::string&)>& notice) {
  const at::NoGradGuard no_grad;
  ++BlackBox::here().beats;
  Picture picture;
  try {
    picture = read_picture(path);
  } catch (const Error& error) {
    notice(std::string(error.what()) + "; left out");
    return {};
  }
  const at::Tensor pixels = to_tensor(picture, at::TensorOptions(assembly.experiment.device).dtype(at::kFloat));
  Photo photo{picture.sha256,
              find_faces(*assembly.detector, assembly.landmarks, pixels, assembly.experiment.minimum_score),
              {}};
  if (photo.faces.empty()) notice(path.string() + ": no face found; left out");
  for (const Face& face : photo.faces) {
    auto& embeddings = photo.embeddings.emplace_back();
    for (const Judge& judge : assembly.judges) embeddings[judge.model] = embed(*judge.model, pixels, face).unsqueeze(0);
  }
  return photo;
}

/// The photos' best faces as one person.
Person person_of(const Assembly& assembly, const std::string& name, const std::vector<fs::path>& files,
                 const std::function<void(const std::string&)>& notice) {
  Person person{name, {}, {}};
  std::map<const LoadedModel*, std::vector<at::Tensor>> embeddings;
  for (const fs::path& file : files) {
    const Photo photo = read_photo(assembly, file, notice);
    if (photo.faces.empty()) continue;
    const auto best = std::ranges::max_element(photo.faces, {}, &Face::score) - photo.faces.begin();
    for (const auto& [model, embedding] : photo.embeddings[static_cast<std::size_t>(best)])
      embeddings[model].push_back(embedding);
    person.photos.insert(photo.sha256);
  }
  for (const auto& [model, list] : embeddings) person.embeddings[model] = at::cat(list);
  return person;
}

}  // namespace

at::Tensor to_tensor(const Picture& picture, const at::TensorOptions& options) {
  const at::Tensor bytes =
      at::from_blob(picture.rgb.data, {picture.rgb.rows, picture.rgb.cols, 3}, at::TensorOptions(at::kByte));
  return bytes.permute({2, 0, 1}).unsqueeze(0).to(options).contiguous();
}

at::Tensor embed(const LoadedModel& model, const at::Tensor& picture, const Face& face) {
  const at::NoGradGuard no_grad;
  const View view = make_view(model.view, picture.size(2), picture.size(3), &face);
  return forward(model, view(picture)).embedding.squeeze(0).clone();  // a model may use its memory again
}

Gallery Gallery::read(const Assembly& assembly, const std::vector<std::string>& people,
                      const std::function<void(const std::string&)>& notice) {
  Gallery gallery;
  if (people.size() == 1 && fs::is_directory(people.front())) {
    std::vector<fs::path> folders;
    for (const fs::directory_entry& entry : fs::directory_iterator(people.front())) {
      if (entry.is_directory()) folders.push_back(entry.path());
    }
    std::ranges::sort(folders);
    for (const fs::path& folder : folders) {
      std::vector<fs::path> photos;
      try {
        photos = expand_pictures({folder.string()});
      } catch (const ConfigError& error) {
        notice(std::string(error.what()) + "; left out");
      }
      Person person = person_of(assembly, folder.filename().string(), photos, notice);
      if (!person.embeddings.empty()) gallery.people_.push_back(std::move(person));
    }
    return gallery;
  }
  for (const std::string& file : people) {
    const Photo photo = read_photo(assembly, file, notice);
    const std::string stem = fs::path(file).stem().string();
    for (std::size_t f = 0; f < photo.faces.size(); ++f) {
      gallery.people_.push_back({stem + "/" + std::to_string(f + 1), {photo.sha256}, photo.embeddings[f]});
    }
  }
  return gallery;
}

std::map<const LoadedModel*, at::Tensor> Gallery::means() const {
  std::map<const LoadedModel*, std::vector<at::Tensor>> all;
  for (const Person& person : people_) {
    for (const auto& [model, embeddings] : person.embeddings) all[model].push_back(embeddings);
  }
  std::map<const LoadedModel*, at::Tensor> means;
  for (const auto& [model, embeddings] : all) means[model] = at::cat(embeddings).mean(0);
  return means;
}

Person Gallery::from_photos(const Assembly& assembly, const std::vector<std::string>& photos,
                            const std::function<void(const std::string&)>& notice) {
  Person person = person_of(assembly, "photos", {photos.begin(), photos.end()}, notice);
  if (person.embeddings.empty())
    throw ConfigError("no face on any of the target's photos", assembly.experiment.target.place);
  return person;
}

std::vector<Target> choose_targets(const Assembly& assembly, const Gallery& gallery, const at::Tensor& own,
                                   const std::string& photo, std::uint64_t key) {
  using Choice = TargetConfig::Choice;
  const TargetConfig& config = assembly.experiment.target;
  if (config.choice == Choice::none) return {};
  const LoadedModel* measure = assembly.judges.front().model;
  std::vector<const Person*> candidates;
  for (const Person& person : gallery.people()) {
    if (!person.photos.contains(photo) && (config.choice != Choice::named || person.name == config.name))
      candidates.push_back(&person);
  }
  if (candidates.empty()) {
    throw Error("nobody is left to be taken for: " +
                (config.choice == Choice::named ? "'" + config.name + "'" : std::string("everybody in [data] people")) +
                " is on this picture");
  }
  std::vector<Target> targets;
  for (std::int64_t f = 0; f < own.size(0); ++f) {
    const auto similarity = [&](const Person* person) {
      return at::matmul(person->embeddings.at(measure), own[f]).mean().item<double>();
    };
    const Person* chosen = candidates.front();
    if (config.choice == Choice::furthest) chosen = *std::ranges::min_element(candidates, {}, similarity);
    if (config.choice == Choice::nearest) chosen = *std::ranges::max_element(candidates, {}, similarity);
    if (config.choice == Choice::random) {
      const std::uint64_t draw =
          mix(mix(mix(assembly.experiment.seed, hash("target")), key), static_cast<std::uint64_t>(f));
      chosen = candidates[draw % candidates.size()];
    }
    targets.push_back({chosen->name, chosen->embeddings});
  }
  return targets;
}

}  // namespace faceoff
