// faceoff detect: the faces of pictures, as JSON and drawn.
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <climits>
#include <cmath>
#include <iostream>
#include <map>

#include "base/files.hpp"
#include "base/json.hpp"
#include "base/numbers.hpp"
#include "base/one_line.hpp"
#include "base/stems.hpp"
#include "cli/commands.hpp"
#include "cli/named_models.hpp"
#include "cli/process.hpp"
#include "faces/faces.hpp"
#include "picture/find_pictures.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

double thousandths(double value) {
  return std::round(value * 1e3) / 1e3;
}

Json face_json(const Face& face) {
  const Box& b = face.box;
  Json json = {{"box", {thousandths(b.x0), thousandths(b.y0), thousandths(b.x1), thousandths(b.y1)}},
               {"score", rounded(face.score)},
               {"landmarks", nullptr}};
  if (!face.landmarks.defined()) return json;
  const auto points = face.landmarks.accessor<double, 2>();
  json["landmarks"] = Json::array();
  for (std::int64_t k = 0; k < points.size(0); ++k)
    json["landmarks"].push_back({thousandths(points[k][0]), thousandths(points[k][1])});
  return json;
}

const cv::Scalar green = {40, 220, 90}, dark = {0, 60, 20};

int whole(double width) {
  return std::max(1, static_cast<int>(std::lround(width)));
}

/// A face's score above its box, or within where there is no room; `larger`: the picture's larger side.
void write_score(cv::Mat& picture, const Face& face, double larger) {
  constexpr int font = cv::FONT_HERSHEY_SIMPLEX;
  const std::string text = fixed(face.score, 2);
  const double height = std::max(larger / 70, 7.);  // less can't be read
  const double size = height / 21;                  // the font's capitals are 21 pixels high
  const int width = whole(height / 12), gap = whole(height / 3);
  const cv::Size room = cv::getTextSize(text, font, size, width, nullptr);
  const int above = static_cast<int>(face.box.y0) - gap, within = static_cast<int>(face.box.y0) + room.height + gap;
  const cv::Point at(std::clamp(static_cast<int>(face.box.x0), 0, std::max(picture.cols - room.width, 0)),
                     above > room.height ? above : within);
  cv::putText(picture, text, at, font, size, dark, width + 2 * whole(height / 10), cv::LINE_AA);
  cv::putText(picture, text, at, font, size, green, width, cv::LINE_AA);
}

/// A face's box with its score and its points. Lines and letters grow with the picture, points with the face, so that
/// they stay apart.
void draw(cv::Mat& picture, const Face& face) {
  constexpr int bits = 4;  // to sixteenths of a pixel
  const auto fraction = [](double value) { return static_cast<int>(std::lround(value * (1 << bits))); };
  const auto place = [&](double x, double y) { return cv::Point(fraction(x), fraction(y)); };
  const Box& box = face.box;
  const double larger = std::max(picture.cols, picture.rows);
  cv::rectangle(picture, place(box.x0, box.y0), place(box.x1, box.y1), green, whole(larger / 500), cv::LINE_AA, bits);
  write_score(picture, face, larger);
  if (!face.landmarks.defined()) return;
  const double side = std::min(box.width(), box.height());
  const auto points = face.landmarks.accessor<double, 2>();
  for (std::int64_t k = 0; k < points.size(0); ++k) {
    cv::circle(picture, place(points[k][0], points[k][1]), fraction(std::max(.012 * side, .5)), green, cv::FILLED,
               cv::LINE_AA, bits);
  }
}

Picture drawn(Picture picture, const std::vector<Face>& faces) {
  picture.rgb = picture.rgb.clone();
  if (picture.one_channel) picture.profile.clear();  // which is one of grey pictures
  picture.grey = picture.one_channel = false;
  for (const Face& face : faces) draw(picture.rgb, face);
  return picture;
}

/// Where each picture's drawing goes: nowhere without --draw. The folder is made.
std::map<fs::path, fs::path> drawing_places(const Arguments& given, const std::vector<fs::path>& pictures) {
  std::map<fs::path, fs::path> places;
  if (!given.has("draw")) return places;
  const fs::path folder = given.text("draw");
  if (folder.empty()) throw ConfigError("--draw: name a folder");
  std::error_code error;
  for (const auto& [picture, stem] : delivered_stems(pictures)) {
    const fs::path& place = places[picture] = folder / (stem + ".png");
    if (!fs::exists(place, error)) continue;
    const auto replaced = [&](const fs::path& other) { return fs::equivalent(other, place, error); };
    if (const auto other = std::ranges::find_if(pictures, replaced); other != pictures.end()) {
      throw ConfigError("--draw " + one_line(folder.string()) + ": the drawing would replace the picture " +
                        one_line(other->string()) + "; name another folder");
    }
  }
  make_folder(folder);
  return places;
}

int find(const Arguments& given) {
  const double minimum = given.minimum_score();
  const FoundPictures pictures = find_pictures(given.texts("picture"));
  for (const std::string& line : words_of(pictures.left_out)) std::cerr << "left out: " << line << '\n';
  const std::vector<fs::path>& files = pictures.files;
  NamedModels models(given);
  const LoadedModel& detector = models.get(given.text("model"), Field::scores | Field::boxes);
  const std::string landmarks_name = given.text("landmarks");
  const LoadedModel* landmarks = landmarks_name == "none" ? nullptr : &models.get(landmarks_name, Field::landmarks);
  const std::map<fs::path, fs::path> drawings = drawing_places(given, files);

  Json all = {{"model", detector.name}, {"pictures", Json::array()}};
  bool failed = false;
  for (const fs::path& file : files) {
    Json about = {{"picture", file.string()}};
    try {
      const Picture picture = read_picture(file);
      const at::Tensor pixels = to_tensor(picture, at::kByte);
      std::vector<Face> faces =
          given.has("padded") ? find_faces(detector, nullptr, pixels, minimum) : detect(detector, pixels, minimum);
      if (landmarks != nullptr) add_landmarks(*landmarks, pixels, faces);
      about["width"] = picture.rgb.cols;
      about["height"] = picture.rgb.rows;
      about["faces"] = Json::array();
      for (const Face& face : faces) about["faces"].push_back(face_json(face));
      if (const auto drawing = drawings.find(file); drawing != drawings.end())
        write_picture(drawing->second, drawn(picture, faces));
    } catch (const PictureError& error) {
      failed = true;
      about["error"] = error.what();
      std::cerr << "faceoff: " << one_line(error.what(), PATH_MAX) << '\n';
    }
    all["pictures"].push_back(about);
  }
  print(to_text(all, 2) + "\n");
  return static_cast<int>(failed ? ExitCode::items_failed : ExitCode::done);
}

}  // namespace

Command detect_command() {
  return Command("faceoff detect PICTURE…", "The faces of pictures, folders or patterns, as JSON.", find)
      .operand("picture", -1, "detect needs a picture")
      .text("model", "the detector", "ssd_mobilenet_v1")
      .text("landmarks", "the model that finds a face's landmarks, or none", "face_landmark_68")
      .flag("padded",
            "where it finds no face, look again with a border around the picture, as an attack does for subjects")
      .text("draw", "also write the pictures with their faces drawn into this folder")
      .number("minimum-score", "of a face", .5)
      .with(NamedModels::add_options);
}

}  // namespace faceoff
