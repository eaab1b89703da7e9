#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "judge/evaluation_line.hpp"

namespace faceoff {

/// What other recognisers answered, such as an online service that somebody asked by hand: a CSV file (RFC 4180) with a
/// header and the columns picture, recogniser, identity and, on pictures with several faces, face (1 is the leftmost).
/// A picture is named as `picture` or `output` in evaluation.jsonl; an empty identity: no face was found.
class Answers {
 public:
  /// Throws ConfigError with its place.
  explicit Answers(const std::filesystem::path& file);

  /// A picture as it was and as delivered, by the names of evaluation.jsonl.
  struct Pictured {
    std::string clean, delivered;
    std::optional<std::size_t> faces;  ///< where that is known
  };
  /// Throws ConfigError where a recogniser is named as one of these judges, or was asked about a picture that is none
  /// of these, or not about the clean one, or about a face that is not there.
  void require(const std::vector<Pictured>& pictures, const std::vector<std::string>& judges) const;

  /// Puts each recogniser, with its outcomes, into the lines for the pictures as delivered. Throws ConfigError where
  /// one has fewer faces than it answered about.
  void add_to(std::vector<EvaluationLine>& lines) const;

 private:
  using About = std::tuple<std::string, std::string, std::size_t>;  // recogniser, picture, face
  struct Answer {
    std::string identity;
    std::uint32_t row = 0;  ///< of the file
  };
  const Answer* find(const std::string& recogniser, const std::string& picture, std::size_t face) const;
  /// Throws ConfigError where the answer is about a face that its picture, with so many, does not have.
  void require_face(const About& about, const Answer& answer, std::size_t faces) const;

  std::string file_;
  std::map<About, Answer> answers_;
  std::vector<std::string> recognisers_;
};

}  // namespace faceoff
