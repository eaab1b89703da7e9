#include <faceoff/random.hpp>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <utility>

namespace faceoff {

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t z = a + 0x9e3779b97f4a7c15ULL * (b + 1);
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31U);
}

std::uint64_t hash(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325ULL;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return h;
}

Random::Random(std::uint64_t seed, std::vector<std::uint64_t> rows, at::TensorOptions options)
    : seed_(seed), rows_(std::move(rows)), options_(options) {}

Random::Random(std::uint64_t seed, std::vector<std::uint64_t> rows, at::TensorOptions options,
               std::vector<Extent> extents)
    : seed_(seed), rows_(std::move(rows)), options_(options), extents_(std::move(extents)) {
  const auto same = [&](const Extent& one) {
    return one.height == extents_.front().height && one.width == extents_.front().width;
  };
  if (std::ranges::all_of(extents_, same)) extents_.clear();
}

void Random::start_step(std::int64_t step) {
  step_ = static_cast<std::uint64_t>(step);
  draws_ = 0;
}

Random Random::derive(const std::vector<std::int64_t>& parents, std::string_view purpose) const {
  std::vector<std::uint64_t> keys;
  keys.reserve(parents.size());
  std::vector<std::uint64_t> copies(rows_.size(), 0);  // of each row so far
  for (const std::int64_t parent : parents) {
    const auto row = static_cast<std::size_t>(parent);
    keys.push_back(mix(mix(rows_.at(row), hash(purpose)), copies.at(row)++));
  }
  Random child(seed_, std::move(keys), options_);
  child.start_step(static_cast<std::int64_t>(step_));
  return child;
}

bool Random::fills_extents(at::IntArrayRef row) const {
  if (extents_.empty() || row.size() < 2) return false;
  Extent largest;
  for (const Extent& one : extents_)
    largest = {std::max(largest.height, one.height), std::max(largest.width, one.width)};
  return row[row.size() - 2] == largest.height && row[row.size() - 1] == largest.width;
}

template <class Fill>
at::Tensor Random::draw(at::IntArrayRef row, at::ScalarType type, const Fill& fill) {
  std::vector<std::int64_t> shape = {rows()};
  shape.insert(shape.end(), row.begin(), row.end());
  const bool padded = fills_extents(row);
  at::Tensor numbers = padded ? at::zeros(shape, at::TensorOptions(type)) : at::empty(shape, at::TensorOptions(type));
  const std::uint64_t draw = draws_++;
  for (std::int64_t r = 0; r < rows(); ++r) {
    const std::uint64_t key = mix(mix(mix(seed_, rows_[static_cast<std::size_t>(r)]), step_), draw);
    at::Tensor target = numbers.select(0, r);
    if (padded) {
      const Extent& own = extents_[static_cast<std::size_t>(r)];
      target = target.narrow(-2, 0, own.height).narrow(-1, 0, own.width);
    }
    at::Tensor drawn = padded ? at::empty(target.sizes(), target.options()) : target;
    fill(drawn, at::make_generator<at::CPUGeneratorImpl>(key));
    if (padded) target.copy_(drawn);
  }
  return numbers.to(options_.device());
}

at::Tensor Random::uniform(double low, double high, at::IntArrayRef row) {
  return draw(row, c10::typeMetaToScalarType(options_.dtype()),
              [&](at::Tensor& t, const at::Generator& g) { t.uniform_(low, high, g); });
}

at::Tensor Random::normal(double mean, double deviation, at::IntArrayRef row) {
  return draw(row, c10::typeMetaToScalarType(options_.dtype()),
              [&](at::Tensor& t, const at::Generator& g) { t.normal_(mean, deviation, g); });
}

at::Tensor Random::integers(std::int64_t low, std::int64_t high, at::IntArrayRef row) {
  return draw(row, at::kLong, [&](at::Tensor& t, const at::Generator& g) { t.random_(low, high + 1, g); });
}

}  // namespace faceoff
