#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attack/assembly.hpp"
#include "run/item.hpp"
#include "run/people.hpp"

namespace faceoff {

/// Everything of one variant that is ready to attack and to judge.
struct PreparedVariant {
  std::unique_ptr<Assembly> assembly;
  JudgedBy judged_by;
  Galleries::Both people;
  std::string key;  ///< variant_key()
};

/// A picture under a variant.
struct Item {
  std::int64_t number = 0;
  const PreparedVariant* variant = nullptr;
  std::filesystem::path picture;  ///< as given
  std::filesystem::path output;   ///< where it is delivered, relative to the run
};

/// All items of an experiment: the pictures of the first variant, of the second, …
class ItemList {
 public:
  /// The variants are kept by reference.
  explicit ItemList(const std::vector<PreparedVariant>& variants);

  std::int64_t size() const { return begins_.back(); }
  Item at(std::int64_t number) const;
  /// The item that a line of results is about, where doing it once more would give the same.
  std::optional<std::int64_t> same(const ItemLine& line) const;
  /// What stands for all items together, but for what is in their pictures. SHA-256.
  std::string key() const;

 private:
  /// Of a picture among a variant's.
  struct Place {
    std::int64_t index = 0;
    std::string stem;  ///< what it is called where it is delivered
  };
  using Places = std::map<std::filesystem::path, Place>;
  static std::shared_ptr<const Places> places_of(const std::vector<std::filesystem::path>& pictures);

  /// Of a picture's file; empty where it can't be read.
  const std::string& digest_of(const std::filesystem::path& picture) const;

  const std::vector<PreparedVariant>& variants_;
  std::vector<std::int64_t> begins_ = {0};             ///< the number of each variant's first item, and of none
  std::vector<std::shared_ptr<const Places>> places_;  ///< variants with the same pictures share them
  mutable std::map<std::filesystem::path, std::string> digests_;  ///< of the pictures that same() has looked at
};

}  // namespace faceoff
