#include "run/item.hpp"

#include <ATen/ATen.h>

#include <chrono>
#include <utility>

#include "faces/faces.hpp"
#include "faces/targets.hpp"
#include "picture/picture.hpp"
#include "plugins/call_plugin.hpp"

namespace faceoff {

namespace {

/// [1,3,H,W] uint8 as the picture that is delivered in place of the original.
Picture delivered_picture(const Picture& original, const at::Tensor& pixels) {
  Picture picture = original;
  const at::Tensor rows = pixels.squeeze(0).permute({1, 2, 0}).to(at::kCPU).contiguous();
  picture.rgb = cv::Mat(original.rgb.rows, original.rgb.cols, CV_8UC3, rows.data_ptr()).clone();
  return picture;
}

/// The delivered integers have to keep the budget too.
void check_delivered(const Quality& quality, const Experiment& experiment) {
  const double moved = experiment.norm == Norm::inf ? quality.linf : quality.l2;
  if (moved <= experiment.epsilon + 1e-6) return;
  throw Error("the delivered picture differs by " + c10::str(moved) + ", more than epsilon");
}

}  // namespace

std::filesystem::path as_it_was(std::filesystem::path output) {
  return output.replace_extension(".png");
}

std::vector<ItemFace> judge(const JudgedBy& by, const Picture& clean, const std::filesystem::path& file,
                            const std::vector<Face>& faces, const std::vector<Target>& targets,
                            const Picture& delivered) {
  CleanPicture one{clean, file, std::vector<CleanPicture::Attacked>()};
  for (std::size_t f = 0; f < faces.size(); ++f)
    one.faces->push_back({faces[f].box, targets.empty() ? "" : targets[f].name});
  return faces_of(by.evaluator->evaluate(one, delivered, by.judges, *by.people).front());
}

// Whole paths: a plugin may, for a moment, have the process in another folder while this is read or written.
ItemWork::ItemWork(const Assembly& assembly, std::filesystem::path picture, const std::filesystem::path& output)
    : assembly_(assembly),
      picture_(std::move(picture)),
      file_(std::filesystem::absolute(picture_)),
      output_(std::filesystem::absolute(output)) {}

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
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void ItemWork::fail(const std::string& why) {
  out_ = true;
  report_.status = Status::failed;
  report_.error = why;
  std::error_code ignored;
  for (const auto& file : {output_, as_it_was(output_)})
    std::filesystem::remove(file, ignored);  // nobody has judged it
}

void ItemWork::read() {
  stage([&] {
    try {
      original_ = read_picture(file_, {.name = picture_});
    } catch (const FileError& error) {
      throw Error(error.what());  // it costs this item alone
    }
    report_.notes = original_.notes;
    report_.sha256 = original_.sha256;
  });
}

void ItemWork::find(const People& people) {
  stage([&] {
    const Experiment& experiment = assembly_.experiment;
    input_.clean = to_tensor(original_, at::TensorOptions(experiment.device).dtype(at::kFloat));
    input_.faces = find_faces(*assembly_.detector, assembly_.landmarks, input_.clean, experiment.minimum_score);
    input_.grey = original_.grey;
    // Random numbers depend on what the picture holds, so that neither its name nor its place in the list matters.
    input_.key = hash(original_.sha256);
    if (!input_.faces.empty() && !experiment.targets.empty()) choose(people);
  });
}

void ItemWork::choose(const People& people) {
  const Experiment& experiment = assembly_.experiment;
  const std::string folder = folder_name(file_);
  std::vector<at::Tensor> own;
  for (const Face& face : input_.faces) own.push_back(embed(*assembly_.measure(), input_.clean, face));
  input_.targets = choose_targets(experiment.targets, *assembly_.measure(), experiment.seed, *people.gallery,
                                  people.photos, {original_.sha256, folder, at::stack(own)});
}

void ItemWork::attacked(const AttackResult& result, double seconds) {
  seconds_ += seconds;
  stage([&] {
    report_.queries = result.queries;
    report_.trace = result.trace;
    attacked_ = delivered_picture(original_, result.pixels);
    for (std::size_t f = 0; f < input_.targets.size(); ++f)
      targets_.push_back(input_.targets[f][result.nearest_target[f]]);
  });
}

void ItemWork::fail(const std::string& why, std::int64_t queries, double seconds) {
  seconds_ += seconds;
  report_.queries = queries;
  fail(why);
}

void ItemWork::write() {
  stage([&] {
    if (!input_.faces.empty()) {
      deliver();
      return;
    }
    write_picture(as_it_was(output_), original_);
    read_again_ = read_picture(as_it_was(output_));
    report_.output_sha256 = read_again_.sha256;
    report_.quality = compare(original_.rgb, read_again_.rgb);
    report_.bytes = static_cast<std::int64_t>(std::filesystem::file_size(as_it_was(output_)));
    report_.status = Status::no_face;
  });
}

void ItemWork::deliver() {
  const Experiment& experiment = assembly_.experiment;
  if (experiment.encoding.format == PictureFormat::jpeg) {
    // The budget is the attack's: what the encoding adds to it is told, and what it takes from the success.
    report_.lossless = {compare(original_.rgb, attacked_.rgb), {}};
    check_delivered(report_.lossless->quality, experiment);
    if (!attacked_.alpha.empty()) report_.notes.emplace_back("its transparency is lost in a JPEG");
    attacked_.alpha = cv::Mat();
  }
  write_picture(output_, attacked_, experiment.encoding);
  read_again_ = read_picture(output_);
  report_.output_sha256 = read_again_.sha256;
  report_.bytes = static_cast<std::int64_t>(std::filesystem::file_size(output_));
  report_.quality = compare(original_.rgb, read_again_.rgb);
  if (!report_.lossless) check_delivered(report_.quality, experiment);
  if (report_.lossless && report_.quality.linf > report_.lossless->quality.linf) {
    report_.notes.push_back("as a JPEG it differs by up to " + std::to_string(report_.quality.linf) +
                            " grey levels, and by up to " + std::to_string(report_.lossless->quality.linf) +
                            " before it was encoded");
  }
}

void ItemWork::judge(const JudgedBy& by) {
  stage([&] {
    if (input_.faces.empty()) return;
    const auto judged = [&](const Picture& delivered) {
      return faceoff::judge(by, original_, picture_, input_.faces, targets_, delivered);
    };
    if (report_.lossless) report_.lossless->faces = judged(attacked_);
    report_.faces = judged(read_again_);
    report_.status = Status::attacked;
  });
}

}  // namespace faceoff
