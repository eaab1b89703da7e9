// faceoff plugins: what there is, and what each plugin takes.
#include <faceoff/loss.hpp>
#include <faceoff/model.hpp>

#include <boost/algorithm/string/replace.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <iomanip>
#include <iostream>
#include <optional>
#include <sstream>

#include "base/json.hpp"
#include "base/lists.hpp"
#include "base/one_line.hpp"
#include "base/suggest.hpp"
#include "cli/commands.hpp"
#include "cli/process.hpp"
#include "plugins/call_plugin.hpp"
#include "plugins/check_answer.hpp"
#include "plugins/plugin_library.hpp"

namespace faceoff {

namespace {

/// What a model provides or a loss needs, as far as it can be told without weights.
std::optional<Field> fields_of(const PluginLibrary& library, const PluginInfo& info) {
  try {
    const std::unique_ptr<Plugin> plugin = library.create(info);
    const Field fields = call_plugin(describe(info), [&] {
      const auto* loss = dynamic_cast<const Loss*>(plugin.get());
      return loss != nullptr ? loss->needs() : dynamic_cast<const Model&>(*plugin).provides();
    });
    check_fields(describe(info), fields);
    if (info.kind == Kind::loss || fields != Field::none) return fields;
  } catch (const PluginError& error) {
    std::cerr << "warning: " << error.what() << '\n';
  }
  return std::nullopt;
}

/// "provides: scores, boxes" or "needs: embedding", for people; empty for kinds that do neither.
std::string fields_text(const PluginLibrary& library, const PluginInfo& info) {
  if (info.kind != Kind::model && info.kind != Kind::loss) return "";
  const std::optional<Field> fields = fields_of(library, info);
  const std::string unknown = info.kind == Kind::model ? "what its parameters say" : "unknown";
  const std::string told = fields ? to_string(*fields) : unknown;
  return (info.kind == Kind::model ? "provides: " : "needs: ") + (told.empty() ? "nothing" : told);
}

/// The files' names as a person here would write them.
std::string short_path(const std::filesystem::path& path) {
  std::error_code failed;
  const std::filesystem::path near = std::filesystem::proximate(path, failed);
  const bool nearer = !failed && !near.empty() && *near.begin() != "..";
  return one_line((nearer ? near : path).string(), 4096);
}

// For people.

std::string list_text(const PluginLibrary& library) {
  std::size_t widest = 0;
  for (const PluginInfo* info : library.all()) widest = std::max(widest, info->name.size());
  const int kinds = static_cast<int>(to_string(Kind::augmentation).size()), names = static_cast<int>(widest);
  std::ostringstream text;
  text << std::left;
  for (const PluginInfo* info : library.all()) {
    text << std::setw(kinds) << to_string(info->kind) << "  " << std::setw(names) << info->name << "  "
         << one_line(info->summary) << "  [" << short_path(library.file_of(*info)) << "]\n";
  }
  return text.str();
}

/// A bound in the parameter's own type, as far as that can hold it: 1 for an integer, 1.0 for a number.
ParamValue bound_of(const ParamInfo& param, double bound) {
  constexpr double exact = 9007199254740992.0;                                                           // 2^53
  const bool integer = std::holds_alternative<std::int64_t>(param.initial) && std::abs(bound) <= exact;  // hence whole
  return integer ? ParamValue(static_cast<std::int64_t>(bound)) : ParamValue(bound);
}

/// "a number from 0.0 to 255.0, in grey levels"
std::string type_text(const ParamInfo& param) {
  std::string text = type_name(param.initial);
  if (param.file)
    text += std::holds_alternative<std::string>(param.initial) ? ", the name of a file" : ", the names of files";
  if (param.low) text += " from " + to_toml(bound_of(param, *param.low));
  if (param.high) text += (param.low ? " to " : " up to ") + to_toml(bound_of(param, *param.high));
  if (!param.unit.empty()) text += ", in " + one_line(param.unit);
  std::vector<std::string> choices;
  for (const std::string& choice : param.choices) choices.push_back(to_toml(choice));
  if (!choices.empty()) text += ": " + joined(choices, " or ");
  return one_line(text);
}

std::string detail_text(const PluginLibrary& library, const PluginInfo& info) {
  std::string text = info.name + ": " + to_string(info.kind) + "\n";
  if (!info.summary.empty()) text += "  " + one_line(info.summary) + "\n";
  if (!info.citation.empty()) text += "  cites: " + one_line(info.citation) + "\n";
  text += "  file: " + short_path(library.file_of(info)) + "\n";
  if (const std::string fields = fields_text(library, info); !fields.empty()) text += "  " + fields + "\n";
  if (!info.params.empty()) text += "  parameters, with their defaults:\n";
  for (const ParamInfo& param : info.params) {
    text += "    " + param.name + " = " + one_line(to_toml(param.initial)) + "\n";
    text += "        " + one_line(param.doc) + " (" + type_text(param) + ")\n";
  }
  return text;
}

// For programs.

std::string type_word(const ParamValue& value) {
  constexpr std::array words = {"boolean", "integer", "number", "string", "list of numbers", "list of strings"};
  return words.at(value.index());
}

Json names_json(Field fields) {
  Json names = Json::array();
  for (const Field field :
       {Field::scores, Field::boxes, Field::landmarks, Field::embedding, Field::picture, Field::targets, Field::mean}) {
    if (includes(fields, field)) names.push_back(to_string(field));
  }
  return names;
}

Json to_json(const ParamValue& value) {
  return std::visit([](const auto& v) { return Json(v); }, value);
}

Json param_json(const ParamInfo& param) {
  const auto bound = [&](const std::optional<double>& at) { return at ? to_json(bound_of(param, *at)) : Json(); };
  return {{"name", param.name},       {"type", type_word(param.initial)},
          {"unit", param.unit},       {"default", to_json(param.initial)},
          {"low", bound(param.low)},  {"high", bound(param.high)},
          {"choices", param.choices}, {"file", param.file},
          {"doc", param.doc}};
}

Json plugin_json(const PluginLibrary& library, const PluginInfo& info, bool whole) {
  Json json = {{"kind", to_string(info.kind)},
               {"name", info.name},
               {"summary", info.summary},
               {"file", library.file_of(info).string()}};
  if (!whole) return json;
  json["citation"] = info.citation;
  if (info.kind == Kind::model || info.kind == Kind::loss) {
    const std::optional<Field> fields = fields_of(library, info);
    json[info.kind == Kind::model ? "provides" : "needs"] = fields ? names_json(*fields) : Json();
  }
  json["params"] = Json::array();
  for (const ParamInfo& param : info.params) json["params"].push_back(param_json(param));
  return json;
}

/// One shape for the list and for one plugin, which has more keys then.
std::string json_text(const PluginLibrary& library, const std::vector<const PluginInfo*>& infos, bool whole) {
  Json json = {{"plugins", Json::array()}, {"broken", Json::array()}};
  for (const PluginInfo* info : infos) json["plugins"].push_back(plugin_json(library, *info, whole));
  for (const BrokenPlugin& broken : library.broken())
    json["broken"].push_back(Json{{"file", broken.file.string()}, {"message", broken.message}});
  return to_text(json, 2) + "\n";
}

// For docs/plugins.md.

std::string markdown_text(const PluginLibrary& library, const std::vector<const PluginInfo*>& infos) {
  const auto cell = [](const std::string& text) {
    return boost::algorithm::replace_all_copy(one_line(text), "|", "\\|");
  };
  const auto upper = [](std::string word) {
    word.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(word.front())));
    return word;
  };
  std::string text =
      "# The plugins\n\nWritten by `faceoff plugins --markdown`; `faceoff plugins NAME` says the same of one of "
      "them.\n";
  std::optional<Kind> kind;
  for (const PluginInfo* info : infos) {
    if (kind != info->kind)
      text += "\n## " + upper(to_string(info->kind) + (info->kind == Kind::loss ? "es" : "s")) + "\n";
    kind = info->kind;
    const std::string summary = one_line(info->summary);
    text += "\n### " + info->name + "\n\n" + summary + (summary.ends_with('.') ? "\n" : ".\n");
    if (!info->citation.empty()) text += "Source: " + one_line(info->citation) + ".\n";
    if (std::string fields = fields_text(library, *info); !fields.empty())
      text += upper(fields.erase(fields.find(':'), 1)) + ".\n";
    if (info->params.empty()) continue;
    text += "\n| parameter | default | type | meaning |\n|---|---|---|---|\n";
    for (const ParamInfo& param : info->params) {
      text += "| `" + param.name + "` | `" + cell(to_toml(param.initial)) + "` | " + cell(type_text(param)) + " | " +
              cell(param.doc) + " |\n";
    }
  }
  return text;
}

/// The plugins of that name, of whatever kind.
std::vector<const PluginInfo*> named(const PluginLibrary& library, const std::string& name) {
  std::vector<const PluginInfo*> infos;
  std::vector<std::string> names;
  for (const PluginInfo* info : library.all()) {
    names.push_back(info->name);
    if (info->name == name) infos.push_back(info);
  }
  if (!infos.empty()) return infos;
  const std::string broken = library.why_missing(name);
  if (!broken.empty()) throw PluginError(broken);
  throw ConfigError("no plugin '" + one_line(name, 64) + "'" + did_you_mean(name, names));
}

int show(const Arguments& given) {
  const PluginLibrary library(plugin_folders(given.texts("plugin-path")));
  const bool one = given.has("name");
  const std::vector<const PluginInfo*> infos = one ? named(library, given.text("name")) : library.all();
  for (const BrokenPlugin& broken : library.broken()) std::cerr << "warning: " << to_string(broken) << '\n';
  if (given.has("markdown") && given.has("json")) throw ConfigError("--json or --markdown, not both");
  if (given.has("markdown")) {
    print(markdown_text(library, infos));
  } else if (given.has("json")) {
    print(json_text(library, infos, one));
  } else if (one) {
    for (const PluginInfo* info : infos) print(detail_text(library, *info));
  } else {
    print(list_text(library));
  }
  return 0;
}

}  // namespace

Command plugins_command() {
  return Command("faceoff plugins [NAME]",
                 "Lists the plugins, or says what one of them takes.\n"
                 "faceoff plugins check FILE.so: holds a library to what plugins promise.",
                 show)
      .operand("name", 1)
      .flag("json", "as JSON, for programs")
      .flag("markdown", "as a page of reference, all of them")
      .texts("plugin-path", "also look here; may be repeated");
}

}  // namespace faceoff
