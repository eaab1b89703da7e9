#include "judge/lineup.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

namespace faceoff {

namespace {

/// A photo of a face is most like itself; another face on the same photo is far from this.
constexpr double same_photo = .9;

}  // namespace

LineUp::LineUp(const Gallery& people, const LoadedModel& model, const std::string& photo)
    : people_(&people), shown_(people.judging()) {
  if (!people.people().empty()) embeddings_ = people.embeddings(model);
  const auto hide_photo = [&] {
    for (const std::int64_t row : people.rows_of(photo)) shown_[static_cast<std::size_t>(row)] = false;
  };
  hide_photo();
  for (const std::int64_t row : people.rows_of(photo)) {
    const Gallery::Rows rows = people.rows(people.owner(row));
    const auto begin = shown_.begin() + rows.begin, end = shown_.begin() + rows.end;
    if (std::find(begin, end, true) == end) std::fill(begin, end, true);
  }
  hide_photo();
}

bool LineUp::empty() const {
  return added_.empty() && std::ranges::find(shown_, true) == shown_.end();
}

std::optional<Known> LineUp::find(const std::string& name) const {
  for (std::size_t p = 0; p < people_->people().size(); ++p) {
    const Person& person = people_->people()[p];
    if (person.name != name) continue;
    const Gallery::Rows rows = people_->rows(p);
    std::vector<at::Tensor> photos;
    bool disjoint = false;  // the photos are of one half
    for (std::int64_t row = rows.begin; row < rows.end; ++row) {
      if (!shown_[static_cast<std::size_t>(row)]) continue;
      photos.push_back(embeddings_[row]);
      disjoint = person.judges[static_cast<std::size_t>(row - rows.begin)];
    }
    if (!photos.empty()) return Known{name, at::stack(photos), disjoint};
  }
  const auto found = std::ranges::find(added_, name, &Known::name);
  return found != added_.end() ? std::optional(*found) : std::nullopt;
}

Match LineUp::best_match(const at::Tensor& embedding) const {
  Match best{{}, -std::numeric_limits<double>::infinity()};
  if (embeddings_.defined()) {
    const at::Tensor cosines = at::matmul(embeddings_, embedding).to(at::kCPU, at::kDouble);
    const auto cosine = cosines.accessor<double, 1>();
    std::int64_t most_like = -1;
    for (std::int64_t row = 0; row < cosines.size(0); ++row) {
      if (!shown_[static_cast<std::size_t>(row)] || cosine[row] <= best.similarity) continue;
      best.similarity = cosine[row];
      most_like = row;
    }
    if (most_like >= 0) best.name = people_->people()[people_->owner(most_like)].name;
  }
  for (const Known& known : added_) {
    const double similarity = at::matmul(known.photos, embedding).max().item<double>();
    if (similarity > best.similarity) best = {known.name, similarity};
  }
  return best;
}

const Person* owner_of(const Gallery& people, const LoadedModel& model, const std::string& photo,
                       const at::Tensor& clean) {
  const Person* owner = nullptr;
  double closest = same_photo;
  for (const std::int64_t row : people.rows_of(photo)) {
    const double similarity = people.embeddings(model)[row].dot(clean).item<double>();
    if (similarity < closest) continue;
    closest = similarity;
    owner = &people.people()[people.owner(row)];
  }
  return owner;
}

const Person* owner_by_folder(const Gallery& people, const std::filesystem::path& picture) {
  return people.find(std::filesystem::absolute(picture).parent_path().filename().string());
}

}  // namespace faceoff
