#include "faces/partners.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "faces/drawn.hpp"
#include "faces/faces.hpp"
#include "faces/views.hpp"
#include "picture/picture.hpp"

namespace faceoff {

namespace {

constexpr std::size_t most_photos = 100;

bool has(const std::vector<std::string>& list, const std::string& entry) {
  return std::ranges::find(list, entry) != list.end();
}

}  // namespace

PartnerPhotos::PartnerPhotos(const Gallery& people, const Portraying& by, std::uint64_t seed) : by_(by) {
  std::map<std::filesystem::path, Photo> all;
  for (const Person& person : people.people()) {
    if (person.files.empty())
      throw ConfigError("people of a gallery's file have no photos to mix in: say [data] people = \"FOLDER\"");
    for (std::size_t i = 0; i < person.files.size(); ++i) {
      if (person.judges[i]) continue;
      Photo& photo = all[person.files[i]];
      photo.file = person.files[i];
      photo.people.push_back(person.name);
      photo.photos.insert(photo.photos.end(), person.photos.begin(), person.photos.end());
    }
  }
  for (auto& [file, photo] : all) photos_.push_back(std::move(photo));
  const std::size_t count = std::min(photos_.size(), most_photos);
  photos_ = drawn(std::move(photos_), mix(seed, hash("partners")), count);
}

at::Tensor PartnerPhotos::view(const LoadedModel& model, std::size_t photo) {
  const auto [known, is_new] = views_.try_emplace({&model, photo});
  if (!is_new) return known->second;
  const at::NoGradGuard no_grad;
  const at::Tensor picture =
      to_tensor(read_picture(photos_[photo].file), at::TensorOptions(by_.device).dtype(at::kByte));
  const std::vector<Face> faces = find_faces(*by_.detector, by_.landmarks, picture, by_.minimum_score);
  const auto surest = std::ranges::max_element(faces, {}, &Face::score);
  const Face* face = surest != faces.end() ? &*surest : nullptr;
  const bool about = about_a_face(model.view.crop);
  if (about && (face == nullptr || !viewable(model.view, picture.size(2), picture.size(3), *face))) return {};
  return known->second =
             make_view(model.view, picture.size(2), picture.size(3), about ? face : nullptr)(picture).squeeze(0);
}

at::Tensor PartnerPhotos::draw(const LoadedModel& model, std::span<const Attacked> pictures, std::int64_t each,
                               Random& random) {
  constexpr std::int64_t many = 1 << 30;
  const at::Tensor numbers = random.integers(0, many - 1, {each}).to(at::kCPU);
  const auto number = numbers.accessor<std::int64_t, 2>();
  std::vector<at::Tensor> all;
  for (std::size_t row = 0; row < pictures.size(); ++row) {
    std::vector<std::size_t> others;
    for (std::size_t i = 0; i < photos_.size(); ++i) {
      const bool same_person = has(photos_[i].people, pictures[row].folder);
      if (!same_person && !has(photos_[i].photos, pictures[row].photo)) others.push_back(i);
    }
    for (std::int64_t k = 0; k < each; ++k) {
      at::Tensor found;
      while (!found.defined()) {
        if (others.empty())
          throw Error(
              "nobody else is left to be mixed in: of everybody in [data] people there is no photo that "
              "shows another person to '" +
              model.name + "'");
        const auto place =
            others.begin() + number[static_cast<std::int64_t>(row)][k] % static_cast<std::int64_t>(others.size());
        found = view(model, *place);
        if (!found.defined()) others.erase(place);
      }
      all.push_back(found);
    }
  }
  const at::Tensor rows = at::stack(all);
  return rows.view({static_cast<std::int64_t>(pictures.size()), each, 3, rows.size(2), rows.size(3)});
}

}  // namespace faceoff
