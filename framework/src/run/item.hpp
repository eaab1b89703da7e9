#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "attack/assembly.hpp"
#include "attack/attack.hpp"
#include "attack/trace.hpp"
#include "faces/targets.hpp"
#include "judge/evaluation.hpp"
#include "judge/judges.hpp"
#include "picture/picture.hpp"
#include "run/item_line.hpp"
#include "run/people.hpp"

namespace faceoff {

/// Everything of one variant that is ready to attack and to judge.
struct PreparedVariant {
  std::unique_ptr<Assembly> assembly;
  Judges judges;
  Evaluator* evaluator = nullptr;  ///< which the judges share with other variants'
  Galleries::Both people;
  std::string key;  ///< variant_key()
};

/// A picture under a variant.
struct Item {
  std::int64_t number = 0;
  const PreparedVariant* variant = nullptr;
  std::filesystem::path picture;  ///< as given
  std::filesystem::path output;   ///< where it is delivered, relative to the run

  const Experiment& experiment() const { return variant->assembly->experiment; }
  /// Its line of results while nothing is known of it.
  ItemLine line() const;
};

/// What became of an item: its line of results, but for its key and when it was done, and what is not in it.
struct ItemReport : ItemLine {
  Trace trace;  ///< of the attack; empty where there was none
};

/// A picture's whole way, in stages that follow one another: read, find its faces (and choose their targets), be
/// attacked with others of its batch, write, and judge what was written, read again. Reading and writing call no
/// plugin: they may be done on another thread, while other pictures are attacked. What goes wrong with this picture
/// alone is in the report, and then the stages that are left do nothing; an output that can't be written is thrown.
class ItemWork {
 public:
  /// `run`: the folder where it is delivered.
  ItemWork(Item item, const std::filesystem::path& run);

  void read();
  void find();
  /// What is to be attacked of it; null where it failed, or shows no face.
  const AttackInput* to_attack() const { return out_ || input_.faces.empty() ? nullptr : &input_; }
  /// What an attack made of it, in `seconds` that it has to answer for.
  void attacked(const AttackResult& result, double seconds);
  /// That the attack on it alone failed: why, and after how many queries.
  void fail(const std::string& why, std::int64_t queries, double seconds);
  void write();
  void judge();

  const Item& item() const { return item_; }
  /// Its seconds are what the stages took, without waiting for one another.
  const ItemReport& report() const { return report_; }

 private:
  /// Does a stage's work, unless the picture is out already.
  template <class Work>
  void stage(const Work& work);
  void fail(const std::string& why);
  /// Whom each face may be taken for, and whose it is.
  void choose_people();
  void deliver();
  /// What was written, read again, and what it says.
  void read_again(const std::filesystem::path& written);
  std::vector<ItemFace> judged(const Picture& delivered) const;

  Item item_;
  std::filesystem::path file_, output_;  ///< the picture and where it is delivered, as whole paths
  ItemReport report_;
  bool out_ = false;  ///< it failed
  Picture original_;
  AttackInput input_;
  std::vector<Target> targets_;  ///< whom each face was led to
  Picture attacked_;             ///< the pixels to be delivered; none where there was no face
  Picture read_again_;           ///< what was written
};

}  // namespace faceoff
