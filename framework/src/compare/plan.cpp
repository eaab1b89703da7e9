#include "compare/plan.hpp"

#include <faceoff/error.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "base/lists.hpp"
#include "base/one_line.hpp"
#include "base/suggest.hpp"

namespace faceoff {

namespace {

std::string last_part(const std::string& key) {
  return key.substr(key.rfind('.') + 1);
}

std::vector<std::string> swept_keys(std::span<const Contestant> contestants) {
  std::vector<std::string> keys;
  for (const Contestant& one : contestants) {
    for (const auto& [key, value] : one.choices) add_once(keys, key);
  }
  return keys;
}

/// The swept key that is meant.
std::string find_key(std::span<const Contestant> contestants, const std::string& name) {
  const std::vector<std::string> keys = swept_keys(contestants);
  if (std::ranges::find(keys, name) != keys.end()) return name;
  std::vector<std::string> meant;
  std::ranges::copy_if(keys, std::back_inserter(meant), [&](const std::string& key) { return last_part(key) == name; });
  if (meant.size() == 1) return meant.front();
  const std::string by = "--by " + one_line(name) + ": ";
  if (meant.size() > 1) throw ConfigError(by + "it may be " + joined(meant) + "; say which");
  if (keys.empty())
    throw ConfigError(by + "no key was swept, or the run is of a time when environment.json did not say which");
  std::vector<std::string> words = keys;
  for (const std::string& key : keys) add_once(words, last_part(key));
  throw ConfigError(by + "nobody swept it" + did_you_mean(name, words) + " (swept: " + joined(keys) + ")");
}

const std::string* choice_of(const Contestant& one, const std::string& key) {
  const auto found = std::ranges::find(one.choices, key, &std::pair<std::string, std::string>::first);
  return found != one.choices.end() ? &found->second : nullptr;
}

/// The keys that change along with this one, as those of a [sweep.zip] do: its value says theirs.
std::vector<std::string> companions_of(std::span<const Contestant> contestants, const std::string& by) {
  std::vector<std::string> companions;
  for (const std::string& key : swept_keys(contestants)) {
    std::map<std::string, std::string> said;
    std::set<std::string> values;
    bool follows = key != by;
    for (const Contestant& one : contestants) {
      const std::string *level = choice_of(one, by), *value = choice_of(one, key);
      if (level == nullptr) continue;
      const std::string here = value != nullptr ? *value : "";
      follows = follows && said.try_emplace(*level, here).first->second == here;
      values.insert(here);
    }
    if (follows && values.size() > 1) companions.push_back(key);
  }
  return companions;
}

/// "epsilon=8, steps=10": what a contestant's keys are but for those that are left out.
std::string setting_of(const Contestant& one, const std::vector<std::string>& left_out,
                       const std::vector<std::string>& keys) {
  std::string text;
  for (const auto& [key, value] : one.choices) {
    if (std::ranges::find(left_out, key) != left_out.end()) continue;
    const bool alone = std::ranges::count(keys, last_part(key), last_part) == 1;
    text += (text.empty() ? "" : ", ") + (alone ? last_part(key) : key) + "=" + value;
  }
  return text;
}

/// The baseline goes first.
void put_first(std::vector<std::string>& levels, const std::string& baseline) {
  const auto found = std::ranges::find(levels, baseline);
  if (found == levels.end()) {
    throw ConfigError("--baseline " + one_line(baseline) + ": there is none" + did_you_mean(baseline, levels) +
                      " (there are: " + joined(levels) + ")");
  }
  std::rotate(levels.begin(), found, found + 1);
}

}  // namespace

Plan compare_all(std::span<const Contestant> contestants, const std::optional<std::string>& baseline) {
  std::vector<std::string> order;
  for (const Contestant& one : contestants) order.push_back(one.label);
  if (baseline) put_first(order, *baseline);
  if (order.size() < 2) {
    throw ConfigError(contestants.front().run + ": it has one variant, '" + order.front() +
                      "', and nothing to compare it with; name another run, or [sweep] what is to be compared");
  }
  Plan plan{"", order.front(), {Group{}}, {}};
  for (const std::string& label : order) {
    const auto found = std::ranges::find(contestants, label, &Contestant::label);
    plan.groups.front().levels.push_back({label, {static_cast<std::size_t>(found - contestants.begin())}});
  }
  return plan;
}

Plan compare_by(std::span<const Contestant> contestants, const std::string& key,
                const std::optional<std::string>& baseline) {
  Plan plan;
  plan.by = find_key(contestants, key);
  const std::vector<std::string> keys = swept_keys(contestants);
  std::vector<std::string> left_out = companions_of(contestants, plan.by), levels, settings;
  for (const std::string& companion : left_out) plan.notes.push_back(companion + " changes along with " + plan.by);
  left_out.push_back(plan.by);
  for (const Contestant& one : contestants) {
    if (const std::string* level = choice_of(one, plan.by)) {
      add_once(levels, *level);
      add_once(settings, setting_of(one, left_out, keys));
    } else {
      plan.notes.push_back(one.label + ": left out, since it did not sweep " + plan.by);
    }
  }
  if (baseline) put_first(levels, *baseline);
  if (levels.size() < 2)
    throw ConfigError("--by " + one_line(key) + ": it is " + levels.front() +
                      " everywhere, so there is nothing to compare");
  plan.baseline = levels.front();
  Group pooled{"over all", true, {}};
  for (const std::string& level : levels)
    pooled.levels.push_back({level, std::vector<std::optional<std::size_t>>(settings.size())});
  for (std::size_t c = 0; c < contestants.size(); ++c) {
    const std::string* level = choice_of(contestants[c], plan.by);
    if (level == nullptr) continue;
    const std::string setting = setting_of(contestants[c], left_out, keys);
    const auto s = static_cast<std::size_t>(std::ranges::find(settings, setting) - settings.begin());
    const auto l = static_cast<std::size_t>(std::ranges::find(levels, *level) - levels.begin());
    std::optional<std::size_t>& there = pooled.levels[l].contestants[s];
    if (there) {
      throw ConfigError(
          "--by " + one_line(key) + ": " + contestants[*there].label + " and " + contestants[c].label +
          " have the same settings, as far as environment.json says, so it can't be told which is to be compared");
    }
    there = c;
  }
  for (std::size_t s = 0; s < settings.size(); ++s) {
    Group group{settings[s], false, {}};
    for (const Level& level : pooled.levels) {
      if (level.contestants[s]) group.levels.push_back({level.name, {level.contestants[s]}});
    }
    if (group.levels.front().name != plan.baseline)
      group.levels.insert(group.levels.begin(), Level{plan.baseline, {std::nullopt}});
    plan.groups.push_back(std::move(group));
  }
  const bool any = std::ranges::any_of(
      plan.groups, [](const Group& group) { return group.levels.size() > 1 && group.levels.front().contestants[0]; });
  if (!any) {
    throw ConfigError("--by " + one_line(key) + ": no variant differs from one with " + plan.baseline +
                      " in it alone; swept: " + joined(keys));
  }
  if (settings.size() > 1) plan.groups.push_back(std::move(pooled));
  return plan;
}

}  // namespace faceoff
