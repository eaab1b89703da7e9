#include "judge/lineup.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

namespace faceoff {

namespace {

/// A photo of a face is most like itself; another face on the same photo is far from this.
constexpr double same_photo = .9;

}  // namespace

std::vector<Known> line_up(const std::vector<const Person*>& people, const LoadedModel& model,
                           const std::string& photo) {
  std::vector<Known> lineup;
  for (const Person* person : people) {
    const auto photos = [&](bool all) {
      std::vector<at::Tensor> rows;
      for (std::size_t i = 0; i < person->photos.size(); ++i) {
        if ((all || person->judges[i]) && person->photos[i] != photo)
          rows.push_back(person->embeddings.at(&model)[static_cast<std::int64_t>(i)]);
      }
      return rows;
    };
    std::vector<at::Tensor> rows = photos(false);
    const bool disjoint = !rows.empty();
    if (!disjoint) rows = photos(true);
    if (!rows.empty()) lineup.push_back({person->name, at::stack(rows), disjoint});
  }
  return lineup;
}

const Person* owner_of(const std::vector<const Person*>& people, const LoadedModel& model, const std::string& photo,
                       const at::Tensor& clean) {
  const Person* owner = nullptr;
  double closest = same_photo;
  for (const Person* person : people) {
    const auto row = std::ranges::find(person->photos, photo) - person->photos.begin();
    if (row == static_cast<std::ptrdiff_t>(person->photos.size())) continue;
    const double similarity = person->embeddings.at(&model)[row].dot(clean).item<double>();
    if (similarity < closest) continue;
    closest = similarity;
    owner = person;
  }
  return owner;
}

const Person* owner_by_folder(const std::vector<const Person*>& people, const std::filesystem::path& picture) {
  const std::string folder = std::filesystem::absolute(picture).parent_path().filename().string();
  const auto found = std::ranges::find(people, folder, &Person::name);
  return found != people.end() ? *found : nullptr;
}

const Known* find(const std::vector<Known>& lineup, const std::string& name) {
  const auto found = std::ranges::find(lineup, name, &Known::name);
  return found != lineup.end() ? &*found : nullptr;
}

Match best_match(const std::vector<Known>& lineup, const at::Tensor& embedding) {
  Match best{{}, -std::numeric_limits<double>::infinity()};
  for (const Known& known : lineup) {
    const double similarity = at::matmul(known.photos, embedding).max().item<double>();
    if (similarity > best.similarity) best = {known.name, similarity};
  }
  return best;
}

}  // namespace faceoff
