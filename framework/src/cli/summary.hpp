#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "attack/assembly.hpp"
#include "attack/item.hpp"

namespace faceoff {

/// One item in a line of words.
std::string item_line(const Assembly& assembly, const std::string& picture, const ItemReport& report, double seconds);

/// What a run achieved, a paragraph a variant.
class Summary {
 public:
  void add(const Assembly& assembly, const ItemReport& report);
  std::string text(const std::filesystem::path& run) const;
  std::int64_t failed() const;

 private:
  struct Similarities {
    Role role = Role::held_out;
    double target_before = 0, target_after = 0, self_after = 0;
    std::int64_t faces = 0, found = 0;
    std::int64_t taken_for_target = 0, taken_for_self = 0;  ///< at the threshold
    const double* threshold = nullptr;
    double rate = 0;
    bool has_target = false;
  };
  struct Variant {
    std::int64_t items = 0, no_face = 0, failed = 0;
    std::int64_t faces = 0, found_before = 0, found_after = 0;
    int linf = 0;
    double psnr = 0;
    std::int64_t changed = 0;
    std::vector<std::pair<std::string, Similarities>> models;
    std::string detector;
    bool attacked_detector = false;
  };
  std::vector<std::pair<std::string, Variant>> variants_;
};

}  // namespace faceoff
