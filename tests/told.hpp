#pragma once

#include <faceoff/model.hpp>

#include <ATen/ATen.h>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "faces/face.hpp"
#include "plugins/loaded_model.hpp"

namespace faceoff {

/// Says what a test tells it to say of a picture.
class Told : public Model {
 public:
  Told(Field provides, ViewSpec view, std::function<Output(const at::Tensor&)> answer)
      : provides_(provides), view_(view), answer_(std::move(answer)) {}
  Field provides() const override { return provides_; }
  ViewSpec view() const override { return view_; }
  Output forward(const at::Tensor& images) override { return answer_(images); }

 private:
  Field provides_;
  ViewSpec view_;
  std::function<Output(const at::Tensor&)> answer_;
};

struct Candidate {
  Box box;
  double score = 0;
};

/// Boxes and scores in the picture's own pixels.
inline LoadedModel detector(std::function<std::vector<Candidate>(const at::Tensor&)> find) {
  const auto answer = [find = std::move(find)](const at::Tensor& images) {
    std::vector<double> scores, boxes;
    for (const Candidate& c : find(images)) {
      scores.push_back(c.score);
      boxes.insert(boxes.end(), {c.box.x0, c.box.y0, c.box.x1, c.box.y1});
    }
    Output output;
    output.scores = at::tensor(scores, images.options()).view({1, -1});
    output.boxes = at::tensor(boxes, images.options()).view({1, -1, 4});
    return output;
  };
  LoadedModel loaded;
  loaded.name = loaded.plugin = "told";
  loaded.view = {0, 0, WholePicture{}};
  loaded.provides = Field::scores | Field::boxes;
  loaded.model = std::make_unique<Told>(loaded.provides, loaded.view, answer);
  return loaded;
}

}  // namespace faceoff
