#pragma once

#include <faceoff/budget.hpp>
#include <faceoff/images.hpp>
#include <faceoff/output.hpp>

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <string>

namespace faceoff {

/// The parts of an output, each with the field that says that it is there.
struct OutputPart {
  Field field;
  at::Tensor Output::*tensor;
};
constexpr std::array<OutputPart, 5> output_parts = {{{Field::scores, &Output::scores},
                                                     {Field::boxes, &Output::boxes},
                                                     {Field::landmarks, &Output::landmarks},
                                                     {Field::embedding, &Output::embedding},
                                                     {Field::picture, &Output::picture}}};

// What plugins answer, held to what their interfaces promise. All throw PluginError, naming `who`.

/// Whether all values are finite: one pass, since a sum keeps what is not.
bool finite(const at::Tensor& tensor);

/// What a model says that it provides, or a loss that it needs: fields that there are. Returns them.
Field check_fields(const std::string& who, Field fields);

/// Whether a model is asked about a view by itself, or about what an attack's augmentations left of one.
enum class Seeing { alone, attacked };

/// What a model made of views [R,3,h,w], of the fields that it provides: shapes, rows, a box and landmarks a score, the
/// views' type, finite values, scores in [0,1], embeddings of unit length. A network may see nothing at all in a view
/// that augmentations made black: its embedding is then zeros, which say nothing.
void check_output(const std::string& who, Field provides, const Output& output, const at::Tensor& views,
                  Seeing seeing = Seeing::alone);

/// What an augmentation made of these images: k rows for each, of their type, finite, with a map (or none, where it is
/// no affine one) and landmarks a row, and a gradient where one is asked for; of the same size where `sized`.
void check_images(const std::string& who, const Images& after, const Images& before, bool sized = false);

/// Where an optimizer asks for the objective: [k·B,3,H,W] of the subjects' type, dense, finite and on their device.
void check_place(const std::string& who, const at::Tensor& x, const at::Tensor& subjects);

/// A loss's values [R] of some rows that were seen at x: of its type, finite, with a gradient where one is asked for.
void check_values(const std::string& who, const at::Tensor& values, const at::Tensor& x, std::int64_t rows);

/// What an optimizer returned, [B,3,H,W]: within the budget, which is never mended by clipping in silence.
void check_attacked(const std::string& who, const at::Tensor& attacked, const Budget& budget);

}  // namespace faceoff
