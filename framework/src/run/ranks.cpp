#include "run/ranks.hpp"

#include <faceoff/error.hpp>

#include <c10/util/Exception.h>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "base/one_line.hpp"

namespace faceoff {

namespace {

std::string variable(const char* name, const std::string& fallback = "") {
  const char* value = std::getenv(name);
  return value != nullptr ? value : fallback;
}

int number(const char* name, int low, int high) {
  const std::string text = variable(name);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < low || value > high)
    throw ConfigError(std::string(name) + "=" + one_line(text) + ": what launches ranks says a whole number from " +
                      std::to_string(low) + " to " + std::to_string(high));
  return value;
}

std::string unique_name() {
  std::random_device random;
  return std::to_string(random()) + "-" + std::to_string(random());
}

/// Talks to the store; where that fails, says so in one line.
template <class Talk>
auto talk(const Talk& use) {
  try {
    return use();
  } catch (const c10::Error& error) {
    const std::string said = error.what_without_backtrace();
    throw Error(
        "the store at " + variable("MASTER_ADDR") + ":" + variable("MASTER_PORT") +
        ", through which ranks share their items: " + one_line(said.substr(0, said.find("\nException raised"))));
  }
}

/// The launcher's store, which is waited for up to a minute: who serves it may start a little later.
std::shared_ptr<c10d::Store> connect(c10d::TCPStoreOptions options, const std::function<void()>& waits) {
  constexpr int attempts = 6;
  const std::chrono::milliseconds usual = options.timeout;
  options.timeout = std::chrono::seconds(10);
  for (int attempt = 1;; ++attempt) {
    try {
      auto store = std::make_shared<c10d::TCPStore>(variable("MASTER_ADDR"), options);
      store->setTimeout(usual);
      return store;
    } catch (const c10::Error&) {
      if (attempt == attempts || options.isServer) throw;
      waits();
    }
  }
}

}  // namespace

Shard Shard::parse(const std::string& text) {
  Shard shard;
  const char* const end = text.data() + text.size();
  const auto [slash, first] = std::from_chars(text.data(), end, shard.index);
  const bool divided = first == std::errc() && slash != end && *slash == '/';
  const auto [last, second] = std::from_chars(divided ? slash + 1 : end, end, shard.of);
  if (!divided || second != std::errc() || last != end || shard.index < 1 || shard.index > shard.of)
    throw ConfigError("--shard " + one_line(text) + ": say which part of how many, from 1: --shard 1/4");
  return shard;
}

std::optional<int> Ranks::launched() {
  for (const char* name : {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"}) {
    if (variable(name).empty()) return std::nullopt;
  }
  const int size = number("WORLD_SIZE", 1, std::numeric_limits<int>::max());
  return number("RANK", 0, size - 1);
}

Ranks::Ranks(std::function<void(const std::string&)> notice)
    : notice_(std::move(notice)),
      rank_(*launched()),
      size_(number("WORLD_SIZE", 1, std::numeric_limits<int>::max())),
      launch_("faceoff/" + variable("TORCHELASTIC_RUN_ID", "run") + "/"),
      self_(unique_name()) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(number("MASTER_PORT", 1, 65535));
  // torchrun serves the store itself; where a job's script starts the ranks, the first one does.
  options.isServer = rank_ == 0 && variable("TORCHELASTIC_USE_AGENT_STORE") != "True";
  options.waitWorkers = false;
  const auto waits = [&] {
    notice_("rank " + std::to_string(rank_) + " waits for the store at " + variable("MASTER_ADDR") + ":" +
            variable("MASTER_PORT") + " (MASTER_ADDR and MASTER_PORT are set)");
  };
  store_ = talk([&] { return connect(options, waits); });
}

std::string Ranks::get(const std::string& key) const {
  const std::vector<std::uint8_t> value = talk([&] { return store_->get(key); });
  return {value.begin(), value.end()};
}

void Ranks::set(const std::string& key, const std::string& value) {
  talk([&] { store_->set(key, value); });
}

bool Ranks::has(const std::string& key) const {
  return talk([&] { return store_->check({key}); });
}

std::optional<std::filesystem::path> Ranks::begun() const {
  if (!has(launch_ + "folder")) return std::nullopt;
  return get(launch_ + "folder");
}

void Ranks::begin(const std::filesystem::path& folder) {
  set(launch_ + "folder", std::filesystem::absolute(folder).string());
}

bool Ranks::wait_for(const std::function<bool()>& there, const std::function<bool()>& stop) const {
  constexpr int half_a_minute = 150;
  for (int tries = 0; !there(); ++tries) {
    if (stop()) return false;
    if (tries % half_a_minute == half_a_minute - 1) {
      notice_("rank " + std::to_string(rank_) + " waits for the other ranks of " + std::to_string(size_) + " at " +
              variable("MASTER_ADDR") + ":" + variable("MASTER_PORT") + " (RANK and WORLD_SIZE are set)");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  return true;
}

// Nothing that the launcher says tells this start of the ranks from an earlier one on all machines alike, and the store
// still holds what earlier ones wrote. So the first rank names itself, the others tell it their names, and are in once
// it has answered to that name.
bool Ranks::meet(const std::string& plan, const std::function<bool()>& stop) {
  if (first()) {
    generation_ = self_;
    set(here("plan"), plan);
    set(launch_ + "generation", generation_);
    for (int other = 1; other < size_; ++other) {
      const std::string hello = here("hello/" + std::to_string(other));
      if (!wait_for([&] { return has(hello); }, stop)) return false;
      set(here("welcome/" + get(hello)), "yes");
    }
    return true;
  }
  const bool met = wait_for(
      [&] {
        if (!has(launch_ + "generation")) return false;
        const std::string latest = get(launch_ + "generation");
        if (latest != generation_) {
          generation_ = latest;
          set(here("hello/" + std::to_string(rank_)), self_);
        }
        return has(here("welcome/" + self_));
      },
      stop);
  if (met && get(here("plan")) != plan) {
    throw ConfigError("rank " + std::to_string(rank_) +
                      ": the experiment, its pictures, people, plugins or weights are others than rank 0's");
  }
  return met;
}

std::int64_t Ranks::take() {
  return talk([&] { return store_->add(here("next"), 1); }) - 1;
}

bool Ranks::finish(const std::function<bool()>& stop) {
  const auto finished = [&](std::int64_t more) { return talk([&] { return store_->add(here("finished"), more); }); };
  finished(1);
  return !first() || wait_for([&] { return finished(0) == size_; }, stop);
}

}  // namespace faceoff
