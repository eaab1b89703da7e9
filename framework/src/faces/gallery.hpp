#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
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
  /// Where each photo lies, one a row; none where the person comes from a gallery's file.
  std::vector<std::filesystem::path> files = {};

  /// What an attack may look at, the first, third … file; it is judged by the others: no photo does both, whoever finds
  /// the faces. Where a half is empty, all photos have to. `but`: the SHA-256 of a photo that is left out; no
  /// embeddings at all where there is no other.
  Embeddings attacked(const std::string& but = "") const;
  /// Whose photos and which, as text.
  std::string contents() const;
};

/// People with their embeddings: a matrix a model, in which each person's photos are rows that stand together, so that
/// whatever is compared with all of them is compared at once.
class Gallery {
 public:
  /// Rows [begin, end).
  struct Rows {
    std::int64_t begin = 0, end = 0;
  };

  /// How many pictures were looked at, on how many a face was found, and how many could not be read.
  struct Counts {
    std::int64_t pictures = 0, found = 0, unreadable = 0;
  };

  Gallery() = default;
  explicit Gallery(std::vector<Person> people) : Gallery(std::move(people), {}) {}
  Gallery(std::vector<Person> people, const Counts& counts);
  /// Reads [data] people: a folder a person (each photo's best face), pictures of which each face is a person, left to
  /// right "sample2/1", "sample2/2", where several pictures share that name as delivered_stems() says, or a file that
  /// to_safetensors() made. `notice` is told of photos without a face, `progress` of each photo. Throws ConfigError
  /// where a file holds no embeddings of a model.
  static Gallery read(
      const Portraying& by, const std::vector<std::string>& people, const Notice& notice,
      const Notice& progress = [](const std::string&) {});

  /// One person from the photos' best faces. Throws ConfigError with the place where there is no face on any.
  static Person from_photos(const Portraying& by, const std::string& name, const std::vector<std::string>& photos,
                            const Place& place, const Notice& notice);

  /// The same people and, behind them, others under the same models.
  Gallery with(const std::vector<Person>& others) const;

  const std::vector<Person>& people() const { return people_; }
  /// All embeddings under a model, [rows,D]; there has to be somebody.
  const at::Tensor& embeddings(const LoadedModel& model) const { return embeddings_.at(&model); }
  /// Which rows are a person's, by the place among people(), a row a photo in their order; and whose a row is.
  Rows rows(std::size_t person) const { return {begins_[person], begins_[person + 1]}; }
  std::size_t owner(std::int64_t row) const { return owners_[static_cast<std::size_t>(row)]; }
  /// Which rows an attack may look at, as Person::attacked(), and which it is judged by.
  const std::vector<bool>& attacked() const { return attacked_; }
  const std::vector<bool>& judging() const { return judging_; }
  /// The rows of the photo with this SHA-256, at most one a person.
  std::span<const std::int64_t> rows_of(const std::string& photo) const;
  /// The first person of that name, or null.
  const Person* find(const std::string& name) const;
  const Counts& counts() const { return counts_; }

  /// The gallery as the bytes of a file: an embedding tensor [N,D] a model, and whose and of which photo each row is.
  std::string to_safetensors() const;
  /// The mean of the embeddings that an attack may look at under each model, [D].
  const std::map<const LoadedModel*, at::Tensor>& means() const { return means_; }

 private:
  static Gallery read_file(const Portraying& by, const std::string& file);

  std::vector<Person> people_;
  std::map<const LoadedModel*, at::Tensor> embeddings_, means_;
  std::vector<std::int64_t> begins_ = {0};  // of each person's rows, and where the last one's end
  std::vector<std::size_t> owners_;         // a row
  std::vector<bool> attacked_, judging_;    // a row
  std::unordered_map<std::string, std::vector<std::int64_t>> photos_;
  Counts counts_;
};

/// The name of the folder that a picture lies in, which in LFW's layout is its person's.
std::string folder_name(const std::filesystem::path& picture);

/// Whose face it is, by its embedding [D] on a picture with this SHA-256: who has the very photo and looks like it
/// there; else, where it is `alone` on the picture, who is called like the picture's folder. Null where nobody is.
const Person* owner_of(const Gallery& people, const LoadedModel& model, const std::string& photo,
                       const std::filesystem::path& picture, const at::Tensor& clean, bool alone);

/// The face's embedding under a model, [D].
at::Tensor embed(const LoadedModel& model, const at::Tensor& picture, const Face& face);

}  // namespace faceoff
