#pragma once

#include <faceoff/budget.hpp>
#include <faceoff/schema.hpp>

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "faces/targets.hpp"
#include "picture/degrade.hpp"
#include "picture/find_pictures.hpp"
#include "picture/picture.hpp"
#include "plugins/plugin_config.hpp"
#include "plugins/plugin_library.hpp"
#include "toml/document.hpp"
#include "toml/table.hpp"

namespace faceoff {

struct LossConfig {
  PluginConfig plugin;
  std::vector<std::string> models;
  std::int64_t draw_models = 0;  ///< how many of them count in a step, drawn at random; 0: all
  double weight = 1;
};

enum class Stage { view, picture };

struct AugmentationConfig {
  PluginConfig plugin;
  double probability = 1;
  std::int64_t draws = 1;
  Stage at = Stage::view;
};

enum class SubjectKind { picture, crop };
enum class MaskKind { picture, faces };
/// What an attack on recognisers is for: that a face is taken for its target, or that it is not taken for its person.
enum class Goal { impersonate, protect };
/// What an experiment calls it.
std::string to_string(Goal goal);
/// How attacked models count beside one another: by the sum of their losses, or each by its gradient over its own size.
enum class Balance { value, gradient };
/// What an attack knows the person of a face by: the face as it is on the picture, or that and the person's photos
/// among people that an attack may look at.
enum class Own { face, photos };
/// Which point of an attack is delivered where it does not say when to stop.
enum class Keep { last, best };

/// How many pictures are attacked together where nobody says so.
constexpr std::int64_t usual_batch = 8;

/// One variant of an experiment, checked as far as a file can be without loading weights.
struct Experiment {
  std::string name;
  std::uint64_t seed = 0;
  at::Device device = at::kCPU;

  std::vector<std::filesystem::path> pictures;
  std::vector<std::string> people;  ///< a folder a person, or pictures, each face a person
  Place people_place;

  std::map<std::string, PluginConfig> models;
  /// Of a run that is judged: models whose plugins are not there, and why. Attacked ones need not be.
  std::map<std::string, std::string> unknown_models;

  std::string detector, landmarks;
  double minimum_score = .5;
  Place faces_place, landmarks_place;

  SubjectKind subject = SubjectKind::picture;
  MaskKind mask = MaskKind::picture;
  double mask_size = 1.1;  ///< of a square about a face, in longer sides of its box
  double epsilon = 8;
  Norm norm = Norm::inf;
  Goal goal = Goal::protect;
  std::optional<double> stop_at;         ///< a subject's attack ends once its objective is as low
  std::optional<double> stop_at_margin;  ///< or once its margin is as high
  Keep keep = Keep::last;
  std::int64_t restarts = 1;  ///< attacks on the same subjects, of which each keeps the best
  Balance balance = Balance::value;
  Own own = Own::face;
  std::vector<LeftOut> left_out;      ///< what the folders and patterns of `pictures` have beside them
  std::vector<TargetConfig> targets;  ///< none, one for all faces, or one a face, left to right
  Place attack_place;

  std::int64_t batch = 8;    ///< how many pictures are attacked at once, at most
  std::int64_t threads = 0;  ///< of a process; 0: as many as OMP_NUM_THREADS says, or cores

  Encoding encoding;   ///< of the delivered pictures
  bool traces = true;  ///< whether each step's objective and margin are written down

  std::vector<LossConfig> losses;
  std::vector<AugmentationConfig> augmentations;
  PluginConfig optimizer;

  std::vector<std::string> held_out;  ///< models that only judge
  double false_accept_rate = 1e-3;
  std::vector<Degradation> after;  ///< what `faceoff evaluate` does to the pictures; empty: what is usual
  Place evaluate_place;

  std::string variant;                                       ///< its name in the sweep
  std::vector<std::pair<std::string, std::string>> choices;  ///< each swept key and what its value is called

  /// The models that anything refers to, each once; the others are not loaded.
  std::vector<std::string> used_models() const;
  Resolved resolved;
};

/// What an experiment is read for. A run that is judged may be long done and elsewhere: its pictures, people and device
/// need not be there, nor the plugins that only an attack uses, and of its losses there is only which models they
/// attack.
enum class Purpose { attack, judge };

/// Reads every variant of the document; all faults of all variants are thrown at once.
std::vector<Experiment> read_experiments(const Document& document, const PluginLibrary& plugins,
                                         Purpose purpose = Purpose::attack);

}  // namespace faceoff
