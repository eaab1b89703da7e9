#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "system/program.hpp"

namespace bad_plugins {

namespace fs = std::filesystem;
using system_test::Args;
using system_test::contains;
using system_test::Json;
using system_test::lines_of;
using system_test::Outcome;

/// A folder with three small pictures, of which the second one is dark, and x.toml, an experiment all of whose plugins
/// can misbehave. As it is, they do not.
class Attack : public testing::Test {
 protected:
  Attack();

  /// `faceoff run x.toml` with these arguments, into the folder `run`.
  Outcome attack(const Args& more = {}) const;
  /// A behaving run's items by their pictures, from a process that never had a fault.
  const std::map<std::string, Json>& behaving();

  /// That it is delivered, and that item and picture are a behaving run's, bit for bit.
  void expect_whole(const Json& item);
  /// That it failed, delivered nothing, and says so in one line with all these parts.
  void expect_failed(const Json& item, const std::vector<std::string>& parts);
  /// That the run has these items and no other picture than theirs.
  void expect_complete(const std::vector<Json>& items, std::size_t count) const;
  /// That the program said one thing and wrote nothing; returns what it said, without "faceoff: ".
  std::string expect_refused(const Outcome& outcome, int code) const;

  TemporaryFolder folder_;

 private:
  std::map<std::string, Json> behaving_;
};

/// The line and column of the plugin's name in [optimizer] of x.toml, and in [[loss]] and [models.bad].
constexpr const char* place_of_optimizer = "x.toml:20:10: ";
constexpr const char* place_of_loss = "x.toml:13:10: ";
constexpr const char* place_of_model = "x.toml:6:10: ";

/// Where tests/CMakeLists.txt puts the libraries of load/ and of run/.
fs::path built(const std::string& part);

/// The lines that begin so.
std::vector<std::string> lines_with(const std::string& text, const std::string& beginning);

}  // namespace bad_plugins
