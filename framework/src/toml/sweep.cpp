#include "toml/sweep.hpp"

#include <faceoff/schema.hpp>

#include <boost/algorithm/string/predicate.hpp>

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>

#include "toml/dotted_key.hpp"

namespace faceoff {

namespace {

constexpr std::size_t most_variants = 10000;
constexpr std::size_t longest_variant = 200;  // a folder's name has at most 255 bytes
constexpr const char* zip_key = "zip";
constexpr const char* name_key = "name";

/// What is swept together: a list, or the lists of one zip.
struct Axis {
  struct Point {
    std::string name;  ///< as part of a variant's
    std::vector<std::pair<std::string, std::string>> choices;
  };
  std::optional<std::size_t> zip;
  std::vector<std::string> keys;
  std::vector<Point> points;
};

/// Text as a part of a folder's name.
std::string fit_for_folder(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_' || c == '+';
    if (plain) {
      out += c;
    } else if (!out.empty() && out.back() != '_') {
      out += '_';
    }
  }
  return out.substr(0, 48);
}

/// The plugins that a swept table, or list of tables, is about: "detection+similarity"; empty where it is about none.
std::string plugins_of(const toml::node& value) {
  if (const toml::table* table = value.as_table()) return (*table)["plugin"].value_or(std::string());
  std::string text;
  if (const toml::array* list = value.as_array()) {
    for (const toml::node& one : *list) {
      const std::string plugin = one.is_table() ? plugins_of(one) : "";
      if (plugin.empty()) return "";
      text += (text.empty() ? "" : "+") + plugin;
    }
  }
  return text;
}

/// What a swept value is called in a variant's name.
std::string label(const toml::node& value) {
  std::ostringstream stream;
  if (const auto* text = value.as_string()) {
    stream << text->get();
  } else if (const auto* number = value.as_floating_point()) {
    stream << to_toml(number->get());
  } else if (const std::string plugins = plugins_of(value); !plugins.empty()) {
    stream << plugins;
  } else {
    value.visit([&](const auto& concrete) { stream << concrete; });
  }
  return fit_for_folder(stream.str());
}

std::vector<toml::table*> zips_of(toml::table& sweep) {
  std::vector<toml::table*> zips;
  toml::node* zip = sweep.get(zip_key);
  if (zip == nullptr) return zips;
  if (toml::table* one = zip->as_table()) zips.push_back(one);
  if (toml::array* list = zip->as_array()) {
    for (toml::node& one : *list) {
      if (toml::table* table = one.as_table()) zips.push_back(table);
    }
  }
  return zips;
}

/// Reads [sweep] into its axes.
class Reader {
 public:
  Reader(toml::table& sweep, Diagnostics& diagnostics) : sweep_(sweep), diagnostics_(diagnostics) {}

  std::vector<Axis> axes() {
    collect_keys();
    for (const auto& [key, value] : sweep_) {
      if (key.str() == zip_key) {
        add_zips(value);
      } else {
        add_axis(std::nullopt, {{std::string(key.str()), &value}}, value);
      }
    }
    for (Axis& axis : axes_) tell_apart(axis);
    return std::move(axes_);
  }

 private:
  using Lists = std::vector<std::pair<std::string, const toml::node*>>;

  void fault(const toml::node& at, const std::string& message) { diagnostics_.add(place_of(at.source()), message); }

  /// All keys, to see which of them overrule one another.
  void collect_keys() {
    const auto add = [&](const toml::table& table) {
      for (const auto& [key, value] : table) {
        if (key.str() != zip_key && key.str() != name_key)
          keys_.push_back(parse_key(std::string(key.str())).value_or(Key{""}));
      }
    };
    add(sweep_);
    for (const toml::table* zip : zips_of(sweep_)) add(*zip);
  }

  bool good_key(const std::string& name, const toml::node& value) {
    const Key parts = parse_key(name).value_or(Key{""});
    if (parts.front() == "sweep" || parts.front() == "extends") {
      fault(value, "'" + name + "' can't be swept");
      return false;
    }
    const bool overruled = std::ranges::any_of(keys_, [&](const Key& other) { return nested(parts, other); });
    if (overruled || std::ranges::count(keys_, parts) > 1) {
      fault(value, "'" + name + "' is swept, and another swept key is " +
                       (overruled ? "within it or it in that" : "the same") + ": sweep one of them");
      return false;
    }
    return true;
  }

  bool good_list(const std::string& name, const toml::node& value) {
    const toml::array* list = value.as_array();
    if (list != nullptr && !list->empty()) return true;
    fault(value, "sweep '" + name + "' should be a list of at least one value" +
                     (value.is_table() ? " (quote dotted keys: \"attack.epsilon\" = [8])" : ""));
    return false;
  }

  /// A key as variants' names have it: its last part, where no other key ends so.
  std::string shown(const std::string& name) const {
    const Key parts = parse_key(name).value_or(Key{name});
    const bool alone = std::ranges::count(keys_, parts.back(), [](const Key& k) { return k.back(); }) == 1;
    return fit_for_folder(alone ? parts.back() : name);
  }

  void add_zips(const toml::node& node) {
    const toml::array* list = node.as_array();
    const bool tables =
        node.is_table() || (list != nullptr && !list->empty() &&
                            std::ranges::all_of(*list, [](const toml::node& one) { return one.is_table(); }));
    if (!tables) {
      fault(node, "'zip' should be a table of lists that go together: [sweep.zip], or several: [[sweep.zip]]");
      return;
    }
    const std::vector<toml::table*> zips = zips_of(sweep_);
    for (std::size_t z = 0; z < zips.size(); ++z) {
      Lists lists;
      for (const auto& [key, value] : *zips[z]) lists.emplace_back(key.str(), &value);
      add_axis(z, lists, *zips[z]);
    }
  }

  /// Adds the axis of the lists of a zip, or of a list by itself, unless there is a fault in them. `at`: where they
  /// are.
  void add_axis(const std::optional<std::size_t>& zip, const Lists& lists, const toml::node& at) {
    Axis axis{zip, {}, {}};
    std::vector<const toml::array*> values;  // of each key
    const toml::array* named = nullptr;
    std::size_t size = 0;
    for (const auto& [name, node] : lists) {
      const bool gives_names = zip && name == name_key;
      if ((!gives_names && !good_key(name, *node)) || !good_list(name, *node)) return;
      const toml::array* list = node->as_array();
      if (size == 0) size = list->size();
      if (list->size() != size) {
        fault(*node, "the lists of a zip go together, so that they are of one length: '" + lists.front().first +
                         "' has " + std::to_string(size) + " and '" + name + "' " + std::to_string(list->size()));
        return;
      }
      if (gives_names) {
        named = list;
      } else {
        axis.keys.push_back(name);
        values.push_back(list);
      }
    }
    if (axis.keys.empty()) {
      fault(at, "a zip needs lists of values to go together: \"attack.epsilon\" = [4, 8]");
      return;
    }
    std::vector<std::string> names;
    if (named != nullptr && !read_names(*named, names)) return;
    for (std::size_t i = 0; i < size; ++i) {
      Axis::Point& point = axis.points.emplace_back();
      if (named != nullptr) point.name = names[i];
      for (std::size_t k = 0; k < axis.keys.size(); ++k) {
        const std::string value = named != nullptr ? names[i] : label(*values[k]->get(i));
        if (named == nullptr) point.name += (k == 0 ? "" : ",") + shown(axis.keys[k]) + "=" + value;
        point.choices.emplace_back(axis.keys[k], value);
      }
    }
    axes_.push_back(std::move(axis));
  }

  /// A zip's names, which become folders'; false where they are no names.
  bool read_names(const toml::array& list, std::vector<std::string>& names) {
    for (const toml::node& one : list) {
      const std::string name = one.value_or(std::string());
      // Some file systems take A for a.
      const auto alike = [&](const std::string& other) { return boost::iequals(other, name); };
      if (name.empty() || name.front() == '.' || fit_for_folder(name) != name || std::ranges::any_of(names, alike)) {
        fault(one,
              "a variant's name becomes a folder's: 1 to 48 letters, digits, '_', '-', '+' and '.', not '.' first, "
              "each name once");
        return false;
      }
      names.push_back(name);
    }
    return true;
  }

  /// Values that read alike once made fit for a folder's name get a number.
  static void tell_apart(Axis& axis) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < axis.points.size(); ++i) {
      Axis::Point& point = axis.points[i];
      if (seen.insert(point.name).second) continue;
      const std::string number = "#" + std::to_string(i + 1);
      point.name += number;
      for (auto& [key, value] : point.choices) value += number;
      seen.insert(point.name);
    }
  }

  toml::table& sweep_;
  Diagnostics& diagnostics_;
  std::vector<Key> keys_;
  std::vector<Axis> axes_;
};

std::vector<Variant> product(const std::vector<Axis>& axes) {
  std::vector<Variant> variants = {Variant{}};
  for (const Axis& axis : axes) {
    std::vector<Variant> more;
    for (const Variant& variant : variants) {
      for (std::size_t i = 0; i < axis.points.size(); ++i) {
        Variant& next = more.emplace_back(variant);
        next.name += (next.name.empty() ? "" : ",") + axis.points[i].name;
        for (const std::string& key : axis.keys) next.settings.push_back({axis.zip, key, i});
        next.choices.insert(next.choices.end(), axis.points[i].choices.begin(), axis.points[i].choices.end());
      }
    }
    variants = std::move(more);
  }
  return variants;
}

}  // namespace

std::vector<Variant> read_sweep(toml::table& root, Diagnostics& diagnostics) {
  toml::node* node = root.get("sweep");
  toml::table* sweep = node != nullptr ? node->as_table() : nullptr;
  if (node != nullptr && sweep == nullptr)
    diagnostics.add(place_of(node->source()), "'sweep' should be a table of lists: [sweep]");
  std::vector<Axis> axes;
  if (sweep != nullptr) axes = Reader(*sweep, diagnostics).axes();
  double size = 1;
  for (const Axis& axis : axes) size *= static_cast<double>(axis.points.size());
  if (size > most_variants) {
    diagnostics.add(place_of(sweep->source()), "more than " + std::to_string(most_variants) + " variants");
    return {};
  }
  std::vector<Variant> variants = product(axes);
  if (axes.empty()) variants.front().name = "base";
  std::set<std::string> names;
  for (std::size_t i = 0; i < variants.size(); ++i) {
    std::string& name = variants[i].name;
    name = name.substr(0, longest_variant);
    if (!names.insert(name).second) names.insert(name += "#" + std::to_string(i + 1));
  }
  return variants;
}

std::pair<const toml::key*, toml::node*> find(toml::table& root, const Variant::Setting& setting) {
  toml::table& sweep = *root["sweep"].as_table();
  toml::table& holder = setting.zip ? *zips_of(sweep).at(*setting.zip) : sweep;
  const auto swept = holder.find(setting.key);
  return {&swept->first, swept->second.as_array()->get(setting.index)};
}

void take_from_sweep(toml::table& root, const std::string& key, const toml::source_region& source) {
  toml::table* sweep = root["sweep"].as_table();
  const std::optional<Key> parts = parse_key(key);
  if (sweep == nullptr || !parts) return;  // what is no key is told of where it is put
  std::vector<toml::table*> holders = zips_of(*sweep);
  holders.push_back(sweep);
  for (toml::table* holder : holders) {
    for (auto swept = holder->begin(); swept != holder->end();) {
      const std::string name(swept->first.str());
      const bool is_key = name != (holder == sweep ? zip_key : name_key);
      const std::optional<Key> other = is_key ? parse_key(name) : std::nullopt;
      if (other && nested(*parts, *other))
        throw ConfigError("'" + name + "' is swept, which would overrule this: set that key itself", place_of(source));
      swept = other == parts ? holder->erase(swept) : std::next(swept);
    }
  }
  // A zip of which nothing but names is left sweeps nothing.
  const auto spent = [](const toml::node& zip) {
    const toml::table* table = zip.as_table();
    return table != nullptr && (table->empty() || (table->size() == 1 && table->contains(name_key)));
  };
  if (toml::array* list = sweep->get_as<toml::array>(zip_key)) {
    for (std::size_t i = list->size(); i-- > 0;) {
      if (spent(*list->get(i))) list->erase(list->begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (list->empty()) sweep->erase(zip_key);
  } else if (const toml::table* zip = sweep->get_as<toml::table>(zip_key); zip != nullptr && spent(*zip)) {
    sweep->erase(zip_key);
  }
}

std::string sweep_to_toml(toml::table& root) {
  toml::table* sweep = root["sweep"].as_table();
  if (sweep == nullptr || sweep->empty()) return "";
  std::ostringstream text;
  const auto write = [&](const toml::table& table) {
    for (const auto& [key, list] : table) {
      if (&table == sweep && key.str() == zip_key) continue;
      text << to_toml(std::string(key.str())) << " = ";
      list.visit([&](const auto& concrete) { text << toml::toml_formatter(concrete); });
      text << "\n";
    }
  };
  text << "\n[sweep]\n";
  write(*sweep);
  for (const toml::table* zip : zips_of(*sweep)) {
    text << "\n[[sweep.zip]]\n";
    write(*zip);
  }
  return text.str();
}

}  // namespace faceoff
