#include "toml/document.hpp"

#include <faceoff/schema.hpp>

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/files.hpp"
#include "base/one_line.hpp"

namespace faceoff {

namespace {

constexpr const char* extends_key = "extends";

/// KEY=VALUE: VALUE is TOML, else a string.
std::pair<std::string, toml::table> parse_set(const std::string& set) {
  const std::size_t equals = find_outside_strings(set, "=");
  const std::string said = "--set " + one_line(set);
  if (equals >= set.size() || equals == 0) throw ConfigError(said + ": say --set KEY=VALUE");
  const std::string key = set.substr(0, equals), value = set.substr(equals + 1);
  check_toml_text(value, said);
  // A string is parsed too, so that it knows where it was said.
  const auto parse = [&](const std::string& text) { return toml::parse("value = " + text + "\n", said); };
  toml::table holder;
  try {
    holder = parse(value);
  } catch (const toml::parse_error& error) {
    // What begins as a list, a table or a string is meant as TOML, and no word.
    const std::size_t first = value.find_first_not_of(" \t");
    if (first != std::string::npos && std::string_view("[{\"'").find(value[first]) != std::string_view::npos) {
      throw ConfigError(said + ": not TOML: " + std::string(error.description()) +
                        " (strings within a list or a table need quotes)");
    }
    try {
      holder = parse(to_toml(value));
    } catch (const toml::parse_error&) {
      throw ConfigError(said + ": no UTF-8");
    }
  }
  if (holder.size() != 1) throw ConfigError(said + ": one value");
  if (parse_key(key).value_or(Key{""}).front() == extends_key)
    throw ConfigError(said + ": 'extends' can't be set: name the experiment that extends it");
  return {key, std::move(holder)};
}

toml::table parse_source(const SourceText& source) {
  try {
    return toml::parse(source.text, source.file);
  } catch (const toml::parse_error& error) {
    throw ConfigError("not TOML: " + std::string(error.description()), place_of(error.source()));
  }
}

/// The files that one extends, found from its folder. Throws ConfigError with the place.
std::vector<std::filesystem::path> extended(const toml::table& root, const std::string& file) {
  std::vector<std::filesystem::path> files;
  const toml::node* node = root.get(extends_key);
  if (node == nullptr) return files;
  const auto add = [&](const toml::node& one) {
    const std::string name = one.value_or(std::string());
    if (name.empty() || name.find('\0') != std::string::npos) {
      throw ConfigError("'extends' should be an experiment's file, or a list of such: extends = \"base.toml\"",
                        place_of(one.source()));
    }
    files.push_back((std::filesystem::path(file).parent_path() / name).lexically_normal());
    std::error_code ignored;
    if (!std::filesystem::exists(files.back(), ignored))
      throw ConfigError("no experiment " + files.back().string(), place_of(one.source()));
    if (std::filesystem::is_directory(files.back(), ignored)) {
      throw ConfigError(files.back().string() + " is a folder: 'extends' names an experiment's file",
                        place_of(one.source()));
    }
  };
  if (const toml::array* list = node->as_array()) {
    for (const toml::node& one : *list) add(one);
  } else {
    add(*node);
  }
  return files;
}

/// Whether a value takes the place of another one whole: a table under a header of its own is put together with it,
/// unless it names a plugin, whose parameters are not another one's.
bool whole(const toml::node& value) {
  const toml::table* table = value.as_table();
  return table == nullptr || table->is_inline() || table->contains("plugin");
}

/// Puts what a file says over what it extends, whose [sweep] then no longer sweeps what the file sets.
void put_over(toml::table& base, toml::table& into, toml::table&& from, const std::string& within) {
  for (auto& [key, value] : from) {
    const std::string name = (within.empty() ? "" : within + ".") + as_key(std::string(key.str()));
    toml::node* there = into.get(key);
    const bool together = there != nullptr && there->is_table() && !whole(value);
    const bool sweeps = name == "sweep" || within == "sweep";
    if (whole(value) && !sweeps && name != extends_key) take_from_sweep(base, name, key.source());
    if (together) {
      put_over(base, *there->as_table(), std::move(*value.as_table()), name);
    } else {
      into.insert_or_assign(toml::key(key), std::move(value));
    }
  }
}

/// Puts KEY=VALUE over what is there and what [sweep] says of the key.
void put_set(toml::table& root, const std::string& set) {
  auto [key, holder] = parse_set(set);
  toml::node& value = *holder.get("value");
  const toml::source_region source = value.source();
  take_from_sweep(root, key, source);
  put(root, key, std::move(value), source);
}

}  // namespace

toml::table parse_sets(const std::vector<std::string>& sets) {
  toml::table root;
  for (const std::string& set : sets) put_set(root, set);
  return root;
}

Document::Document(const std::filesystem::path& path, std::vector<std::string> sets) : sets_(std::move(sets)) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) throw MissingFile("no experiment " + path.string(), path);
  read(path, {});
  toml::table root = parse();
  Diagnostics diagnostics(sources_);
  variants_ = read_sweep(root, diagnostics);
  diagnostics.throw_if_any();
}

template <class Work>
void Document::shown(const Work& work) const {
  Diagnostics diagnostics(sources_);
  try {
    work();
  } catch (const ConfigError& error) {
    if (error.place().file.empty()) throw;  // it says where by itself
    diagnostics.add(error.place(), error.what());
  }
  diagnostics.throw_if_any();
}

void Document::read(const std::filesystem::path& path, std::vector<std::string> by) {
  SourceText source{path.string(), {}};
  by.push_back(source.file);
  try {
    const std::vector<std::uint8_t> bytes = read_file(path, longest_toml + 1);
    source.text.assign(bytes.begin(), bytes.end());
  } catch (const FileError& error) {
    throw ConfigError(error.what());
  }
  check_toml_text(source.text, source.file);
  std::vector<std::filesystem::path> bases;
  sources_.push_back(source);  // for the fault's line to be shown
  shown([&] {
    const toml::table root = parse_source(source);
    bases = extended(root, source.file);
    for (const std::filesystem::path& base : bases) {
      if (std::ranges::find(by, base.string()) != by.end())
        throw ConfigError("it extends itself: " + base.string() + " leads here",
                          place_of(root.get(extends_key)->source()));
    }
  });
  sources_.pop_back();
  for (const std::filesystem::path& base : bases) {
    if (std::ranges::find(sources_, base.string(), &SourceText::file) == sources_.end()) read(base, by);
  }
  sources_.push_back(std::move(source));
}

std::string Document::whole_text() const {
  std::string text;
  for (const SourceText& source : sources_) text += source.text;
  for (const std::string& set : sets_) text += "\n" + set;
  return text;
}

toml::table Document::parse() const {
  toml::table root;
  shown([&] {
    for (const SourceText& source : sources_) {
      toml::table next = parse_source(source);
      // An experiment has a name of its own, or its file's.
      root.erase("name");
      put_over(root, root, std::move(next), "");
    }
    root.erase(extends_key);
    for (const std::string& set : sets_) put_set(root, set);
  });
  return root;
}

std::string Document::sweep() const {
  toml::table root = parse();
  return sweep_to_toml(root);
}

toml::table Document::tables(const Variant& variant) const {
  toml::table root = parse();
  shown([&] {
    for (const Variant::Setting& setting : variant.settings) {
      const auto [key, node] = find(root, setting);
      const toml::source_region source = key->source();
      put(root, setting.key, std::move(*node), source);
    }
  });
  root.erase("sweep");
  return root;
}

Place Document::place_of_key(const Variant::Setting& setting) const {
  toml::table root = parse();
  return place_of(find(root, setting).first->source());
}

}  // namespace faceoff
