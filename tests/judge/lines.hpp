#pragma once

#include <string>
#include <utility>

#include "base/json.hpp"
#include "judge/evaluation_line.hpp"

namespace faceoff {

/// `said` over what is there anyway.
inline Json over(Json usual, const Json& said) {
  usual.update(said);
  return usual;
}

/// A line of an evaluation from as much of it as a test is about; what it does not say is nothing, or as usual.
inline EvaluationLine line_of(const Json& said) {
  Json line = over({{"item", 0},
                    {"variant", "base"},
                    {"picture", "a.png"},
                    {"output", "images/a.png"},
                    {"after", "png"},
                    {"epsilon", nullptr},
                    {"choice", nullptr},
                    {"linf", 8},
                    {"l2", 1},
                    {"psnr", 30},
                    {"ssim", 1},
                    {"changed", 1},
                    {"faces", Json::array()},
                    {"detectors", Json::array()}},
                   said);
  for (Json& face : line["faces"]) {
    face = over({{"box", {0, 0, 1, 1}},
                 {"person", "ann"},
                 {"known", true},
                 {"target", nullptr},
                 {"found", {true, true}},
                 {"models", Json::array()}},
                face);
    for (Json& model : face["models"]) {
      model = over({{"role", "held_out"},
                    {"found", {true, true}},
                    {"outcome", nullptr},
                    {"best", {nullptr, nullptr}},
                    {"protected", nullptr},
                    {"rank1", nullptr},
                    {"target", nullptr},
                    {"target_disjoint", nullptr},
                    {"self", nullptr},
                    {"impersonated", nullptr},
                    {"dodged", nullptr},
                    {"identified", nullptr}},
                   model);
    }
  }
  for (Json& detector : line["detectors"]) {
    for (Json& seen : detector["seen"]) {
      for (Json& face : seen["faces"]) face = over({{"box", nullptr}}, face);
    }
  }
  return parse_evaluation_line(to_text(line), "a test's line");
}

}  // namespace faceoff
