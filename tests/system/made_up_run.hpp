#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "program.hpp"

namespace system_test {

/// What judges say of a face of a made-up run.
struct JudgedFace {
  double x = 0;                                ///< where the face is
  std::optional<double> target = .1;           ///< cosine afterwards; nothing: no face found
  std::optional<double> self = .9;             ///< likewise
  std::pair<double, double> found = {.9, .9};  ///< the detector's scores before and after
  double iou = .9;
};

inline Json pair(double before, const std::optional<double>& after) {
  return Json::array({before, after ? Json(*after) : Json(nullptr)});
}

/// ann's, to be taken for bea.
inline Json face(const JudgedFace& said, const std::string& role = "held_out") {
  const bool found = said.self.has_value();
  const auto best = [](double self, double target) {
    return Json{{"name", self >= target ? "ann" : "bea"}, {"similarity", std::max(self, target)}};
  };
  const bool taken = found && *said.target > *said.self;
  const Json model = {{"name", "judge"},
                      {"role", role},
                      {"found", {true, found}},
                      {"outcome", !found  ? "N"
                                  : taken ? "H"
                                          : "L"},
                      {"best", {best(1, 0), found ? best(*said.self, *said.target) : Json(nullptr)}},
                      {"protected", {false, !found || taken}},
                      {"rank1", {false, taken}},
                      {"target", pair(0, said.target)},
                      {"target_disjoint", true},
                      {"self", pair(1, said.self)},
                      {"impersonated", Json::object()},
                      {"dodged", Json::object()},
                      {"identified", Json::object()}};
  return {
      {"box", {said.x, 0, said.x + 10, 10}},
      {"detectors",
       {{{"name", "ssd"}, {"role", "surrogate"}, {"score", {said.found.first, said.found.second}}, {"iou", said.iou}}}},
      {"person", "ann"},
      {"known", true},
      {"target", "bea"},
      {"found", {true, found}},
      {"models", {model}}};
}

inline Json item(const std::string& variant, const std::string& picture, const std::vector<Json>& faces,
                 double psnr = 40) {
  return {{"item", 0},
          {"variant", variant},
          {"picture", picture},
          {"output", "images/" + variant + "/" + picture},
          {"status", "attacked"},
          {"key", "k"},
          {"picture_sha256", "p"},
          {"output_sha256", "o"},
          {"epsilon", 8},
          {"norm", "inf"},
          {"linf", 8},
          {"l2", 100},
          {"psnr", psnr},
          {"ssim", .99},
          {"changed", .5},
          {"bytes", 1000},
          {"queries", 10},
          {"seconds", 1.5},
          {"started", "2026-01-31T23:59:58Z"},
          {"finished", "2026-01-31T23:59:59Z"},
          {"faces", faces}};
}

inline Json not_attacked(const std::string& variant, const std::string& picture, const std::string& status) {
  Json one = item(variant, picture, {});
  one["status"] = status;
  if (status != "failed") return one;
  one["output"] = one["output_sha256"] = nullptr;
  one["error"] = "it is no picture";
  return one;
}

inline Json about(const Json& choices = Json::object(), double threshold = .5) {
  return {{"choices", choices},
          {"seed", 0},
          {"goal", "impersonate"},
          {"false_accept_rate", 1e-3},
          {"minimum_score", .5},
          {"finder", "mtcnn"},
          {"detectors", {{{"name", "ssd"}, {"role", "surrogate"}}}},
          {"judges", {{{"name", "judge"}, {"role", "held_out"}, {"threshold", threshold}}}}};
}

/// environment.json of variants that share their judges.
inline Json environment(const Json& variants) {
  const Json host = {{"system", "s"}, {"release", "r"}, {"machine", "m"}, {"threads", 1}};
  const Json thresholds = Json::array({Json::array({1e-3, .5}), Json::array({1e-2, .3})});
  return {{"faceoff", "0"},
          {"api", 1},
          {"libtorch", "2"},
          {"opencv", "4"},
          {"compiler", "12"},
          {"command", Json::array()},
          {"plan", "p"},
          {"items", 0},
          {"shard", nullptr},
          {"device", "cpu"},
          {"variants", variants},
          {"host", host},
          {"plugins", Json::object()},
          {"models",
           {{"ssd", {{"plugin", "ssd"}, {"weights", "s"}, {"sha256", "aa"}}},
            {"judge",
             {{"plugin", "judge"},
              {"weights", "j"},
              {"sha256", "bb"},
              {"calibration", "judge.toml"},
              {"thresholds", thresholds}}}}}};
}

}  // namespace system_test
