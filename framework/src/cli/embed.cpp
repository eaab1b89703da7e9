// faceoff embed: the faces of people as embeddings, for programs and as a gallery's file.
#include <ATen/core/Tensor.h>
#include <boost/program_options/value_semantic.hpp>
#include <nlohmann/json.hpp>

#include <iostream>
#include <optional>

#include "base/files.hpp"
#include "base/one_line.hpp"
#include "cli/commands.hpp"
#include "cli/named_models.hpp"
#include "cli/options.hpp"

namespace faceoff {

namespace {

namespace po = boost::program_options;
using Json = nlohmann::ordered_json;

Json to_json(const Gallery& gallery) {
  Json people = Json::array();
  for (const Person& person : gallery.people()) {
    Json models = Json::object();
    for (const auto& [model, embeddings] : person.embeddings) {
      Json rows = Json::array();
      const at::Tensor values = embeddings.to(at::kFloat).contiguous();
      for (std::int64_t r = 0; r < values.size(0); ++r) {
        const float* const row = values.data_ptr<float>() + r * values.size(1);
        rows.push_back(std::vector<float>(row, row + values.size(1)));
      }
      models[model->name] = rows;
    }
    people.push_back({{"name", person.name}, {"photos", person.photos}, {"embeddings", models}});
  }
  return {{"pictures", gallery.counts().pictures}, {"faces_found", gallery.counts().found}, {"people", people}};
}

/// The file that was asked for, if any: known to be one that can be written before much is computed for it.
std::string output_of(const po::variables_map& given) {
  if (!given.contains("output")) return {};
  const std::string file = given["output"].as<std::string>();
  if (!file.ends_with(".safetensors")) throw ConfigError("--output " + one_line(file) + ": name a file .safetensors");
  check_place(file);
  return file;
}

}  // namespace

int embed_command(std::vector<std::string> args) {
  po::options_description shown("faceoff embed PICTURE…|DIR");
  shown.add_options()          //
      ("help,h", "show this")  //
      ("output,o", po::value<std::string>(), "a safetensors file, which [data] people reads; else JSON is printed");
  add_portraying_options(shown);
  NamedModels::add_options(shown);
  const std::optional<po::variables_map> parsed = parse_pictures(
      args, shown,
      "The embeddings of people: of a folder with a folder a person each photo's best face, of pictures each face.");
  if (!parsed) return static_cast<int>(ExitCode::done);
  const po::variables_map& given = *parsed;
  if (!given.contains("picture")) throw ConfigError("embed needs pictures: faceoff embed PICTURE…|DIR");
  const std::string output = output_of(given);
  NamedModels models(given);
  const Portraying by = portraying(given, models);
  const Gallery gallery = read_people(by, given["picture"].as<std::vector<std::string>>());
  if (gallery.people().empty())
    throw PictureError("no face was found on any of " + std::to_string(gallery.counts().pictures) + " pictures");
  if (output.empty()) {
    print(to_json(gallery).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  } else {
    write_atomically(output, gallery.to_safetensors());
    print(output + "\n");
  }
  return static_cast<int>(gallery.counts().unreadable > 0 ? ExitCode::items_failed : ExitCode::done);
}

}  // namespace faceoff
