#include "attack/objective.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "attack/margin.hpp"
#include "faces/faces.hpp"
#include "faces/matching.hpp"
#include "faces/targets.hpp"
#include "plugins/black_box.hpp"
#include "plugins/call_plugin.hpp"
#include "plugins/check_answer.hpp"

namespace faceoff {

namespace {

std::vector<std::int64_t> counting(std::int64_t n) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// Each entry k times, copies adjacent.
std::vector<std::int64_t> repeated(const std::vector<std::int64_t>& from, std::int64_t k) {
  std::vector<std::int64_t> to;
  to.reserve(from.size() * static_cast<std::size_t>(k));
  for (const std::int64_t entry : from) to.insert(to.end(), static_cast<std::size_t>(k), entry);
  return to;
}

Images repeated(const Images& images, std::int64_t k) {
  if (k == 1) return images;
  const auto repeat = [&](const at::Tensor& t) { return t.defined() ? t.repeat_interleave(k, 0) : t; };
  return {repeat(images.pixels), repeat(images.map), repeat(images.landmarks)};
}

/// Row by row the first where chosen, else the second.
at::Tensor choose(const at::Tensor& chosen, const at::Tensor& first, const at::Tensor& second) {
  if (!first.defined()) return second;
  std::vector<std::int64_t> shape(static_cast<std::size_t>(first.dim()), 1);
  shape[0] = -1;
  return at::where(chosen.view(shape), first, second);
}

at::Tensor gather(const at::Tensor& from, const at::Tensor& rows) {
  return from.defined() ? from.index_select(0, rows) : from;
}

Output gather(const Output& from, const at::Tensor& rows) {
  return {gather(from.scores, rows), gather(from.boxes, rows), gather(from.landmarks, rows),
          gather(from.embedding, rows), gather(from.picture, rows)};
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

at::Tensor as_tensor(const std::vector<std::int64_t>& rows, const at::Device& device) {
  return at::tensor(rows, at::kLong).to(device);
}

/// [N,4] float64
at::Tensor as_tensor(const std::vector<Box>& boxes) {
  std::vector<double> numbers;
  for (const Box& box : boxes) numbers.insert(numbers.end(), {box.x0, box.y0, box.x1, box.y1});
  return at::tensor(numbers, at::kDouble).view({-1, 4});
}

bool is_embedder(const LoadedModel& model) {
  return includes(model.provides, Field::embedding);
}

/// The threshold that judges go by; nothing where none was measured.
std::optional<double> threshold_of(const LoadedModel& model, double false_accept_rate) {
  const double* known = model.calibration != nullptr ? model.calibration->threshold(false_accept_rate) : nullptr;
  return known != nullptr ? std::optional(*known) : std::nullopt;
}

}  // namespace

ChainObjective::ChainObjective(const Assembly& assembly, const Subjects& subjects, const at::Tensor& picture,
                               const std::vector<Face>& faces, const std::vector<Target>& targets,
                               std::function<void(std::int64_t, std::int64_t)> progress,
                               std::map<const LoadedModel*, at::Tensor> means)
    : assembly_(assembly),
      subjects_(subjects),
      faces_(faces),
      progress_(std::move(progress)),
      means_(std::move(means)),
      random_(assembly.experiment.seed, subjects.keys, subjects.pixels.options()) {
  std::vector<Box> boxes;
  for (const Face& face : faces) boxes.push_back(face.box);
  face_boxes_ = as_tensor(boxes);
  frame_ = at::tensor({0., 0., static_cast<double>(picture.size(3)), static_cast<double>(picture.size(2))}, at::kDouble)
               .view({1, 4});
  for (const LoadedModel* model : assembly.surrogates) prepare(*model, picture, targets);
}

void ChainObjective::prepare(const LoadedModel& model, const at::Tensor& picture, const std::vector<Target>& targets) {
  const at::NoGradGuard no_grad;
  Reference& kept = references_[&model];
  const bool face_views = about_a_face(model.view.crop);
  std::vector<at::Tensor> views;
  std::vector<at::Tensor> per_target;
  if (face_views) {
    for (const auto& members : subjects_.faces) {
      for (const std::int64_t f : members) {
        const auto place = static_cast<std::size_t>(f);
        views.push_back(make_view(model.view, picture.size(2), picture.size(3), &faces_[place])(picture));
        if (!targets.empty() && is_embedder(model)) per_target.push_back(targets[place].attacked.at(&model));
      }
    }
  } else {
    views.push_back(make_view(model.view, picture.size(2), picture.size(3))(picture));
  }
  // One at a time: a frozen network's answer for a face does not depend on how many faces the picture has.
  std::vector<Output> outputs;
  for (const at::Tensor& view : views) {
    outputs.push_back(forward(model, view));
    outputs.back().picture = view;
  }
  const auto stack = [&](at::Tensor Output::*field) {
    std::vector<at::Tensor> parts;
    for (const Output& output : outputs) {
      if ((output.*field).defined()) parts.push_back(output.*field);
    }
    return parts.size() == outputs.size() ? at::cat(parts) : at::Tensor();
  };
  kept.clean = {stack(&Output::scores), stack(&Output::boxes), stack(&Output::landmarks), stack(&Output::embedding),
                stack(&Output::picture)};
  if (includes(model.provides, Field::scores | Field::boxes) && !face_views)
    drawn_[&model] = drawn_by(model, outputs.front(), picture);
  if (kept.clean.embedding.defined()) kept.own = kept.clean.embedding.unsqueeze(1);
  if (!per_target.empty()) {
    std::int64_t most = 0;
    for (const at::Tensor& t : per_target) most = std::max(most, t.size(0));
    for (at::Tensor& t : per_target) t = at::constant_pad_nd(t, {0, 0, 0, most - t.size(0)}).unsqueeze(0);
    kept.targets = at::stack(per_target);
  }
}

at::Tensor ChainObjective::drawn_by(const LoadedModel& detector, const Output& clean, const at::Tensor& picture) const {
  const at::Tensor map = make_view(detector.view, picture.size(2), picture.size(3)).map;
  const std::vector<Face> found = detected(detector, clean, map, picture, assembly_.experiment.minimum_score);
  std::vector<Box> boxes;
  for (const Face& face : faces_) boxes.push_back(as_drawn(found, face.box));
  return as_tensor(boxes);
}

bool ChainObjective::start_step(std::int64_t step, std::int64_t of) {
  if (step == 0) latest_ = at::Tensor();
  const std::optional<double> goal = assembly_.experiment.stop_at;
  if (goal && latest_.defined() && (latest_ <= *goal).all().item<bool>()) return false;
  BlackBox::here().step = step;
  evaluations_ = 0;
  tracer_.start_step();
  random_.start_step(++started_);  // a second loop has numbers of its own, and so has what comes before the first
  for (const LoadedModel* model : assembly_.surrogates) {
    Random own = random_.derive(counting(random_.rows()), "redraw " + model->name);
    remembering([&] {
      call_plugin("plugin " + model->plugin + ", model '" + model->name + "'", [&] { model->model->redraw(own); });
    });
  }
  progress_(step, of);
  return true;
}

ChainObjective::Rows ChainObjective::augment(Rows rows, Stage at, const Random& random,
                                             const std::string& purpose) const {
  for (std::size_t i = 0; i < assembly_.augmentations.size(); ++i) {
    const AugmentationStep& step = assembly_.augmentations[i];
    if (step.at != at) continue;
    rows = {repeated(rows.images, step.draws), repeated(rows.subject, step.draws),
            repeated(rows.reference, step.draws)};
    const auto before = static_cast<std::int64_t>(rows.subject.size());
    Random own = random.derive(rows.subject, purpose + std::to_string(i));
    const at::Tensor applied = own.uniform(0, 1) < step.probability;
    const std::string who = "plugin " + step.plugin;
    Images images = call_plugin(
        who,
        {{"its pixels", rows.images.pixels}, {"its map", rows.images.map}, {"its landmarks", rows.images.landmarks}},
        [&] { return (*step.augmentation)(rows.images, own); });
    check_images(who, images, rows.images);
    const std::int64_t copies = images.pixels.size(0) / before;
    if (step.probability < 1) {
      const Images plain = repeated(rows.images, copies);
      if (plain.pixels.sizes() != images.pixels.sizes()) {
        throw PluginFault(who, "it changes the size, so it can't have a probability");
      }
      const at::Tensor chosen = applied.repeat_interleave(copies);
      images = {choose(chosen, images.pixels, plain.pixels), choose(chosen.cpu(), images.map, plain.map),
                choose(chosen.cpu(), images.landmarks, plain.landmarks)};
    }
    rows = {std::move(images), repeated(rows.subject, copies), repeated(rows.reference, copies)};
  }
  return rows;
}

ChainObjective::Rows ChainObjective::views(const LoadedModel& model, const Rows& pictures, std::int64_t copies) const {
  Rows rows;
  std::vector<at::Tensor> pixels, maps, landmarks;
  const bool face_views = about_a_face(model.view.crop);
  std::vector<std::int64_t> first_reference = {0};
  for (const auto& members : subjects_.faces) {
    first_reference.push_back(first_reference.back() + (face_views ? static_cast<std::int64_t>(members.size()) : 1));
  }
  const std::int64_t samples = pictures.images.pixels.size(0);
  for (std::int64_t r = 0; r < samples; ++r) {
    const at::Tensor picture = pictures.images.pixels.narrow(0, r, 1), map = pictures.images.map.narrow(0, r, 1);
    const std::int64_t x_row = pictures.subject[static_cast<std::size_t>(r)];
    const auto subject = static_cast<std::size_t>(x_row / copies);
    const auto add = [&](const at::Tensor& view, const at::Tensor& view_map, std::int64_t reference) {
      pixels.push_back(view);
      maps.push_back(view_map);
      rows.subject.push_back(x_row);
      rows.reference.push_back(reference);
    };
    const std::int64_t first = first_reference[subject];
    if (subjects_.kind == SubjectKind::crop) {
      add(picture, map, first);
    } else if (!face_views) {
      const View view = make_view(model.view, picture.size(2), picture.size(3));
      add(view(picture), compose(view.map, map), first);
    } else {
      for (std::size_t i = 0; i < subjects_.faces[subject].size(); ++i) {
        const Face& face = faces_[static_cast<std::size_t>(subjects_.faces[subject][i])];
        const at::Tensor box = map_boxes(
            map, at::tensor({face.box.x0, face.box.y0, face.box.x1, face.box.y1}, at::kDouble).view({1, 1, 4}));
        const auto b = box.accessor<double, 3>();
        Face moved{{b[0][0][0], b[0][0][1], b[0][0][2], b[0][0][3]}, face.score, {}};
        if (face.landmarks.defined()) moved.landmarks = apply_map(map, face.landmarks.unsqueeze(0)).squeeze(0);
        if (!viewable(model.view, picture.size(2), picture.size(3), moved)) continue;  // this draw says nothing of it
        const View view = make_view(model.view, picture.size(2), picture.size(3), &moved);
        const at::Tensor whole = compose(view.map, map);
        if (face.landmarks.defined()) landmarks.push_back(apply_map(whole, face.landmarks.unsqueeze(0)));
        add(view(picture), whole, first + static_cast<std::int64_t>(i));
      }
    }
  }
  if (pixels.empty()) return rows;
  rows.images = {at::cat(pixels), at::cat(maps), landmarks.size() == pixels.size() ? at::cat(landmarks) : at::Tensor()};
  return rows;
}

Reference ChainObjective::reference(const LoadedModel& model, const Rows& rows) const {
  const Reference& kept = references_.at(&model);
  const at::Tensor index = as_tensor(rows.reference, rows.images.pixels.device());
  Reference reference;
  reference.clean = gather(kept.clean, index);
  reference.targets = gather(kept.targets, index);
  reference.own = gather(kept.own, index);
  if (const auto mean = means_.find(&model); mean != means_.end()) reference.mean = mean->second;
  const at::TensorOptions options = rows.images.pixels.options();
  reference.boxes = placed(face_boxes_, rows).to(options);
  reference.extent = placed(frame_, rows).to(options).squeeze(1);
  return reference;
}

at::Tensor ChainObjective::placed(const at::Tensor& boxes, const Rows& rows) {
  return map_boxes(rows.images.map, boxes.unsqueeze(0).expand({rows.images.map.size(0), -1, -1}));
}

at::Tensor ChainObjective::margin(const LoadedModel& model, const Rows& rows, const Output& output,
                                  const Reference& against, const at::Tensor& shares) const {
  const at::NoGradGuard no_grad;
  const Experiment& experiment = assembly_.experiment;
  if (is_embedder(model)) {
    const std::optional<double> threshold = threshold_of(model, experiment.false_accept_rate);
    return mean_margin(embedder_margin(output.embedding, against, threshold), shares);
  }
  const auto drawn = drawn_.find(&model);
  if (drawn == drawn_.end()) return {};
  const at::Tensor& pixels = rows.images.pixels;
  const at::Tensor faces = boxes_in_view(placed(drawn->second, rows), pixels.size(2), pixels.size(3));
  return mean_margin(detector_margin(output, faces.to(pixels.options()), experiment.minimum_score), shares);
}

at::Tensor ChainObjective::chain(const at::Tensor& x) {
  const auto subjects = static_cast<std::int64_t>(subjects_.faces.size());
  check_place("plugin " + assembly_.experiment.optimizer.info->name, x, subjects_.pixels);
  const std::int64_t x_rows = x.size(0), copies = x_rows / subjects;
  queries_ += x_rows;
  BlackBox::here().queries = queries_;
  const bool traced = started_ > 0 && evaluations_ == 0;  // a step's first evaluation stands for it
  std::vector<at::Tensor> margins;
  const Random random =
      random_.derive(repeated(counting(subjects), copies), "evaluation " + std::to_string(evaluations_++));
  Rows pictures;
  pictures.subject = counting(x_rows);
  const at::Tensor seen = subjects_.grey ? x.mean(1, true).expand_as(x) : x;
  pictures.images = {seen, subjects_.map.repeat_interleave(copies, 0), {}};
  pictures = augment(std::move(pictures), Stage::picture, random, "picture ");

  at::Tensor total = at::zeros({x_rows}, x.options());
  for (const LoadedModel* model : assembly_.surrogates) {
    Rows rows = views(*model, pictures, copies);
    if (rows.subject.empty()) {
      total = total + 0 * pictures.images.pixels.sum();  // no face in this draw: nothing to add, and no way to go
      continue;
    }
    rows = augment(std::move(rows), Stage::view, random, model->name + " ");
    Output output = forward(*model, rows.images.pixels);
    const auto count = static_cast<std::int64_t>(rows.subject.size());
    output.picture = rows.images.pixels;
    const Reference against = reference(*model, rows);
    // Copies and draws of one view are averaged, the faces of one subject added up.
    std::map<std::pair<std::int64_t, std::int64_t>, double> draws;
    for (std::size_t r = 0; r < rows.subject.size(); ++r) draws[{rows.subject[r], rows.reference[r]}] += 1;
    std::vector<double> share;
    for (std::size_t r = 0; r < rows.subject.size(); ++r)
      share.push_back(1 / draws[{rows.subject[r], rows.reference[r]}]);
    const at::Tensor shares = at::tensor(share, x.options().requires_grad(false));
    const at::Tensor index = as_tensor(rows.subject, x.device());
    if (traced) margins.push_back(margin(*model, rows, output, against, shares));
    for (const LossTerm& term : assembly_.losses) {
      if (std::ranges::find(term.models, model) == term.models.end()) continue;
      const std::string who = "plugin " + term.plugin;
      const at::Tensor values =
          call_plugin(who, given_to_loss(output, against), [&] { return (*term.loss)(output, against); });
      check_values(who, values, x, count);
      total = total.index_add(0, index, values * shares * (term.weight / static_cast<double>(term.models.size())));
    }
  }
  if (traced) tracer_.record(total.detach().to(at::kDouble).sum() / copies, mean_of_models(margins));
  return total;
}

Evaluation ChainObjective::value_and_grad(const at::Tensor& x) {
  return remembering([&] {
    for (const LoadedModel* model : assembly_.surrogates) {
      if (model->differentiable) continue;
      throw PluginFault("plugin " + model->plugin + ", model '" + model->name + "'",
                        "it has no gradient: use an optimizer that only asks for values");
    }
    const at::AutoGradMode with_grad(true);
    const at::Tensor input = x.defined() && x.is_floating_point() ? x.detach().requires_grad_(true) : x;
    const at::Tensor value = chain(input);
    const at::Tensor gradient = call_plugin(
        attacked(), [&] { return torch::autograd::grad({value.sum()}, {input}, {}, false, false, true).front(); });
    if (!gradient.defined()) throw PluginFault(attacked(), "no gradient reaches the picture: something detached it");
    if (!finite(gradient)) throw PluginFault(attacked(), "the gradient is not finite");
    if (x.size(0) == subjects_.pixels.size(0)) latest_ = value.detach();
    return Evaluation{value.detach(), gradient};
  });
}

at::Tensor ChainObjective::value(const at::Tensor& x) {
  const at::NoGradGuard no_grad;
  return remembering([&] { return chain(x); });
}

std::string ChainObjective::attacked() const {
  std::string text = "plugins";
  for (const LossTerm& term : assembly_.losses) text += (text == "plugins" ? " " : ", ") + term.plugin;
  for (const LoadedModel* model : assembly_.surrogates) text += ", " + model->plugin;
  return text;
}

at::Tensor ChainObjective::reached(const at::Tensor& x) {
  if (!assembly_.experiment.stop_at) return at::zeros({x.size(0)}, x.options().dtype(at::kBool));
  return value(x) <= *assembly_.experiment.stop_at;
}

}  // namespace faceoff
