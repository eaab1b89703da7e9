#include "attack/item.hpp"

#include <ATen/ATen.h>

#include <utility>

#include "attack/subject.hpp"
#include "host/black_box.hpp"
#include "host/call_plugin.hpp"
#include "host/check_answer.hpp"
#include "picture/faces.hpp"
#include "picture/picture.hpp"

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

void attack(const Assembly& assembly, const Gallery& gallery, const std::map<std::string, Person>& photos,
            const Picture& original, const std::string& folder, const std::filesystem::path& output,
            const std::function<void(std::int64_t, std::int64_t)>& progress, ItemReport& report) {
  const Experiment& experiment = assembly.experiment;
  const auto options = at::TensorOptions(experiment.device).dtype(at::kFloat);
  const at::Tensor clean = to_tensor(original, options);
  const std::vector<Face> faces = find_faces(*assembly.detector, assembly.landmarks, clean, experiment.minimum_score);
  if (faces.empty()) {
    write_picture(as_it_was(output), original);
    report.quality = compare(original.rgb, read_picture(as_it_was(output)).rgb);
    report.status = Status::no_face;
    return;
  }

  // Random numbers depend on what the picture holds, so that neither its name nor its place in the list matters.
  const std::uint64_t key = hash(original.sha256);
  std::vector<Target> targets;
  if (!experiment.targets.empty()) {
    std::vector<at::Tensor> own;
    for (const Face& face : faces) own.push_back(embed(*assembly.judges.front().model, clean, face));
    targets = choose_targets(assembly, gallery, photos, {original.sha256, folder, at::stack(own)});
  }

  const Subjects subjects = make_subjects(assembly, clean, faces, original.grey, key);
  const Budget budget(subjects.pixels, subjects.mask, experiment.epsilon, experiment.norm);
  ChainObjective objective(assembly, subjects, clean, faces, targets, progress, gallery.means());
  at::Tensor answer;
  try {
    answer = call_plugin("plugin " + experiment.optimizer.info->name,
                         {{"budget.origin", budget.origin}, {"budget.mask", budget.mask}},
                         [&] { return assembly.optimizer->run(objective, budget); });
  } catch (...) {
    report.queries = objective.queries();
    throw;
  }
  objective.rethrow();
  BlackBox::here().step = -1;
  report.queries = objective.queries();
  report.trace = objective.trace();
  check_attacked("plugin " + experiment.optimizer.info->name, answer, budget);

  const at::Tensor pixels = paste(subjects, answer.detach(), clean, faces, experiment.epsilon, experiment.norm);
  Picture delivered = delivered_picture(original, pixels);
  const auto judged = [&](const Picture& read_again) {
    return judge(assembly, clean, to_tensor(read_again, options), faces, targets);
  };
  if (experiment.encoding.format == PictureFormat::jpeg) {
    // The budget is the attack's: what the encoding adds to it is told, and what it takes from the success.
    const Picture lossless = decode_picture(encode_picture(delivered), output.string());
    report.lossless = {compare(original.rgb, lossless.rgb), judged(lossless)};
    check_delivered(report.lossless->quality, experiment);
    if (!delivered.alpha.empty()) report.notes.emplace_back("its transparency is lost in a JPEG");
    delivered.alpha = cv::Mat();
  }
  write_picture(output, delivered, experiment.encoding);
  const Picture read_again = read_picture(output);
  report.quality = compare(original.rgb, read_again.rgb);
  if (!report.lossless) check_delivered(report.quality, experiment);
  if (report.lossless && report.quality.linf > report.lossless->quality.linf) {
    report.notes.push_back("as a JPEG it differs by up to " + std::to_string(report.quality.linf) +
                           " grey levels, and by up to " + std::to_string(report.lossless->quality.linf) +
                           " before it was encoded");
  }
  report.faces = judged(read_again);
  report.status = Status::protected_;
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

ItemReport attack_item(const Assembly& assembly, const Gallery& gallery, const std::map<std::string, Person>& photos,
                       const std::filesystem::path& picture, const std::filesystem::path& output,
                       const std::function<void(std::int64_t, std::int64_t)>& progress) {
  ItemReport report;
  Picture original;
  try {
    original = read_picture(picture);
  } catch (const Error& error) {
    report.error = error.what();
    return report;
  }
  report.notes = original.notes;
  try {
    const std::string folder = std::filesystem::absolute(picture).parent_path().filename().string();
    attack(assembly, gallery, photos, original, folder, output, progress, report);
  } catch (const FileError&) {
    throw;
  } catch (...) {
    report.status = Status::failed;
    report.error = what_was_thrown();
    std::error_code ignored;
    std::filesystem::remove(output, ignored);  // nobody has judged it
  }
  return report;
}

}  // namespace faceoff
