#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "attack/assembly.hpp"
#include "attack/trace.hpp"
#include "faces/face.hpp"
#include "faces/gallery.hpp"
#include "faces/targets.hpp"
#include "judge/evaluation.hpp"
#include "judge/judges.hpp"
#include "picture/picture.hpp"
#include "picture/quality.hpp"
#include "run/item_line.hpp"

namespace faceoff {

/// What became of one picture under one variant.
struct ItemReport {
  Status status = Status::failed;
  std::string error;          ///< why it failed: one line
  std::string sha256;         ///< of the picture's file; empty where that could not be read
  std::string output_sha256;  ///< of the delivered file
  std::vector<std::string> notes;
  Quality quality;
  std::int64_t bytes = 0;  ///< of the delivered file
  std::int64_t queries = 0;
  Trace trace;  ///< of the attack; empty where there was none
  std::vector<ItemFace> faces;
  std::optional<Lossless> lossless;  ///< where the delivered file is a JPEG
};

/// Who judges a variant's pictures, and the people whom recognisers choose between.
struct JudgedBy {
  Evaluator* evaluator = nullptr;
  Judges judges;
  std::vector<const Person*> people;
};

/// What judges make of a picture with these faces, attacked to be taken for these targets (or for nobody), as it is
/// delivered.
std::vector<ItemFace> judge(const JudgedBy& by, const Picture& clean, const std::filesystem::path& file,
                            const std::vector<Face>& faces, const std::vector<Target>& targets,
                            const Picture& delivered);

/// Where a picture without a face is delivered in place of `output`: as a PNG, which changes nothing of it.
std::filesystem::path as_it_was(std::filesystem::path output);

/// A picture's whole way, in four stages that follow one another: read, attack (find faces, optimise, check the budget,
/// round, paste), write, and judge what was written, read again. Reading and writing call no plugin: they may be done
/// on another thread, while another picture is attacked. What goes wrong with this picture alone is in the report, and
/// then the stages that are left do nothing; an output that can't be written is thrown.
class ItemWork {
 public:
  /// `output`: where it is delivered.
  ItemWork(const Assembly& assembly, std::filesystem::path picture, const std::filesystem::path& output);

  void read();
  /// `photos`: a person for each of the experiment's targets that is photos, by its name.
  void attack(const Gallery& gallery, const std::map<std::string, Person>& photos,
              const std::function<void(std::int64_t step, std::int64_t of)>& progress);
  void write();
  void judge(const JudgedBy& by);

  const ItemReport& report() const { return report_; }
  /// That the stages took, without waiting for one another.
  double seconds() const { return seconds_; }

 private:
  /// Does a stage's work, unless the picture is out already.
  template <class Work>
  void stage(const Work& work);
  void optimise(const Gallery& gallery, const std::map<std::string, Person>& photos,
                const std::function<void(std::int64_t, std::int64_t)>& progress);
  void deliver();

  const Assembly& assembly_;
  std::filesystem::path picture_, file_, output_;  ///< as given; whole
  ItemReport report_;
  double seconds_ = 0;
  bool out_ = false;  ///< it failed
  Picture original_;
  at::Tensor clean_;
  std::vector<Face> faces_;
  std::vector<Target> targets_;
  Picture attacked_;    ///< the pixels to be delivered; none where there was no face
  Picture read_again_;  ///< what was written
};

}  // namespace faceoff
