#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <string>
#include <vector>

#include "faces/gallery.hpp"

namespace faceoff {

/// A coordinate axis of 8 dimensions: an embedding that is like no other axis.
inline at::Tensor axis(std::int64_t number) {
  return at::eye(8)[number];
}

/// Somebody whose photos have these embeddings and are called name0, name1 …; the second, fourth … of them judge.
inline Person somebody(const LoadedModel& model, const std::string& name, const std::vector<at::Tensor>& embeddings) {
  Person person{name, {}, {}, {}};
  for (std::size_t i = 0; i < embeddings.size(); ++i) {
    person.photos.push_back(name + std::to_string(i));
    person.judges.push_back(i % 2 == 1);
  }
  person.embeddings[&model] = at::stack(embeddings);
  return person;
}

/// The same with the axes of these numbers.
inline Person on_axes(const LoadedModel& model, const std::string& name, const std::vector<std::int64_t>& axes) {
  std::vector<at::Tensor> embeddings;
  for (const std::int64_t number : axes) embeddings.push_back(axis(number));
  return somebody(model, name, embeddings);
}

}  // namespace faceoff
