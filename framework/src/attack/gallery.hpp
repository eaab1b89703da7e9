#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "attack/assembly.hpp"
#include "attack/objective.hpp"
#include "picture/face.hpp"
#include "picture/picture.hpp"

namespace faceoff {

/// Somebody with photos: a name, and an embedding a photo under each model.
struct Person {
  std::string name;
  std::set<std::string> photos;                         ///< SHA-256 of the files
  std::map<const LoadedModel*, at::Tensor> embeddings;  ///< [K,D], unit length
};

/// People to choose targets from, embedded by every model that an assembly judges with.
class Gallery {
 public:
  Gallery() = default;
  /// Reads [data] people: a folder a person (each photo's best face), or pictures of which each face is a person,
  /// left to right "sample2/1", "sample2/2". `notice` is told of photos without a face.
  static Gallery read(const Assembly& assembly, const std::vector<std::string>& people,
                      const std::function<void(const std::string&)>& notice);

  /// One person from the photos' best faces.
  static Person from_photos(const Assembly& assembly, const std::vector<std::string>& photos,
                            const std::function<void(const std::string&)>& notice);

  const std::vector<Person>& people() const { return people_; }
  /// The mean of all embeddings under each model, [D].
  std::map<const LoadedModel*, at::Tensor> means() const;

 private:
  std::vector<Person> people_;
};

/// The face's embedding under a model, [D].
at::Tensor embed(const LoadedModel& model, const at::Tensor& picture, const Face& face);

/// A decoded picture as [1,3,H,W] RGB in [0,255].
at::Tensor to_tensor(const Picture& picture, const at::TensorOptions& options);

/// Chooses whom each face is to be taken for, measured on the first attacked embedder; never somebody who has a photo
/// in the same file. `own`: the faces' embeddings [F,D] under that model; `key` stands for the picture's content.
std::vector<Target> choose_targets(const Assembly& assembly, const Gallery& gallery, const at::Tensor& own,
                                   const std::string& photo, std::uint64_t key);

}  // namespace faceoff
