#pragma once

#include <map>
#include <string>
#include <vector>

#include "attack.hpp"

namespace bad_plugins {

/// What the item's error says, fault by fault; nothing: the fault does no harm.
using Faults = std::map<std::string, std::vector<std::string>>;

inline const Faults of_any_plugin = {{"throws_std", {"out of ideas"}},
                                     {"throws_int", {"a C++ exception of type int"}},
                                     {"throws_c10", {"no such tensor"}},
                                     {"throws_nothing_to_say", {"a C++ exception of type "}},
                                     {"working_folder", {"working folder"}},
                                     {"inference_mode", {"inference mode"}},
                                     {"throws_config", {"'steps' should be even"}},
                                     {"throws_plugin", {"no such plugin"}},
                                     {"throws_file", {"no such file"}},
                                     {"grad_mode", {"grad mode"}},
                                     {"threads", {"number of threads"}},
                                     {"locale", {"locale"}},
                                     {"dtype", {"default type"}},
                                     {"seed", {"random numbers"}},
                                     {"random", {"random numbers"}}};

inline Faults with(const Faults& more) {
  Faults all = of_any_plugin;
  all.insert(more.begin(), more.end());
  return all;
}

class BadRun : public Attack {
 protected:
  /// A sweep of `key` over the faults, all of them one after another in one process: dark.png's items fail with what is
  /// said and `always`, the others are whole.
  void expect_cost(const std::string& key, const Faults& faults, const std::vector<std::string>& always,
                   const Args& more = {}) {
    std::string list;
    for (const auto& [fault, said] : faults) list += (list.empty() ? "\"" : ", \"") + fault + "\"";
    Args args = {"--set", "sweep={\"" + key + "\"=[" + list + "]}"};
    args.insert(args.end(), more.begin(), more.end());
    const Outcome outcome = attack(args);
    EXPECT_EQ(outcome.code, 1) << outcome.err;
    const std::vector<Json> items = system_test::results(folder_ / "run");
    expect_complete(items, 3 * faults.size());
    for (const Json& item : items) {
      SCOPED_TRACE(item["variant"].get<std::string>() + ", " + item["picture"].get<std::string>());
      const std::string variant = item["variant"];
      std::vector<std::string> parts = faults.at(variant.substr(variant.find('=') + 1));
      if (item["picture"] != "dark.png" || parts.empty()) {
        expect_whole(item);
      } else {
        parts.insert(parts.end(), always.begin(), always.end());
        expect_failed(item, parts);
      }
    }
  }

  /// In this process, and in a worker's.
  void expect_cost_anywhere(const std::string& key, const Faults& faults, const std::vector<std::string>& always,
                            const Args& more = {}) {
    expect_cost(key, faults, always, more);
    Args isolated = more;
    isolated.emplace_back("--isolate");
    SCOPED_TRACE("isolated");
    expect_cost(key, faults, always, isolated);
  }
};

}  // namespace bad_plugins
