#include "run/item.hpp"

#include <ATen/ATen.h>

#include <chrono>
#include <span>
#include <utility>

#include "attack/attack.hpp"
#include "faces/faces.hpp"
#include "faces/pixels.hpp"
#include "faces/targets.hpp"
#include "picture/picture.hpp"
#include "plugins/black_box.hpp"
#include "plugins/call_plugin.hpp"
#include "plugins/check_answer.hpp"
#include "plugins/thrown.hpp"

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

std::string to_string(Status status) {
  switch (status) {
    case Status::protected_:
      return "protected";
    case Status::no_face:
      return "no_face";
    case Status::failed:
      return "failed";
  }
  return "";
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
    out_ = true;
    report_.status = Status::failed;
    report_.error = what_was_thrown();
    std::error_code ignored;
    for (const auto& file : {output_, as_it_was(output_)})
      std::filesystem::remove(file, ignored);  // nobody has judged it
  }
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
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

void ItemWork::attack(const Gallery& gallery, const std::map<std::string, Person>& photos,
                      const std::function<void(std::int64_t, std::int64_t)>& progress) {
  stage([&] {
    const Experiment& experiment = assembly_.experiment;
    clean_ = to_tensor(original_, at::TensorOptions(experiment.device).dtype(at::kFloat));
    faces_ = find_faces(*assembly_.detector, assembly_.landmarks, clean_, experiment.minimum_score);
    if (!faces_.empty()) optimise(gallery, photos, progress);
  });
}

void ItemWork::optimise(const Gallery& gallery, const std::map<std::string, Person>& photos,
                        const std::function<void(std::int64_t, std::int64_t)>& progress) {
  const Experiment& experiment = assembly_.experiment;
  // Random numbers depend on what the picture holds, so that neither its name nor its place in the list matters.
  const std::uint64_t key = hash(original_.sha256);
  if (!experiment.targets.empty()) {
    const std::string folder = file_.parent_path().filename().string();
    std::vector<at::Tensor> own;
    for (const Face& face : faces_) own.push_back(embed(*assembly_.judges.front().model, clean_, face));
    targets_ = choose_targets(experiment.targets, *assembly_.judges.front().model, experiment.seed, gallery, photos,
                              {original_.sha256, folder, at::stack(own)});
  }

  AttackInput input{clean_, faces_, {}, original_.grey, key};
  for (const Target& target : targets_) input.targets.push_back({target});
  ObjectiveOptions options;
  options.progress = progress;
  options.means = gallery.means();
  try {
    const std::vector<AttackResult> results = faceoff::attack(assembly_, std::span(&input, 1), options);
    report_.queries = results.front().queries;
    report_.trace = results.front().trace;
    attacked_ = delivered_picture(original_, results.front().pixels);
  } catch (...) {
    report_.queries = BlackBox::here().queries;
    throw;
  }
}

void ItemWork::write() {
  stage([&] {
    if (!faces_.empty()) {
      deliver();
      return;
    }
    write_picture(as_it_was(output_), original_);
    report_.quality = compare(original_.rgb, read_picture(as_it_was(output_)).rgb);
    report_.bytes = static_cast<std::int64_t>(std::filesystem::file_size(as_it_was(output_)));
    report_.status = Status::no_face;
  });
}

void ItemWork::deliver() {
  const Experiment& experiment = assembly_.experiment;
  if (experiment.encoding.format == PictureFormat::jpeg) {
    // The budget is the attack's: what the encoding adds to it is told, and what it takes from the success.
    lossless_ = decode_picture(encode_picture(attacked_), output_.string());
    report_.lossless = {compare(original_.rgb, lossless_.rgb), {}};
    check_delivered(report_.lossless->quality, experiment);
    if (!attacked_.alpha.empty()) report_.notes.emplace_back("its transparency is lost in a JPEG");
    attacked_.alpha = cv::Mat();
  }
  write_picture(output_, attacked_, experiment.encoding);
  read_again_ = read_picture(output_);
  report_.bytes = static_cast<std::int64_t>(std::filesystem::file_size(output_));
  report_.quality = compare(original_.rgb, read_again_.rgb);
  if (!report_.lossless) check_delivered(report_.quality, experiment);
  if (report_.lossless && report_.quality.linf > report_.lossless->quality.linf) {
    report_.notes.push_back("as a JPEG it differs by up to " + std::to_string(report_.quality.linf) +
                            " grey levels, and by up to " + std::to_string(report_.lossless->quality.linf) +
                            " before it was encoded");
  }
}

std::vector<FaceReport> ItemWork::judged(const Picture& read_again) const {
  const auto options = at::TensorOptions(assembly_.experiment.device).dtype(at::kFloat);
  return faceoff::judge(assembly_, clean_, to_tensor(read_again, options), faces_, targets_);
}

void ItemWork::judge() {
  stage([&] {
    if (faces_.empty()) return;
    if (report_.lossless) report_.lossless->faces = judged(lossless_);
    report_.faces = judged(read_again_);
    report_.status = Status::protected_;
  });
}

}  // namespace faceoff
