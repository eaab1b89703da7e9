#include "attack/objective.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "attack/augment.hpp"
#include "plugins/black_box.hpp"
#include "plugins/call_plugin.hpp"
#include "plugins/check_answer.hpp"

namespace faceoff {

namespace {

bool is_embedder(const LoadedModel& model) {
  return includes(model.provides, Field::embedding);
}

/// The threshold that judges go by; nothing where none was measured.
std::optional<double> threshold_of(const LoadedModel& model, double false_accept_rate) {
  const double* known = model.calibration != nullptr ? model.calibration->threshold(false_accept_rate) : nullptr;
  return known != nullptr ? std::optional(*known) : std::nullopt;
}

/// Whether a loss looks at pixels alone, so that it is no word of the model's.
bool of_pixels_alone(const LossTerm& term) {
  return term.needs == Field::picture;
}

/// What a loss is given to look at.
Given given_to_loss(const Output& adversarial, const Reference& reference) {
  Given given = {{"reference.boxes", reference.boxes},
                 {"reference.targets", reference.targets},
                 {"reference.own", reference.own},
                 {"reference.mean", reference.mean}};
  const auto add = [&](const std::string& whose, const Output& output) {
    given.emplace_back(whose + ".scores", output.scores);
    given.emplace_back(whose + ".boxes", output.boxes);
    given.emplace_back(whose + ".landmarks", output.landmarks);
    given.emplace_back(whose + ".embedding", output.embedding);
    given.emplace_back(whose + ".picture", output.picture);
  };
  add("adversarial", adversarial);
  add("reference.clean", reference.clean);
  return given;
}

/// What each row counts for [n], so that the copies and draws of one view are averaged.
at::Tensor shares_of(const Rows& rows) {
  std::map<std::pair<std::int64_t, std::int64_t>, double> draws;
  for (std::size_t r = 0; r < rows.subject.size(); ++r) draws[{rows.subject[r], rows.reference[r]}] += 1;
  std::vector<double> shares;
  for (std::size_t r = 0; r < rows.subject.size(); ++r)
    shares.push_back(1 / draws[{rows.subject[r], rows.reference[r]}]);
  return at::tensor(shares, rows.images.pixels.options().requires_grad(false));
}

std::vector<std::uint64_t> keys_of(const Subjects& subjects) {
  std::vector<std::uint64_t> keys;
  for (const Subject& row : subjects.rows) keys.push_back(row.key);
  return keys;
}

std::vector<Random::Extent> extents_of(const Subjects& subjects) {
  std::vector<Random::Extent> extents;
  for (const Subject& row : subjects.rows) extents.push_back({row.height, row.width});
  return extents;
}

}  // namespace

/// The gradient at x, model by model, so that a model's graph is gone before the next one's is made.
class ChainObjective::Gradient {
 public:
  /// `pictures`: what x has become at the picture.
  Gradient(const ChainObjective& of, at::Tensor x, const std::vector<Rows>& pictures)
      : of_(of),
        balanced_(of.assembly_.experiment.balance == Balance::gradient),
        x_(std::move(x)),
        pictures_(pictures),
        leaves_(pictures),
        sum_(at::zeros_like(x_)) {
    for (Rows& rows : leaves_) {
      rows.images.pixels = rows.images.pixels.detach().requires_grad_(true);
      leaf_sums_.push_back(at::zeros_like(rows.images.pixels));
    }
  }

  /// The same pictures, from which a model's graph begins anew.
  const std::vector<Rows>& leaves() const { return leaves_; }

  void add(const AttackedModel& attacked, const Values& values) {
    const bool said = values.of_answers.requires_grad(), pixels = values.of_pixels.requires_grad();
    if (balanced_ && said) {
      const at::Tensor gradient = to_x(at_leaves(attacked, values.of_answers, pixels));
      sum_ = sum_ + attacked.weight * over_its_size(gradient);
    } else if (said) {
      keep(at_leaves(attacked, values.of_answers, pixels));
    }
    if (pixels) keep(at_leaves(attacked, values.of_pixels, false));
  }

  at::Tensor take() {
    if (any_) sum_ = sum_ + to_x(leaf_sums_);
    return sum_;
  }

 private:
  std::vector<at::Tensor> at_leaves(const AttackedModel& attacked, const at::Tensor& value, bool again) const {
    std::vector<at::Tensor> inputs;
    for (const Rows& rows : leaves_) inputs.push_back(rows.images.pixels);
    std::string who = "plugins";
    for (const LossTerm* term : attacked.losses) who += (who == "plugins" ? " " : ", ") + term->plugin;
    who += ", " + attacked.model->plugin;
    std::vector<at::Tensor> gradients =
        call_plugin(who, [&] { return torch::autograd::grad({value.sum()}, inputs, {}, again, false, true); });
    if (std::ranges::none_of(gradients, [](const at::Tensor& one) { return one.defined(); }))
      throw PluginFault(who, "no gradient reaches the picture: something detached it");
    for (const at::Tensor& one : gradients) {
      if (one.defined() && !finite(one)) throw PluginFault(who, "the gradient is not finite");
    }
    return gradients;
  }

  void keep(const std::vector<at::Tensor>& gradients) {
    any_ = true;
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      if (gradients[i].defined()) leaf_sums_[i] = leaf_sums_[i] + gradients[i];
    }
  }

  /// Through the augmentations at the picture.
  at::Tensor to_x(const std::vector<at::Tensor>& gradients) const {
    std::vector<at::Tensor> outputs, along;
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      if (!gradients[i].defined()) continue;
      outputs.push_back(pictures_[i].images.pixels);
      along.push_back(gradients[i]);
    }
    const at::Tensor gradient = call_plugin("augmentations at the picture", [&] {
      return torch::autograd::grad(outputs, {x_}, along, /*retain_graph=*/true, false, true).front();
    });
    if (!gradient.defined())
      throw PluginFault("augmentations at the picture", "no gradient reaches the picture: something detached it");
    if (!finite(gradient)) throw PluginFault("augmentations at the picture", "the gradient is not finite");
    return gradient;
  }

  /// Each row over the mean size of its gradient, where it does not pad.
  at::Tensor over_its_size(const at::Tensor& gradient) const {
    const auto copies = gradient.size(0) / of_.subjects_.count();
    std::vector<double> values;
    for (const Subject& row : of_.subjects_.rows) values.push_back(3. * static_cast<double>(row.height * row.width));
    const at::Tensor pixels = at::tensor(values, gradient.options()).repeat_interleave(copies);
    const at::Tensor mean = gradient.abs().sum({1, 2, 3}) / pixels;
    return gradient / mean.clamp_min(1e-20).view({-1, 1, 1, 1});
  }

  const ChainObjective& of_;
  bool balanced_;
  at::Tensor x_;
  const std::vector<Rows>& pictures_;
  std::vector<Rows> leaves_;
  std::vector<at::Tensor> leaf_sums_;
  at::Tensor sum_;
  bool any_ = false;
};

ChainObjective::ChainObjective(const Assembly& assembly, const Subjects& subjects,
                               std::span<const AttackInput> pictures, ObjectiveOptions options)
    : assembly_(assembly),
      subjects_(subjects),
      options_(std::move(options)),
      budget_(subjects.pixels, subjects.mask, assembly.experiment.epsilon, assembly.experiment.norm),
      random_(assembly.experiment.seed, keys_of(subjects), subjects.pixels.options(), extents_of(subjects)),
      kept_(subjects.rows.size()),
      kept_margin_(subjects.rows.size(), -std::numeric_limits<double>::infinity()),
      done_(subjects.rows.size()) {
  for (const Subject& row : subjects.rows) picture_of_.push_back(static_cast<std::int64_t>(row.picture));
  attacked_.reserve(assembly.surrogates.size());
  for (const LoadedModel* model : assembly.surrogates) prepare(*model, pictures, options_);
}

void ChainObjective::prepare(const LoadedModel& model, std::span<const AttackInput> pictures,
                             const ObjectiveOptions& options) {
  std::vector<const LossTerm*> losses;
  Field wanted = Field::none;
  double weight = 0;
  for (const LossTerm& term : assembly_.losses) {
    if (std::ranges::find(term.models, &model) == term.models.end()) continue;
    losses.push_back(&term);
    wanted = wanted | term.needs;
    if (!of_pixels_alone(term)) weight += std::abs(term.weight) / static_cast<double>(term.models.size());
  }
  const auto mean = options.means.find(&model);
  ModelViews views(model, subjects_, pictures);
  References references(model, views, subjects_, pictures, wanted,
                        mean != options.means.end() ? mean->second : at::Tensor(), assembly_.experiment.minimum_score);
  attacked_.push_back({&model, std::move(losses), weight, std::move(views), std::move(references)});
}

bool ChainObjective::start_step(std::int64_t step, std::int64_t of) {
  if (std::ranges::all_of(done_, [](bool done) { return done; })) return false;
  BlackBox::here().step = step;
  draws_ = 0;
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
  for (std::int64_t r = 0; r < x.size(0); ++r) {
    const Subject& row = subjects_.rows[static_cast<std::size_t>(r / copies)];
    groups[{row.height, row.width, row.grey}].push_back(r);
  }
  std::vector<Rows> all;
  for (auto& [kind, rows] : groups) {
    const auto [height, width, grey] = kind;
    const at::Tensor some = groups.size() > 1 ? x.index_select(0, as_index(rows, x.device())) : x.view_as(x);
    const at::Tensor own = some.narrow(2, 0, height).narrow(3, 0, width);
    std::vector<std::int64_t> subjects;
    for (const std::int64_t r : rows) subjects.push_back(r / copies);
    Rows group;
    group.images.pixels = grey ? own.mean(1, true).expand_as(own) : own;
    group.images.map = subjects_.map.index_select(0, at::tensor(subjects, at::kLong));
    group.subject = std::move(rows);
    all.push_back(std::move(group));
  }
  return all;
}

ChainObjective::Values ChainObjective::values_of(const AttackedModel& attacked, const std::vector<Rows>& pictures,
                                                 const at::Tensor& x, const Random& random, Margins& margins) const {
  const LoadedModel& model = *attacked.model;
  const std::int64_t copies = x.size(0) / subjects_.count();
  Values values{at::zeros({x.size(0)}, x.options().requires_grad(false)), {}};
  values.of_pixels = values.of_answers;
  Rows rows = attacked.views.of(pictures, copies);
  if (rows.subject.empty()) return values;  // no face in this draw: nothing to add, and no way to go
  const DrawPartners partners = [&](const std::vector<std::int64_t>& of, std::int64_t each, Random& numbers) {
    std::vector<std::size_t> whose;
    for (const std::int64_t row : of) whose.push_back(subjects_.rows[static_cast<std::size_t>(row / copies)].picture);
    return options_.partners(model, whose, each, numbers);
  };
  rows = augment(assembly_.augmentations, Stage::view, std::move(rows), random, model.name + " ", partners);
  Random own = random.derive(rows.subject, model.name + " itself");
  Output output = forward(model, rows.images.pixels, &own);
  output.picture = rows.images.pixels;
  const Reference against = attacked.references.of(rows, copies);
  add_margin(attacked, rows, output, against, copies, margins);
  const at::Tensor shares = shares_of(rows), index = as_index(rows.subject, x.device());
  for (const LossTerm* term : attacked.losses) {
    const std::string who = "plugin " + term->plugin;
    if (includes(term->needs, Field::boxes) && !against.boxes.defined())
      throw PluginFault("plugin " + rows.unmapped_by,
                        "it is no affine map (it gives none), and the loss " + term->plugin + " compares boxes");
    const at::Tensor said =
        call_plugin(who, given_to_loss(output, against), [&] { return (*term->loss)(output, against); });
    check_values(who, said, rows.images.pixels, rows.count());
    at::Tensor& sum = of_pixels_alone(*term) ? values.of_pixels : values.of_answers;
    sum = sum.index_add(0, index, said * shares * (term->weight / static_cast<double>(term->models.size())));
  }
  return values;
}

void ChainObjective::add_margin(const AttackedModel& attacked, const Rows& rows, const Output& output,
                                const Reference& against, std::int64_t copies, Margins& margins) const {
  const at::NoGradGuard no_grad;
  const LoadedModel& model = *attacked.model;
  const Experiment& experiment = assembly_.experiment;
  if (is_embedder(model)) {
    std::vector<std::int64_t> face;
    for (std::size_t r = 0; r < rows.subject.size(); ++r)
      face.push_back(rows.reference[r] - attacked.views.first(static_cast<std::size_t>(rows.subject[r] / copies)));
    const std::optional<double> threshold = threshold_of(model, experiment.false_accept_rate);
    margins.add_views(embedder_margin(output.embedding.detach(), against, threshold), rows.subject, face);
    return;
  }
  const at::Tensor drawn = attacked.references.drawn(rows, copies);
  if (!drawn.defined()) return;
  const at::Tensor& pixels = rows.images.pixels;
  const at::Tensor faces = boxes_in_view(drawn, pixels.size(2), pixels.size(3)).to(pixels.options());
  margins.add_pictures(detector_margin(output, faces, experiment.minimum_score), rows.subject);
}

Evaluation ChainObjective::answer(const at::Tensor& x, bool gradient, Draw draw) {
  return remembering([&] {
    check_place("plugin " + assembly_.experiment.optimizer.info->name, x, subjects_.pixels);
    for (const AttackedModel& attacked : attacked_) {
      if (!gradient || attacked.model->differentiable) continue;
      throw PluginFault("plugin " + attacked.model->plugin + ", model '" + attacked.model->name + "'",
                        "it has no gradient: use an optimizer that only asks for values");
    }
    const at::AutoGradMode mode(gradient);
    const std::int64_t copies = x.size(0) / subjects_.count();
    evaluated_ += copies;
    BlackBox::here().queries = evaluated_ * subjects_.count();
    const bool first = started_ > 0 && draws_ == 0;  // a step's first evaluation stands for it
    const Random random = random_for(copies, draw);
    const at::Tensor input = gradient ? x.detach().requires_grad_(true) : x.detach();
    const std::vector<Rows> start = pictures_of(input, copies);
    std::vector<Rows> pictures;
    for (const Rows& rows : start)
      pictures.push_back(augment(assembly_.augmentations, Stage::picture, rows, random, "picture "));
    std::optional<Gradient> sum;
    if (gradient) sum.emplace(*this, input, pictures);
    Margins margins(x.size(0), subjects_.most_faces());
    at::Tensor value = at::zeros({x.size(0)}, x.options().requires_grad(false));
    for (const AttackedModel& attacked : attacked_) {
      const Values values = values_of(attacked, sum ? sum->leaves() : pictures, input, random, margins);
      value = value + (values.of_answers + values.of_pixels).detach();
      if (sum) sum->add(attacked, values);
    }
    Evaluation evaluation{value, sum ? sum->take() : at::Tensor(), {}};
    const at::Tensor worst = margins.worst();
    if (worst.defined()) evaluation.margin = worst.to(x.scalar_type());
    if (first) record(value, margins, copies);
    keep(x, value, worst);
    return evaluation;
  });
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
  const at::Tensor worth = (margin.defined() ? margin : -value).to(at::kCPU, at::kDouble);
  for (std::int64_t r = 0; r < x.size(0); ++r) {
    const auto s = static_cast<std::size_t>(r / copies);
    if (done_[s] || !within[r].item<bool>()) continue;
    done_[s] = hit[r].item<bool>();
    const double here = worth[r].item<double>();
    if (!done_[s] && !(best && here > kept_margin_[s])) continue;
    kept_margin_[s] = here;
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
