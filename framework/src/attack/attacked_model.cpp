#include "attack/attacked_model.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "attack/rows.hpp"
#include "attack/target_choice.hpp"
#include "plugins/call_plugin.hpp"
#include "plugins/check_answer.hpp"

namespace faceoff {

namespace {

bool is_embedder(const LoadedModel& model) {
  return includes(model.provides, Field::embedding);
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

/// How a model is asked about many views: so many pixels at once as its layers are fastest with on a processor
/// (measured with SSD, faceres and face_recognition: 1, 8 and 16 views), and all rows of one row of x together, since a
/// loss may go by a subject's worst face. Where each portion begins, and its size.
std::vector<std::pair<std::int64_t, std::int64_t>> portions(const Rows& rows) {
  constexpr std::int64_t pixels_at_once = 8 * 224 * 224;
  const std::int64_t most =
      pixels_at_once / std::max<std::int64_t>(rows.images.pixels.size(2) * rows.images.pixels.size(3), 1);
  std::vector<std::pair<std::int64_t, std::int64_t>> all;
  for (std::int64_t begin = 0, end = 0; begin < rows.count(); begin = end) {
    const auto behind = [&](std::int64_t row) {  // the first row of another row of x
      const auto other = std::adjacent_find(rows.subject.begin() + row - 1, rows.subject.end(), std::not_equal_to());
      return other == rows.subject.end() ? rows.count() : other - rows.subject.begin() + 1;
    };
    end = behind(begin + 1);
    while (end < rows.count() && behind(end + 1) - begin <= most) end = behind(end + 1);
    all.emplace_back(begin, end - begin);
  }
  return all;
}

/// The rows of those rows of x [k·B] that are wanted; what shows none of them is left out.
std::vector<Rows> wanted(const std::vector<Rows>& pictures, const at::Tensor& rows) {
  const at::Tensor here = rows.cpu();
  const bool* each = here.const_data_ptr<bool>();
  const std::vector<bool> chosen_rows(each, each + here.numel());
  std::vector<Rows> some;
  for (const Rows& group : pictures) {
    if (Rows those = rows_where(group, chosen_rows); those.count() > 0) some.push_back(std::move(those));
  }
  return some;
}

std::vector<const LossTerm*> losses_on(const LoadedModel& model, const Assembly& assembly) {
  std::vector<const LossTerm*> losses;
  for (const LossTerm& term : assembly.losses) {
    if (std::ranges::find(term.models, &model) != term.models.end()) losses.push_back(&term);
  }
  return losses;
}

Field wanted_by(const std::vector<const LossTerm*>& losses) {
  Field wanted = Field::none;
  for (const LossTerm* term : losses) wanted = wanted | term->needs;
  return wanted;
}

/// What a loss is given to look at.
Given given_to_loss(const Output& adversarial, const Reference& reference) {
  Given given = {{"reference.boxes", reference.boxes},
                 {"reference.targets", reference.targets},
                 {"reference.own", reference.own},
                 {"reference.mean", reference.mean}};
  for (const auto& [field, tensor] : output_parts) {
    given.emplace_back("adversarial." + to_string(field), adversarial.*tensor);
    given.emplace_back("reference.clean." + to_string(field), reference.clean.*tensor);
  }
  return given;
}

}  // namespace

at::Tensor ask_loss(const LossTerm& term, const Output& adversarial, const Reference& reference,
                    const at::Tensor& pixels) {
  const std::string who = "plugin " + term.plugin;
  const at::Tensor values =
      call_plugin(who, given_to_loss(adversarial, reference), [&] { return (*term.loss)(adversarial, reference); });
  check_values(who, values, pixels, pixels.size(0));
  return values;
}

at::Tensor gradient_at(const at::Tensor& x, const std::vector<at::Tensor>& outputs,
                       const std::vector<at::Tensor>& along, bool keep_graph, const std::string& who) {
  const at::Tensor gradient = call_plugin(who, [&] {
    return torch::autograd::grad(outputs, {x}, along, keep_graph, false, /*allow_unused=*/true).front();
  });
  if (!gradient.defined()) throw PluginFault(who, "no gradient reaches the picture: something detached it");
  if (!finite(gradient)) throw PluginFault(who, "the gradient is not finite");
  return gradient;
}

AttackedModel::AttackedModel(const LoadedModel& model, const Assembly& assembly, const Subjects& subjects,
                             std::span<const AttackInput> pictures, const at::Tensor& mean)
    : model_(model),
      assembly_(assembly),
      subjects_(subjects),
      losses_(losses_on(model, assembly)),
      views_(model, subjects, pictures, wanted_by(losses_), mean, assembly.experiment.minimum_score) {}

at::Tensor AttackedModel::drawn(const Random& step) const {
  const auto number = [&](const LoadedModel& of) {
    return step.derive(counting(step.rows()), of.name + " drawn").uniform(0, 1);
  };
  const at::Tensor own = number(model_);
  std::vector<at::Tensor> all;
  for (const LossTerm* term : losses_) {
    at::Tensor before = at::zeros_like(own);
    if (term->drawn < static_cast<std::int64_t>(term->models.size())) {
      for (const LoadedModel* other : term->models) before = before + (number(*other) < own);
    }
    all.push_back(before < term->drawn);
  }
  return at::stack(all);
}

at::Tensor AttackedModel::clean_likeness() const {
  const at::Tensor& targets = views_.several_targets();
  return targets.defined() ? likeness(views_.clean_embeddings(), targets) : at::Tensor();
}

ModelLosses AttackedModel::ask(const std::vector<Rows>& pictures, const StepChoices& chosen, const Random& random,
                               bool gradient, const Partners& partners, Margins& margins) const {
  const at::TensorOptions options = subjects_.pixels.options();
  const std::int64_t x_rows = chosen.drawn.size(1), copies = x_rows / subjects_.count();
  std::vector<double> weights;
  for (const LossTerm* term : losses_) weights.push_back(term->weight / static_cast<double>(term->drawn));
  const at::Tensor counts = chosen.drawn * at::tensor(weights, options).unsqueeze(1);
  ModelLosses said{views_.of(wanted(pictures, chosen.drawn.any(0)), copies),
                   at::zeros({x_rows}, options),
                   counts.abs().sum(0),
                   {},
                   {}};
  if (said.rows.subject.empty()) return said;  // no face in this draw: nothing to add, and no way to go
  const DrawPartners draw = [&](const std::vector<std::int64_t>& of, std::int64_t each, Random& numbers) {
    std::vector<std::size_t> whose;
    for (const std::int64_t row : of) whose.push_back(subjects_.rows[static_cast<std::size_t>(row / copies)].picture);
    return partners(model_, whose, each, numbers);
  };
  said.rows = augment(assembly_.augmentations, Stage::view, std::move(said.rows), random, model_.name + " ", draw);
  Rows leaf = said.rows;
  if (gradient) leaf.images.pixels = leaf.images.pixels.detach().requires_grad_(true);
  std::vector<at::Tensor> all;
  const at::Tensor each = shares_of(leaf) * counts.index_select(1, as_index(leaf.subject, counts.device()));
  for (const auto& [begin, count] : portions(leaf))
    ask_some(part_of(leaf, begin, count), each.narrow(1, begin, count), chosen.target, random, said, all);
  if (!all.front().defined()) return said;
  if (!is_embedder(model_)) {
    margins.add_pictures(at::cat(all), leaf.subject);
    return said;
  }
  std::vector<std::int64_t> face;
  for (std::size_t r = 0; r < leaf.subject.size(); ++r)
    face.push_back(leaf.reference[r] - views_.first(static_cast<std::size_t>(leaf.subject[r] / copies)));
  margins.add_views(at::cat(all), leaf.subject, face);
  return said;
}

void AttackedModel::ask_some(const Rows& rows, const at::Tensor& counts, const at::Tensor& target, const Random& random,
                             ModelLosses& said, std::vector<at::Tensor>& margins) const {
  const std::int64_t copies = said.value.size(0) / subjects_.count();
  const at::Tensor& pixels = rows.images.pixels;
  Random own = random.derive(rows.subject, model_.name + " itself");
  Output output = forward(model_, pixels, &own);
  output.picture = pixels;
  const Reference against = views_.reference(rows, copies, target);
  margins.push_back(margin_of(rows, output, against, copies));
  at::Tensor sum;  // [n]
  for (std::size_t i = 0; i < losses_.size(); ++i) {
    const LossTerm& term = *losses_[i];
    if (includes(term.needs, Field::boxes) && !against.boxes.defined())
      throw PluginFault("plugin " + rows.unmapped_by,
                        "it is no affine map (it gives none), and the loss " + term.plugin + " compares boxes");
    const at::Tensor weighted = ask_loss(term, output, against, pixels) * counts[static_cast<std::int64_t>(i)];
    sum = sum.defined() ? sum + weighted : weighted;
  }
  said.value = said.value.index_add(0, as_index(rows.subject, said.value.device()), sum.detach());
  const auto put = [](at::Tensor& all, const at::Tensor& next) { all = all.defined() ? at::cat({all, next}) : next; };
  if (views_.several_targets().defined()) {
    const at::Tensor targets = views_.several_targets().index_select(0, as_index(rows.reference, pixels.device()));
    put(said.likeness, likeness(output.embedding.detach(), targets));
  }
  if (pixels.requires_grad()) put(said.gradient, lead(sum, pixels));
}

at::Tensor AttackedModel::margin_of(const Rows& rows, const Output& output, const Reference& against,
                                    std::int64_t copies) const {
  const at::NoGradGuard no_grad;
  const Experiment& experiment = assembly_.experiment;
  if (is_embedder(model_)) {
    return embedder_margin(output.embedding.detach(), against, experiment.goal,
                           model_.threshold(experiment.false_accept_rate));
  }
  const at::Tensor drawn = views_.drawn(rows, copies);
  if (!drawn.defined()) return {};
  const at::Tensor& pixels = rows.images.pixels;
  const at::Tensor faces =
      boxes_in_view(drawn, pixels.size(2), pixels.size(3)).to(pixels.options().requires_grad(false));
  return detector_margin(output, faces, experiment.minimum_score);
}

at::Tensor AttackedModel::lead(const at::Tensor& sum, const at::Tensor& pixels) const {
  std::string who = "plugins";
  for (const LossTerm* term : losses_) who += (who == "plugins" ? " " : ", ") + term->plugin;
  return gradient_at(pixels, {sum.sum()}, {}, /*keep_graph=*/false, who + ", " + model_.plugin);
}

}  // namespace faceoff
