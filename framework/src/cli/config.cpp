// faceoff config: what an experiment says, before anything of it is done.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "base/numbers.hpp"
#include "base/one_line.hpp"
#include "base/suggest.hpp"
#include "cli/commands.hpp"
#include "cli/process.hpp"
#include "experiment/experiment.hpp"
#include "experiment/json_schema.hpp"
#include "plugins/plugin_library.hpp"
#include "toml/document.hpp"

namespace faceoff {

namespace {

/// The experiment's variants, checked as `faceoff run` checks them before it loads weights.
int check(const Document& document, const std::vector<Experiment>& experiments) {
  std::int64_t items = 0;
  for (const Experiment& experiment : experiments) items += static_cast<std::int64_t>(experiment.pictures.size());
  print(one_line(document.file()) + ": " + counted(static_cast<std::int64_t>(experiments.size()), "variant") + ", " +
        counted(items, "item") + " in all; nothing wrong was found\n");
  for (const std::string& line : words_of(experiments.front().left_out)) std::cerr << "left out: " << line << '\n';
  return static_cast<int>(ExitCode::done);
}

/// Every value and where it comes from, as a run writes it into resolved.toml.
int show(const Document& document, const std::vector<Experiment>& experiments) {
  std::vector<std::pair<std::string, const Resolved*>> resolved;
  for (const Experiment& experiment : experiments) resolved.emplace_back(experiment.variant, &experiment.resolved);
  print(to_toml(resolved) + document.sweep());
  return static_cast<int>(ExitCode::done);
}

int config(const Arguments& given) {
  const std::string& what = given.text("what");
  const std::vector<std::string> all = {"check", "show", "schema"};
  if (std::ranges::find(all, what) == all.end()) {
    throw ConfigError("no 'faceoff config " + one_line(what, 64) + "': check, show or schema" +
                      did_you_mean(what, all));
  }
  const bool schema = what == "schema";
  if (!schema && !given.has("experiment")) throw ConfigError("config " + what + " needs an experiment's TOML file");
  if (schema && (given.has("experiment") || given.has("set")))
    throw ConfigError("config schema is about all experiments: it takes none");
  const PluginLibrary plugins(plugin_folders(given.texts("plugin-path")));
  for (const BrokenPlugin& broken : plugins.broken()) std::cerr << "warning: " << to_string(broken) << '\n';
  if (schema) {
    print(to_text(experiment_schema(plugins), 2) + "\n");
    return static_cast<int>(ExitCode::done);
  }
  const Document document(given.text("experiment"), given.texts("set"));
  const std::vector<Experiment> experiments = read_experiments(document, plugins);
  return what == "check" ? check(document, experiments) : show(document, experiments);
}

}  // namespace

Command config_command() {
  return Command("faceoff config check|show EXPERIMENT.toml, or faceoff config schema",
                 "check: says what is wrong with an experiment, with its place, as run would before it loads weights.\n"
                 "show: every value that it ends up with, and where that comes from.\n"
                 "schema: a JSON schema of experiments, with the plugins that are here, for editors.",
                 config)
      .operand("what", 1)
      .operand("experiment", 1)
      .needs({"what"}, "config needs check, show or schema")
      .texts("set", "KEY=VALUE: as faceoff run takes it; may be repeated")
      .texts("plugin-path", "a folder with more plugins; may be repeated");
}

}  // namespace faceoff
