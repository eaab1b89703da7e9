// faceoff embed: the faces of people as embeddings, for programs and as a gallery's file.
#include <ATen/core/Tensor.h>

#include <string>

#include "base/files.hpp"
#include "base/json.hpp"
#include "base/one_line.hpp"
#include "cli/commands.hpp"
#include "cli/named_models.hpp"
#include "cli/process.hpp"

namespace faceoff {

namespace {

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
std::string output_of(const Arguments& given) {
  if (!given.has("output")) return {};
  const std::string file = given.text("output");
  if (!file.ends_with(".safetensors")) throw ConfigError("--output " + one_line(file) + ": name a file .safetensors");
  check_place(file);
  return file;
}

int embed(const Arguments& given) {
  const std::string output = output_of(given);
  NamedModels models(given);
  const Portraying by = portraying(given, models);
  const Gallery gallery = read_people(by, given.texts("picture"));
  if (gallery.people().empty())
    throw PictureError("no face was found on any of " + std::to_string(gallery.counts().pictures) + " pictures");
  if (output.empty()) {
    print(to_text(to_json(gallery), 2) + "\n");
  } else {
    write_atomically(output, gallery.to_safetensors());
    print(output + "\n");
  }
  return static_cast<int>(gallery.counts().unreadable > 0 ? ExitCode::items_failed : ExitCode::done);
}

}  // namespace

Command embed_command() {
  return Command("faceoff embed PICTURE…|DIR",
                 "The embeddings of people: of a folder with a folder a person each photo's best face, of pictures "
                 "each face.",
                 embed)
      .operand("picture", -1, "embed needs pictures")
      .text("output,o", "a safetensors file, which [data] people reads; else JSON is printed")
      .with(add_portraying_options);
}

}  // namespace faceoff
