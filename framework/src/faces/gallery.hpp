#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "faces/face.hpp"
#include "faces/portrait.hpp"
#include "picture/picture.hpp"

namespace faceoff {

/// Who nobody knows, as reports call a face. What a target by photos is called begins with the other: nobody among
/// people may be named so.
constexpr const char* unknown_person = "(this face)";
constexpr const char* photos_person = "(photos";

/// Embeddings [K,D] of unit length under each model.
using Embeddings = std::map<const LoadedModel*, at::Tensor>;

/// Somebody with photos: a name, and an embedding a photo under each model.
struct Person {
  std::string name;
  std::vector<std::string> photos;  ///< SHA-256 of the files, one a row of the embeddings; each once
  std::vector<bool> judges;         ///< which of them are the second, fourth … of the person's files
  Embeddings embeddings;

  /// What an attack may look at, the first, third … file, and what it is judged by, the others: no photo does both,
  /// whoever finds the faces. Where a half is empty, all photos have to.
  Embeddings attacked() const;
  Embeddings judging() const;
  /// Whose photos and which, as text.
  std::string contents() const;
};

/// People with their embeddings.
class Gallery {
 public:
  Gallery() = default;
  /// Reads [data] people: a folder a person (each photo's best face), pictures of which each face is a person, left to
  /// right "sample2/1", "sample2/2", where several pictures share that name as delivered_stems() says, or a file that
  /// to_safetensors() made. `notice` is told of photos without a face, `progress` of each photo. Throws ConfigError
  /// where a file holds no embeddings of a model.
  static Gallery read(
      const Portraying& by, const std::vector<std::string>& people,
      const std::function<void(const std::string&)>& notice,
      const std::function<void(const std::string&)>& progress = [](const std::string&) {});

  /// One person from the photos' best faces. Throws ConfigError with the place where there is no face on any.
  static Person from_photos(const Portraying& by, const std::string& name, const std::vector<std::string>& photos,
                            const Place& place, const std::function<void(const std::string&)>& notice);

  const std::vector<Person>& people() const { return people_; }
  /// How many pictures were looked at, and on how many a face was found.
  std::int64_t pictures() const { return pictures_; }
  std::int64_t found() const { return found_; }
  /// How many could not be read.
  std::int64_t unreadable() const { return unreadable_; }

  /// The gallery as the bytes of a file: an embedding tensor [N,D] a model, and whose and of which photo each row is.
  std::string to_safetensors() const;
  /// The mean of the embeddings that an attack may look at under each model, [D].
  std::map<const LoadedModel*, at::Tensor> means() const;

 private:
  static Gallery read_file(const Portraying& by, const std::string& file);

  std::vector<Person> people_;
  std::int64_t pictures_ = 0, found_ = 0, unreadable_ = 0;
};

/// The face's embedding under a model, [D].
at::Tensor embed(const LoadedModel& model, const at::Tensor& picture, const Face& face);

}  // namespace faceoff
