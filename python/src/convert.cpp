#include "convert.hpp"

#include <map>
#include <variant>

#include "plugin_objects.hpp"

namespace faceoff::python {

py::object of(const char* module, const char* name) {
  return py::module_::import((std::string("faceoff.") + module).c_str()).attr(name);
}

namespace {

/// None for an undefined tensor.
py::object optional(const at::Tensor& tensor) {
  return tensor.defined() ? py::cast(tensor) : py::none();
}

std::string type_of(const py::handle& object) {
  return py::cast<std::string>(py::type::handle_of(object).attr("__name__"));
}

/// A dataclass of faceoff.values. Throws py::type_error where the object is none.
void require(const py::handle& object, const char* name) {
  if (!py::isinstance(object, of("values", name)))
    throw py::type_error("it should return a faceoff." + std::string(name) + ", and returned " + type_of(object));
}

Crop crop_of(const std::string& name, double scale, double down) {
  const std::map<std::string, Crop> crops = {{"whole_picture", WholePicture{}},
                                             {"stretched_picture", StretchedPicture{}},
                                             {"letterboxed_picture", LetterboxedPicture{}},
                                             {"box", BoxCrop{scale, down}},
                                             {"padded_box", PaddedBox{}},
                                             {"dlib_rect", DlibRect{}},
                                             {"five_points", FivePoints{}}};
  const auto found = crops.find(name);
  if (found == crops.end()) {
    std::string known;
    for (const auto& [one, crop] : crops) known += (known.empty() ? "" : ", ") + one;
    throw py::value_error("no crop is '" + name + "': " + known);
  }
  return found->second;
}

template <class T>
std::vector<T> list_of(const py::handle& object) {
  std::vector<T> list;
  for (const py::handle& one : object) list.push_back(py::cast<T>(one));
  return list;
}

template <class... Types>
bool all_of(const py::handle& list) {
  for (const py::handle& one : list) {
    if (py::isinstance<py::bool_>(one) || !(py::isinstance<Types>(one) || ...)) return false;
  }
  return true;
}

}  // namespace

py::object to_python(const Output& output) {
  return of("values", "Output")(optional(output.scores), optional(output.boxes), optional(output.landmarks),
                                optional(output.embedding), optional(output.picture));
}

py::object to_python(const Reference& reference) {
  return of("values", "Reference")(to_python(reference.clean), optional(reference.boxes), optional(reference.extent),
                                   optional(reference.targets), optional(reference.own), optional(reference.subject),
                                   optional(reference.mean));
}

py::object to_python(const Images& images) {
  return of("values", "Images")(optional(images.pixels), optional(images.map), optional(images.landmarks),
                                optional(images.partners));
}

py::object to_python(const Evaluation& evaluation) {
  return of("values", "Evaluation")(optional(evaluation.value), optional(evaluation.gradient),
                                    optional(evaluation.margin));
}

at::Tensor to_tensor(const py::handle& object, const std::string& what) {
  if (object.is_none()) return {};
  if (!THPVariable_Check(object.ptr()))
    throw py::type_error(what + " should be a torch.Tensor, and is " + type_of(object));
  return py::cast<at::Tensor>(object);
}

Output to_output(const py::handle& object) {
  require(object, "Output");
  const auto part = [&](const char* name) { return to_tensor(object.attr(name), std::string("its ") + name); };
  return {part("scores"), part("boxes"), part("landmarks"), part("embedding"), part("picture")};
}

Images to_images(const py::handle& object) {
  require(object, "Images");
  const auto part = [&](const char* name) { return to_tensor(object.attr(name), std::string("its ") + name); };
  return {part("pixels"), part("map"), part("landmarks"), part("partners")};
}

ViewSpec to_view(const py::handle& object) {
  require(object, "View");
  return {py::cast<std::int64_t>(object.attr("height")), py::cast<std::int64_t>(object.attr("width")),
          crop_of(py::cast<std::string>(object.attr("crop")), py::cast<double>(object.attr("scale")),
                  py::cast<double>(object.attr("down")))};
}

Field to_field(const py::handle& object) {
  if (!py::isinstance<py::int_>(object))
    throw py::type_error("its fields should be a faceoff.Field, and are " + type_of(object));
  return static_cast<Field>(py::cast<unsigned>(object));
}

ParamValue to_param_value(const py::handle& object) {
  if (py::isinstance<py::bool_>(object)) return py::cast<bool>(object);
  if (py::isinstance<py::int_>(object)) return py::cast<std::int64_t>(object);
  if (py::isinstance<py::float_>(object)) return py::cast<double>(object);
  if (py::isinstance<py::str>(object)) return py::cast<std::string>(object);
  const bool list = py::isinstance<py::list>(object) || py::isinstance<py::tuple>(object);
  if (list && py::len(object) > 0 && all_of<py::str>(object)) return list_of<std::string>(object);
  if (list && py::len(object) > 0 && all_of<py::int_, py::float_>(object)) return list_of<double>(object);
  throw py::type_error(
      "should be a bool, an int, a float, a str, or a list of numbers or of strings that has one, and is " +
      type_of(object));
}

py::object to_python(const ParamValue& value) {
  return std::visit([](const auto& one) -> py::object { return py::cast(one); }, value);
}

namespace {

std::optional<double> bound(const py::handle& object) {
  return object.is_none() ? std::nullopt : std::optional(py::cast<double>(object));
}

ParamInfo to_param(const py::handle& declared) {
  ParamInfo info;
  info.name = py::cast<std::string>(declared.attr("name"));
  info.doc = py::cast<std::string>(declared.attr("doc"));
  info.unit = py::cast<std::string>(declared.attr("unit"));
  try {
    info.initial = to_param_value(declared.attr("default"));
  } catch (const py::type_error& error) {
    throw PluginError("the default of its parameter '" + info.name + "' " + error.what());
  }
  info.low = bound(declared.attr("low"));
  info.high = bound(declared.attr("high"));
  info.choices = list_of<std::string>(declared.attr("choices"));
  info.file = py::cast<bool>(declared.attr("file"));
  info.set = [name = info.name](Plugin& plugin, const ParamValue& value) { set_param(plugin, name, value); };
  return info;
}

Kind kind_named(const std::string& name) {
  for (const Kind kind : {Kind::model, Kind::loss, Kind::optimizer, Kind::augmentation}) {
    if (to_string(kind) == name) return kind;
  }
  throw py::value_error("no kind of plugin is '" + name + "'");
}

}  // namespace

OwnPlugin to_plugin(const py::handle& description) {
  OwnPlugin plugin;
  PluginInfo& info = plugin.info;
  info.name = py::cast<std::string>(description.attr("name"));
  info.kind = kind_named(py::cast<std::string>(description.attr("kind")));
  info.summary = py::cast<std::string>(description.attr("summary"));
  info.citation = py::cast<std::string>(description.attr("citation"));
  for (const py::handle& declared : description.attr("params")) info.params.push_back(to_param(declared));
  info.create = factory(info.kind, description.attr("plugin"));
  plugin.origin = py::cast<std::string>(description.attr("origin"));
  plugin.sha256 = py::cast<std::string>(description.attr("sha256"));
  return plugin;
}

}  // namespace faceoff::python
