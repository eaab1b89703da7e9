#include "plugins/check_answer.hpp"

#include <faceoff/error.hpp>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>

#include <cmath>

#include "plugins/call_plugin.hpp"

namespace faceoff {

bool finite(const at::Tensor& tensor) {
  return std::isfinite(tensor.sum().item<double>());
}

namespace {

/// "[1, 3, 4, 4]", or "nothing".
std::string shape_of(const at::Tensor& tensor) {
  return tensor.defined() ? c10::str(tensor.sizes()) : "nothing";
}

/// Why a tensor can't be taken for a dense one of the same type on the same device; empty: it can.
std::string difference(const at::Tensor& tensor, const at::Tensor& like) {
  if (tensor.layout() != like.layout()) return c10::str("the layout ", tensor.layout(), " instead of ", like.layout());
  if (tensor.device() != like.device()) return c10::str("the device ", tensor.device(), " instead of ", like.device());
  if (tensor.scalar_type() != like.scalar_type())
    return c10::str(tensor.scalar_type(), " instead of ", like.scalar_type());
  return "";
}

}  // namespace

Field check_fields(const std::string& who, Field fields) {
  constexpr Field all = Field::scores | Field::boxes | Field::landmarks | Field::embedding | Field::picture |
                        Field::targets | Field::mean;
  if (without(fields, all) != Field::none)
    throw PluginFault(who, c10::str("its fields are ", static_cast<unsigned>(fields), ", and some of them are none"));
  return fields;
}

void check_place(const std::string& who, const at::Tensor& x, const at::Tensor& subjects) {
  const bool fits = x.defined() && x.dim() == 4 && x.size(0) > 0 && x.size(0) % subjects.size(0) == 0 &&
                    x.sizes().slice(1) == subjects.sizes().slice(1);
  if (c10::InferenceMode::is_enabled()) throw PluginFault(who, "it asked for the objective in inference mode");
  const std::string asked = "it asked for the objective at ";
  if (!fits)
    throw PluginFault(
        who, asked + "the shape " + (x.defined() ? shape_of(x) : "of nothing") + " instead of " + shape_of(subjects));
  if (const std::string other = difference(x, subjects); !other.empty()) throw PluginFault(who, asked + other);
  if (!finite(x)) throw PluginFault(who, asked + "values that are not finite");
}

void check_output(const std::string& who, Field provides, const Output& output, const at::Tensor& views,
                  Seeing seeing) {
  const at::NoGradGuard no_grad;
  const std::int64_t rows = views.size(0);
  const bool of_candidates = includes(provides, Field::scores);  // whose landmarks are those of its boxes
  const auto check = [&](Field field, const at::Tensor& tensor, std::int64_t dimensions, std::int64_t last) {
    if (!includes(provides, field)) return;
    const auto require = [&](bool holds, const std::string& what) {
      if (!holds) throw PluginFault(who, "its " + to_string(field) + ": " + what);
    };
    require(tensor.defined(), "missing, though it says that it provides them");
    require(tensor.dim() == dimensions && tensor.size(0) == rows && (last == 0 || tensor.size(-1) == last),
            c10::str("of the shape ", tensor.sizes(), " for ", rows, " views"));
    require(tensor.scalar_type() == views.scalar_type(),
            c10::str("of the type ", tensor.scalar_type(), " instead of the views' ", views.scalar_type()));
    if (tensor.numel() == 0) return;
    at::Tensor low = tensor.new_zeros({}), high = low;
    if (field == Field::scores) low = tensor.min(), high = tensor.max();
    if (field == Field::embedding) {
      const at::Tensor length = tensor.norm(2, 1);
      high = (seeing == Seeing::attacked ? at::where(length > 0, length - 1, length) : length - 1).abs().max();
    }
    const at::Tensor facts = at::stack({tensor.sum(), low, high}).to(at::kDouble).cpu();  // one answer of the device
    const auto fact = facts.accessor<double, 1>();
    constexpr double rounding = 1e-3;
    require(std::isfinite(fact[0]), "not all finite");
    require(field != Field::scores || (fact[1] >= 0 && fact[2] <= 1), "not all in [0,1]");
    require(field != Field::embedding || fact[2] < rounding, "not of unit length");
  };
  check(Field::scores, output.scores, 2, 0);
  check(Field::boxes, output.boxes, 3, 4);
  check(Field::landmarks, output.landmarks, of_candidates ? 4 : 3, 2);
  check(Field::embedding, output.embedding, 2, 0);
  if (includes(provides, Field::scores | Field::boxes) && output.scores.size(1) != output.boxes.size(1))
    throw PluginFault(who,
                      c10::str("it gives ", output.scores.size(1), " scores and ", output.boxes.size(1), " boxes"));
  if (!includes(provides, Field::landmarks)) return;
  if (output.landmarks.size(-2) == 0) throw PluginFault(who, "its landmarks: no point a face");
  if (of_candidates && output.landmarks.size(1) != output.scores.size(1))
    throw PluginFault(who, c10::str("it gives ", output.scores.size(1), " scores and the landmarks of ",
                                    output.landmarks.size(1), " faces"));
}

void check_images(const std::string& who, const Images& after, const Images& before, bool sized) {
  const std::int64_t rows = before.pixels.size(0);
  if (!after.pixels.defined() || after.pixels.dim() != 4 || after.pixels.size(1) != 3 || after.pixels.numel() == 0 ||
      after.pixels.size(0) % rows != 0 || after.pixels.scalar_type() != before.pixels.scalar_type()) {
    throw PluginFault(who, c10::str("its pixels are not [k·", rows, ",3,H,W] of the type that it was given"));
  }
  const at::IntArrayRef size = after.pixels.sizes().slice(2), given = before.pixels.sizes().slice(2);
  if (sized && size != given)
    throw PluginFault(who,
                      c10::str("it makes ", size, " of a model's view of ", given, " pixels, whose size has to stay"));
  const std::int64_t all = after.pixels.size(0);
  if (after.map.defined() && !before.map.defined())
    throw PluginFault(who, "it gives a map, and the images that it was given have none");
  if (after.map.defined() && (after.map.sizes() != at::IntArrayRef({all, 2, 3}) ||
                              after.map.scalar_type() != before.map.scalar_type() || !finite(after.map))) {
    throw PluginFault(who, c10::str("its map is not a finite [", all, ",2,3]"));
  }
  const auto as_given = [&](const at::Tensor& points) {
    return points.scalar_type() == before.landmarks.scalar_type() && points.dim() == 3 && points.size(0) == all &&
           points.sizes().slice(1) == before.landmarks.sizes().slice(1) && finite(points);
  };
  // What is no affine map may leave the landmarks out too.
  const bool left_out = !after.landmarks.defined() && !after.map.defined();
  if (!left_out && (after.landmarks.defined() != before.landmarks.defined() ||
                    (before.landmarks.defined() && !as_given(after.landmarks)))) {
    throw PluginFault(who, c10::str("its landmarks are not ", all, " finite rows of what it was given"));
  }
  if (!finite(after.pixels)) throw PluginFault(who, "its pixels are not finite");
  if (at::GradMode::is_enabled() && before.pixels.requires_grad() && !after.pixels.requires_grad())
    throw PluginFault(who, "no gradient reaches its images: it detached its pixels");
}

void check_values(const std::string& who, const at::Tensor& values, const at::Tensor& x, std::int64_t rows) {
  if (!values.defined() || values.dim() != 1 || values.size(0) != rows)
    throw PluginFault(who, c10::str("it returned ", shape_of(values), " for ", rows, " rows"));
  if (const std::string other = difference(values, x); !other.empty()) throw PluginFault(who, "it returned " + other);
  if (!finite(values)) throw PluginFault(who, "it returned a value that is not finite");
  if (at::GradMode::is_enabled() && x.requires_grad() && !values.requires_grad())
    throw PluginFault(who, "no gradient reaches the model's output: it detached its value");
}

void check_attacked(const std::string& who, const at::Tensor& attacked, const Budget& budget) {
  if (!attacked.defined() || attacked.sizes() != budget.origin.sizes())
    throw PluginFault(who, "it returned " + shape_of(attacked) + " instead of " + shape_of(budget.origin));
  if (const std::string other = difference(attacked, budget.origin); !other.empty())
    throw PluginFault(who, "it returned " + other);
  if (!finite(attacked)) throw PluginFault(who, "it returned values that are not finite");
  constexpr double rounding = 1e-3;
  const double excess = budget.excess(attacked).max().item<double>();
  if (excess > rounding)
    throw PluginFault(who, c10::str("it went ", excess, " grey levels beyond the budget; project() keeps within it"));
}

}  // namespace faceoff
