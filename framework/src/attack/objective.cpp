#include "attack/objective.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "attack/rows.hpp"
#include "plugins/black_box.hpp"
#include "plugins/call_plugin.hpp"
#include "plugins/check_answer.hpp"

namespace faceoff {

namespace {

/// The gradient at x, added up model by model.
class GradientSum {
 public:
  /// `pictures`: what x has become at the picture. `shown`: how large what is shown of each subject is. Keeps
  /// references to both. With `balance` each model's gradient at the picture counts over its own mean size, times its
  /// weight; losses on pixels alone are added as they are.
  GradientSum(at::Tensor x, const std::vector<Rows>& pictures, const std::vector<Extent>& shown, Balance balance)
      : x_(std::move(x)),
        pictures_(pictures),
        shown_(shown),
        balanced_(balance == Balance::gradient),
        leaves_(pictures),
        leaf_sums_(pictures.size()),
        sum_(at::zeros_like(x_)) {
    for (Rows& rows : leaves_) rows.images.pixels = rows.images.pixels.detach().requires_grad_(true);
  }

  /// The same pictures, from which a model's graph begins anew.
  const std::vector<Rows>& leaves() const { return leaves_; }

  void add(const AttackedModel& attacked, const ModelLosses& said) {
    if (!said.gradient.defined()) return;
    const std::vector<at::Tensor> there = at_leaves(attacked, said.rows, said.gradient);
    const at::Tensor times = balanced_ ? said.weight / size_of(there) : at::Tensor();  // that each row of x counts
    for (std::size_t i = 0; i < there.size(); ++i) {
      if (!there[i].defined()) continue;
      at::Tensor& sum = leaf_sums_[i];
      const at::Tensor counted = balanced_ ? there[i] * times.index_select(0, whose(i)).view({-1, 1, 1, 1}) : there[i];
      sum = sum.defined() ? sum + counted : counted;
    }
  }

  /// Of losses on pixels alone, which are differentiable in x.
  void add(const at::Tensor& values) {
    sum_ = sum_ + gradient_at(x_, {values.sum()}, {}, /*keep_graph=*/true, "losses on pixels");
  }

  /// Like x: of the models through the augmentations at the picture, and of losses on pixels.
  at::Tensor take() const {
    std::vector<at::Tensor> outputs, along;
    for (std::size_t i = 0; i < leaf_sums_.size(); ++i) {
      if (!leaf_sums_[i].defined()) continue;
      outputs.push_back(pictures_[i].images.pixels);
      along.push_back(leaf_sums_[i]);
    }
    if (outputs.empty()) return sum_;
    return sum_ + gradient_at(x_, outputs, along, /*keep_graph=*/true, "augmentations at the picture");
  }

 private:
  /// Through the views and the augmentations at the view.
  std::vector<at::Tensor> at_leaves(const AttackedModel& attacked, const Rows& rows, const at::Tensor& gradient) const {
    std::vector<at::Tensor> inputs;
    for (const Rows& leaf : leaves_) inputs.push_back(leaf.images.pixels);
    const std::string who = "augmentations at the view of '" + attacked.model().name + "'";
    std::vector<at::Tensor> gradients = call_plugin(
        who, [&] { return torch::autograd::grad({rows.images.pixels}, inputs, {gradient}, false, false, true); });
    if (std::ranges::none_of(gradients, [](const at::Tensor& one) { return one.defined(); }))
      throw PluginFault(who, "no gradient reaches the picture: something detached it");
    return gradients;
  }

  /// [rows of x]: the mean size of a model's gradients at the leaves, by the pixels of what is shown of x.
  at::Tensor size_of(const std::vector<at::Tensor>& gradients) const {
    at::Tensor size = at::zeros({x_.size(0)}, sum_.options());
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      if (gradients[i].defined())
        size = size.index_add(0, whose(i), at::linalg_vector_norm(gradients[i], 1, {1, 2, 3}));
    }
    std::vector<double> values;
    for (const Extent& one : shown_) values.push_back(3. * static_cast<double>(one.pixels()));
    const auto copies = size.size(0) / static_cast<std::int64_t>(shown_.size());
    const at::Tensor of_x = at::tensor(values, size.options()).repeat_interleave(copies);
    return (size / of_x).clamp_min(1e-20);
  }

  /// The row of x of each row of a leaf.
  at::Tensor whose(std::size_t leaf) const { return as_index(leaves_[leaf].subject, x_.device()); }

  at::Tensor x_;
  const std::vector<Rows>& pictures_;
  const std::vector<Extent>& shown_;
  bool balanced_;
  std::vector<Rows> leaves_;
  std::vector<at::Tensor> leaf_sums_;  ///< of the models; undefined where there is nothing
  at::Tensor sum_;                     ///< of losses on pixels
};

Random random_of(const Subjects& subjects, std::uint64_t seed) {
  std::vector<std::uint64_t> keys;
  std::vector<Random::Extent> extents;
  for (const Subject& row : subjects.rows) {
    keys.push_back(row.key);
    extents.push_back({row.height, row.width});
  }
  return {seed, std::move(keys), subjects.pixels.options(), std::move(extents)};
}

}  // namespace

std::vector<Fitness> fitness_of(const at::Tensor& value, const at::Tensor& margin) {
  const at::Tensor values = value.to(at::kCPU, at::kDouble);
  const at::Tensor margins = margin.defined() ? margin.to(at::kCPU, at::kDouble) : at::full_like(values, NAN);
  std::vector<Fitness> all;
  for (std::int64_t r = 0; r < values.size(0); ++r) {
    const double reached = margins[r].item<double>();
    const bool known = !std::isnan(reached);
    all.emplace_back(known, known ? reached : -values[r].item<double>());
  }
  return all;
}

ChainObjective::ChainObjective(const Assembly& assembly, const Subjects& subjects,
                               std::span<const AttackInput> pictures, ObjectiveOptions options)
    : assembly_(assembly),
      subjects_(subjects),
      pictures_(pictures),
      options_(std::move(options)),
      budget_(subjects.pixels, subjects.mask, assembly.experiment.epsilon, assembly.experiment.norm),
      shown_(shown_extents(subjects, pictures)),
      random_(random_of(subjects, assembly.experiment.seed)),
      kept_(subjects.rows.size()),
      kept_fitness_(subjects.rows.size(), {false, -std::numeric_limits<double>::infinity()}),
      done_(subjects.rows.size()) {
  for (const Subject& row : subjects.rows) picture_of_.push_back(static_cast<std::int64_t>(row.picture));
  attacked_.reserve(assembly.surrogates.size());
  for (const LoadedModel* model : assembly.surrogates) {
    const auto mean = options_.means.find(model);
    attacked_.emplace_back(*model, assembly, subjects, pictures,
                           mean != options_.means.end() ? mean->second : at::Tensor());
    if (const at::Tensor clean = attacked_.back().clean_likeness(); clean.defined())
      target_.note(*model, clean, counting(clean.size(0)));
  }
  target_.choose();
  clean_target_ = target_;
}

void ChainObjective::restart(std::int64_t number) {
  const std::uint64_t seed = assembly_.experiment.seed;
  step_began_ = false;
  target_ = clean_target_;
  random_ = random_of(subjects_, number > 0 ? mix(seed, static_cast<std::uint64_t>(number)) : seed);
  draws_ = 0;
}

bool ChainObjective::done() const {
  return std::ranges::all_of(done_, [](bool done) { return done; });
}

bool ChainObjective::start_step(std::int64_t step, std::int64_t of) {
  if (done()) return false;
  BlackBox::here().step = step;
  draws_ = 0;
  target_.choose();
  step_began_ = true;
  tracer_.start_step();
  random_.start_step(++started_);  // a second loop has numbers of its own, and so has what comes before the first
  options_.progress(step, of);
  return true;
}

Random ChainObjective::random_for(std::int64_t copies, Draw draw) {
  if (draw == Draw::anew || draws_ == 0) ++draws_;
  return random_.derive(repeated(counting(subjects_.count()), copies), "evaluation " + std::to_string(draws_ - 1));
}

/// Rows of one size, and grey or not, go together.
std::vector<Rows> ChainObjective::pictures_of(const at::Tensor& x, std::int64_t copies) const {
  std::map<std::tuple<std::int64_t, std::int64_t, bool>, std::vector<std::int64_t>> groups;
  for (std::int64_t s = 0; s < subjects_.count(); ++s) {
    const auto place = static_cast<std::size_t>(s);
    groups[{shown_[place].height, shown_[place].width, subjects_.rows[place].grey}].push_back(s);
  }
  // Taken apart once: the gradients of rows that are taken one by one would each be as large as all of them.
  const std::vector<at::Tensor> each = x.split(copies);
  std::vector<Rows> all;
  for (const auto& [kind, subjects] : groups) {
    const auto [height, width, grey] = kind;
    Rows group;
    std::vector<at::Tensor> pixels;
    for (const std::int64_t s : subjects) {
      const auto place = static_cast<std::size_t>(s);
      pixels.push_back(shown(subjects_, place, each[place], pictures_));
      for (std::int64_t c = 0; c < copies; ++c) group.subject.push_back(s * copies + c);
    }
    const bool as_they_are = !subjects_.pasted && groups.size() == 1;
    const at::Tensor own = as_they_are ? x.narrow(2, 0, height).narrow(3, 0, width) : at::cat(pixels);
    group.images.pixels = grey ? own.mean(1, true).expand_as(own) : own;
    group.images.map = subjects_.map.index_select(0, at::tensor(subjects, at::kLong)).repeat_interleave(copies, 0);
    all.push_back(std::move(group));
  }
  return all;
}

/// The losses on pixels alone, weighted and added up, [k·B]: of what is shown of x, before any augmentation, beside the
/// clean pictures. Undefined where there are none.
at::Tensor ChainObjective::losses_on_pixels(const std::vector<Rows>& pictures, std::int64_t copies) const {
  at::Tensor sum;
  for (const LossTerm& term : assembly_.losses) {
    if (!term.models.empty()) continue;
    for (const Rows& rows : pictures) {
      std::vector<at::Tensor> clean;
      for (const std::int64_t row : rows.subject) {
        const std::int64_t s = row / copies;
        clean.push_back(shown(subjects_, static_cast<std::size_t>(s), subjects_.pixels.narrow(0, s, 1), pictures_));
      }
      Output adversarial;
      adversarial.picture = rows.images.pixels;
      Reference reference;
      reference.subject = as_index(rows.subject, adversarial.picture.device());
      reference.clean.picture = at::cat(clean);
      const at::Tensor values = term.weight * ask_loss(term, adversarial, reference, adversarial.picture);
      if (!sum.defined()) sum = at::zeros({subjects_.count() * copies}, values.options());
      sum = sum.index_add(0, reference.subject, values);
    }
  }
  return sum;
}

Evaluation ChainObjective::answer(const at::Tensor& x, bool gradient, Draw draw) try {
  check_place("plugin " + assembly_.experiment.optimizer.info->name, x, subjects_.pixels);
  for (const AttackedModel& attacked : attacked_) {
    if (!gradient || attacked.model().differentiable) continue;
    throw PluginFault("plugin " + attacked.model().plugin + ", model '" + attacked.model().name + "'",
                      "it has no gradient: use an optimizer that only asks for values");
  }
  const at::AutoGradMode mode(gradient);
  const std::int64_t copies = x.size(0) / subjects_.count();
  evaluated_ += copies;
  BlackBox::here().queries = evaluated_ * subjects_.count();
  const bool first = std::exchange(step_began_, false);  // a step's first evaluation stands for it
  const Random random = random_for(copies, draw);
  const at::Tensor input = gradient ? x.detach().requires_grad_(true) : x.detach();
  const std::vector<Rows> start = pictures_of(input, copies);
  std::vector<Rows> pictures;
  for (const Rows& rows : start)
    pictures.push_back(augment(assembly_.augmentations, Stage::picture, rows, random, "picture "));
  std::optional<GradientSum> sum;
  if (gradient) sum.emplace(input, pictures, shown_, assembly_.experiment.balance);
  Margins margins(x.size(0), subjects_.most_faces());
  at::Tensor value = at::zeros({x.size(0)}, x.options().requires_grad(false));
  for (const AttackedModel& attacked : attacked_) {
    const StepChoices chosen{attacked.drawn(random_).repeat_interleave(copies, 1), target_.chosen()};
    const ModelLosses said =
        attacked.ask(sum ? sum->leaves() : pictures, chosen, random, gradient, options_.partners, margins);
    if (said.likeness.defined()) target_.note(attacked.model(), said.likeness, said.rows.reference);
    value = value + said.value;
    if (sum) sum->add(attacked, said);
  }
  if (const at::Tensor on_pixels = losses_on_pixels(start, copies); on_pixels.defined()) {
    value = value + on_pixels.detach();
    if (sum) sum->add(on_pixels);
  }
  Evaluation evaluation{value, sum ? sum->take() : at::Tensor(), {}};
  const at::Tensor worst = margins.worst();
  if (worst.defined()) evaluation.margin = worst.to(x.scalar_type());
  if (first) record(value, margins, copies);
  keep(x, value, worst);
  return evaluation;
} catch (...) {
  thrown_ = std::current_exception();
  throw;
}

void ChainObjective::record(const at::Tensor& value, const Margins& margins, std::int64_t copies) {
  const auto pictures = *std::ranges::max_element(picture_of_) + 1;
  const at::Tensor whose = at::tensor(picture_of_, at::kLong).to(value.device());
  const at::Tensor of_subjects = value.to(at::kDouble).view({-1, copies}).mean(1);
  tracer_.record(at::zeros({pictures}, of_subjects.options()).index_add(0, whose, of_subjects),
                 margins.mean_by_group(repeated(picture_of_, copies), pictures));
}

at::Tensor ChainObjective::met(const at::Tensor& value, const at::Tensor& margin) const {
  const Experiment& experiment = assembly_.experiment;
  if (experiment.stop_at) return value <= *experiment.stop_at;
  if (!experiment.stop_at_margin) return {};
  return margin.defined() ? margin >= *experiment.stop_at_margin : at::zeros_like(value, at::kBool);
}

void ChainObjective::keep(const at::Tensor& x, const at::Tensor& value, const at::Tensor& margin) {
  const bool best = assembly_.experiment.keep == Keep::best;
  const at::Tensor reached = met(value, margin);
  if (!reached.defined() && !best) return;
  const std::int64_t copies = x.size(0) / subjects_.count();
  constexpr double rounding = 1e-3;  // grey levels
  const at::Tensor within = budget_.excess(x).cpu() <= rounding;
  const at::Tensor hit = reached.defined() ? reached.cpu() : at::zeros({x.size(0)}, at::kBool);
  const std::vector<Fitness> fitness = fitness_of(value, margin);
  for (std::int64_t r = 0; r < x.size(0); ++r) {
    const auto s = static_cast<std::size_t>(r / copies);
    if (done_[s] || !within[r].item<bool>()) continue;
    done_[s] = hit[r].item<bool>();
    const Fitness& here = fitness[static_cast<std::size_t>(r)];
    if (!done_[s] && !(best && here > kept_fitness_[s])) continue;
    kept_fitness_[s] = here;
    kept_[s] = x[r].detach().clone();
  }
}

at::Tensor ChainObjective::with_kept(const at::Tensor& answer) const {
  at::Tensor delivered = answer.detach().clone();
  for (std::size_t s = 0; s < kept_.size(); ++s) {
    if (kept_[s].defined()) delivered.select(0, static_cast<std::int64_t>(s)).copy_(kept_[s]);
  }
  return delivered;
}

at::Tensor ChainObjective::reached(const at::Tensor& x) {
  const Evaluation found = evaluate(x);
  const at::Tensor met_here = met(found.value, found.margin);
  if (met_here.defined()) return met_here;
  return found.margin.defined() ? found.margin > 0 : at::zeros_like(found.value, at::kBool);
}

std::int64_t ChainObjective::queries(std::size_t picture) const {
  return evaluated_ * std::ranges::count(picture_of_, static_cast<std::int64_t>(picture));
}

}  // namespace faceoff
