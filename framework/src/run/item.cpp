#include "run/item.hpp"

#include <ATen/ATen.h>

#include <chrono>
#include <utility>

#include "base/numbers.hpp"
#include "faces/faces.hpp"
#include "faces/targets.hpp"
#include "picture/picture.hpp"
#include "plugins/call_plugin.hpp"

namespace faceoff {

namespace {

/// [1,3,H,W] uint8 as the picture that is delivered in place of the original.
Picture delivered_picture(const Picture& original, const at::Tensor& pixels) {
  Picture picture = original;
  picture.rgb = cv::Mat(original.rgb.rows, original.rgb.cols, CV_8UC3);
  at::from_blob(picture.rgb.data, {picture.rgb.rows, picture.rgb.cols, 3}, at::kByte)
      .copy_(pixels.squeeze(0).permute({1, 2, 0}));
  return picture;
}

/// The delivered integers have to keep the budget too.
void check_delivered(const Quality& quality, const Experiment& experiment) {
  const double moved = experiment.norm == Norm::inf ? quality.linf : quality.l2;
  if (moved <= experiment.epsilon + 1e-6) return;
  throw Error("the delivered picture differs by " + c10::str(moved) + ", more than epsilon");
}

/// Where a picture without a face is delivered in place of `output`: as a PNG, which changes nothing of it.
std::filesystem::path as_it_was(std::filesystem::path output) {
  return output.replace_extension(".png");
}

}  // namespace

ItemLine Item::line() const {
  ItemLine line;
  line.item = number;
  line.variant = experiment().variant;
  line.picture = picture.string();
  line.epsilon = experiment().epsilon;
  line.norm = experiment().norm;
  return line;
}

// Whole paths: a plugin may, for a moment, have the process in another folder while this is read or written.
ItemWork::ItemWork(Item item, const std::filesystem::path& run)
    : item_(std::move(item)),
      file_(std::filesystem::absolute(item_.picture)),
      output_(std::filesystem::absolute(run / item_.output)),
      report_{item_.line(), {}} {}

template <class Work>
void ItemWork::stage(const Work& work) {
  if (out_) return;
  const auto start = std::chrono::steady_clock::now();
  try {
    work();
  } catch (const FileError&) {
    throw;
  } catch (...) {
    fail(what_was_thrown());
  }
  report_.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void ItemWork::fail(const std::string& why) {
  out_ = true;
  report_.status = Status::failed;
  report_.error = why;
  report_.output.clear();
  report_.output_sha256.clear();
  std::error_code ignored;
  for (const auto& file : {output_, as_it_was(output_)})
    std::filesystem::remove(file, ignored);  // nobody has judged it
}

void ItemWork::read() {
  stage([&] {
    try {
      original_ = read_to_attack(*item_.variant->assembly, file_, item_.picture);
    } catch (const FileError& error) {
      throw Error(error.what());  // it costs this item alone
    }
    report_.notes = original_.notes;
    report_.picture_sha256 = original_.sha256;
  });
}

void ItemWork::find() {
  stage([&] {
    const Assembly& assembly = *item_.variant->assembly;
    const Experiment& experiment = assembly.experiment;
    input_.clean = to_tensor(original_, at::TensorOptions(experiment.device).dtype(at::kByte));
    input_.faces = find_faces(*assembly.detector, assembly.landmarks, input_.clean, experiment.minimum_score);
    input_.grey = original_.grey;
    if (input_.faces.size() == most_faces) {
      report_.notes.push_back(std::to_string(most_faces) +
                              " faces, the most that are taken: an attack may have put false ones there before");
    }
    // Random numbers depend on what the picture holds, so that neither its name nor its place in the list matters.
    input_.key = hash(original_.sha256);
    if (input_.faces.empty()) return;
    if (!experiment.targets.empty() || experiment.own == Own::photos) choose_people();
  });
}

void ItemWork::choose_people() {
  const Experiment& experiment = item_.experiment();
  const LoadedModel& measure = *item_.variant->assembly->measure();
  const People& people = item_.variant->people.attacked;
  std::vector<at::Tensor> embeddings;
  for (const Face& face : input_.faces) embeddings.push_back(embed(measure, input_.clean, face));
  const std::optional<double> same = measure.threshold(experiment.false_accept_rate);
  input_.targets = choose_targets(experiment.targets, measure, experiment.seed, *people.gallery, people.photos,
                                  {original_.sha256, folder_name(file_), at::stack(embeddings), same});
  for (std::size_t f = 0; f < input_.targets.size(); ++f) {
    const std::vector<Target>& targets = input_.targets[f];
    if (targets.size() != 1 || !same) continue;
    const double cosine = at::matmul(targets.front().attacked.at(&measure), embeddings[f]).mean().item<double>();
    if (cosine < *same) continue;
    report_.notes.push_back("face " + std::to_string(f + 1) + " passes for its target " + targets.front().name +
                            " already, before any attack (" + measure.name + ", cosine " + fixed(cosine, 3) +
                            ", threshold " + fixed(*same, 3) + ")");
  }
  if (experiment.own == Own::face) return;
  for (const at::Tensor& embedding : embeddings) {
    const Person* person =
        owner_of(*people.gallery, measure, original_.sha256, file_, embedding, embeddings.size() == 1);
    input_.own.push_back(person != nullptr ? person->attacked(original_.sha256) : Embeddings());
  }
}

void ItemWork::attacked(const AttackResult& result, double seconds) {
  report_.seconds += seconds;
  stage([&] {
    report_.queries = result.queries;
    report_.trace = result.trace;
    attacked_ = delivered_picture(original_, result.pixels);
    input_.clean.reset();  // it is judged from the file
    for (std::size_t f = 0; f < input_.targets.size(); ++f)
      targets_.push_back(input_.targets[f][result.nearest_target[f]]);
  });
}

void ItemWork::fail(const std::string& why, std::int64_t queries, double seconds) {
  report_.seconds += seconds;
  report_.queries = queries;
  fail(why);
}

void ItemWork::write() {
  stage([&] {
    if (!input_.faces.empty()) {
      deliver();
      return;
    }
    write_picture(as_it_was(output_), original_, {.keeps_exif = item_.experiment().encoding.keeps_exif});
    read_again(as_it_was(output_));
    report_.output = as_it_was(item_.output).string();
    report_.status = Status::no_face;
  });
}

void ItemWork::deliver() {
  const Experiment& experiment = item_.experiment();
  if (experiment.encoding.format == PictureFormat::jpeg) {
    // The budget is the attack's: what the encoding adds to it is told, and what it takes from the success.
    report_.lossless = {compare(original_.rgb, attacked_.rgb), {}};
    check_delivered(report_.lossless->quality, experiment);
    if (!attacked_.alpha.empty()) report_.notes.emplace_back("its transparency is lost in a JPEG");
    attacked_.alpha = cv::Mat();
  }
  write_picture(output_, attacked_, experiment.encoding);
  read_again(output_);
  if (!report_.lossless) check_delivered(report_.quality, experiment);
  if (report_.lossless && report_.quality.linf > report_.lossless->quality.linf) {
    report_.notes.push_back("as a JPEG it differs by up to " + std::to_string(report_.quality.linf) +
                            " grey levels, and by up to " + std::to_string(report_.lossless->quality.linf) +
                            " before it was encoded");
  }
}

void ItemWork::read_again(const std::filesystem::path& written) {
  read_again_ = read_picture(written);
  report_.output_sha256 = read_again_.sha256;
  report_.quality = compare(original_.rgb, read_again_.rgb);
  report_.bytes = static_cast<std::int64_t>(std::filesystem::file_size(written));
}

std::vector<ItemFace> ItemWork::judged(const Picture& delivered) const {
  CleanPicture clean{original_, item_.picture, std::vector<CleanPicture::Attacked>()};
  for (std::size_t f = 0; f < input_.faces.size(); ++f)
    clean.faces->push_back({input_.faces[f].box, targets_.empty() ? "" : targets_[f].name});
  const PreparedVariant& by = *item_.variant;
  return faces_of(by.evaluator->evaluate(clean, delivered, by.judges, by.people.judged.all()).front());
}

void ItemWork::judge() {
  stage([&] {
    if (input_.faces.empty()) return;
    if (report_.lossless) report_.lossless->faces = judged(attacked_);
    report_.faces = judged(read_again_);
    report_.output = item_.output.string();
    const Quality& attack = report_.lossless ? report_.lossless->quality : report_.quality;
    report_.status = attack.linf == 0 ? Status::unchanged : Status::attacked;
  });
}

}  // namespace faceoff
