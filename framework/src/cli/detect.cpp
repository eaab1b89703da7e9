// faceoff detect: the faces of pictures, as JSON and drawn.
#include <boost/program_options/value_semantic.hpp>
#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>

#include "cli/commands.hpp"
#include "cli/named_models.hpp"
#include "cli/options.hpp"
#include "host/exception.hpp"
#include "host/run_folder.hpp"
#include "picture/faces.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;
using Json = nlohmann::ordered_json;

double thousandths(double value) {
  return std::round(value * 1e3) / 1e3;
}

Json face_json(const Face& face) {
  const Box& b = face.box;
  Json json = {{"box", {thousandths(b.x0), thousandths(b.y0), thousandths(b.x1), thousandths(b.y1)}},
               {"score", std::round(face.score * 1e6) / 1e6},
               {"landmarks", nullptr}};
  if (!face.landmarks.defined()) return json;
  const auto points = face.landmarks.accessor<double, 2>();
  json["landmarks"] = Json::array();
  for (std::int64_t k = 0; k < points.size(0); ++k)
    json["landmarks"].push_back({thousandths(points[k][0]), thousandths(points[k][1])});
  return json;
}

/// The picture with each face's box, score and landmarks, in lines as wide as the picture is large.
Picture drawn(Picture picture, const std::vector<Face>& faces) {
  picture.rgb = picture.rgb.clone();
  picture.grey = false;
  const int width = std::max(1, static_cast<int>(std::lround(std::max(picture.rgb.cols, picture.rgb.rows) / 400.)));
  const auto place = [](double x, double y) {
    return cv::Point(static_cast<int>(std::lround(x)), static_cast<int>(std::lround(y)));
  };
  const cv::Scalar green(40, 220, 90), dark(0, 60, 20);
  for (const Face& face : faces) {
    cv::rectangle(picture.rgb, place(face.box.x0, face.box.y0), place(face.box.x1, face.box.y1), green, width);
    std::ostringstream score;
    score.precision(2);
    score << std::fixed << face.score;
    const double size = width * .5;
    for (const auto& [colour, thickness] : {std::pair(dark, 3 * width), std::pair(green, width)}) {
      cv::putText(picture.rgb, score.str(), place(face.box.x0, face.box.y0 - 2 * width), cv::FONT_HERSHEY_SIMPLEX, size,
                  colour, thickness, cv::LINE_AA);
    }
    if (!face.landmarks.defined()) continue;
    const auto points = face.landmarks.accessor<double, 2>();
    for (std::int64_t k = 0; k < points.size(0); ++k)
      cv::circle(picture.rgb, place(points[k][0], points[k][1]), width, green, cv::FILLED, cv::LINE_AA);
  }
  return picture;
}

}  // namespace

int detect_command(std::vector<std::string> args) {
  po::options_description shown("faceoff detect PICTURE…");
  shown.add_options()                                                                         //
      ("help,h", "show this")                                                                 //
      ("model", po::value<std::string>()->default_value("ssd_mobilenet_v1"), "the detector")  //
      ("landmarks", po::value<std::string>()->default_value("face_landmark_68"),
       "the model that finds a face's landmarks, or none")                           //
      ("minimum-score", po::value<double>()->default_value(.5, "0.5"), "of a face")  //
      ("padded",
       "where it finds no face, look again with a border around the picture, as an attack does for subjects")  //
      ("draw", po::value<std::string>(), "also write the pictures with their faces drawn into this folder");
  NamedModels::add_options(shown);
  const std::optional<po::variables_map> parsed =
      parse_pictures(args, shown, "The faces of pictures, folders or patterns, as JSON.");
  if (!parsed) return static_cast<int>(ExitCode::done);
  const po::variables_map& given = *parsed;
  if (!given.contains("picture")) throw ConfigError("detect needs a picture: faceoff detect PICTURE…");
  const double minimum = given["minimum-score"].as<double>();
  if (!(minimum >= 0 && minimum < 1)) throw ConfigError("--minimum-score: a number from 0 to less than 1");
  const std::vector<fs::path> files = expand_pictures(given["picture"].as<std::vector<std::string>>());
  NamedModels models(given);
  const LoadedModel& detector = models.get(given["model"].as<std::string>(), Field::scores | Field::boxes);
  const std::string landmarks_name = given["landmarks"].as<std::string>();
  const LoadedModel* landmarks = landmarks_name == "none" ? nullptr : &models.get(landmarks_name, Field::landmarks);
  std::map<fs::path, std::string> stems;
  if (given.contains("draw")) stems = delivered_stems(files);

  Json all = {{"model", detector.name}, {"pictures", Json::array()}};
  bool failed = false;
  for (const fs::path& file : files) {
    Json about = {{"picture", file.string()}};
    try {
      const Photo photo = read_photo(file);
      std::vector<Face> faces = given.contains("padded") ? find_faces(detector, nullptr, photo.pixels, minimum)
                                                         : detect(detector, photo.pixels, minimum);
      if (landmarks != nullptr) add_landmarks(*landmarks, photo.pixels, faces);
      about["width"] = photo.picture.rgb.cols;
      about["height"] = photo.picture.rgb.rows;
      about["faces"] = Json::array();
      for (const Face& face : faces) about["faces"].push_back(face_json(face));
      if (given.contains("draw")) {
        const fs::path folder = given["draw"].as<std::string>();
        std::error_code error;
        fs::create_directories(folder, error);
        if (error) throw FileError(one_line(folder.string()) + ": can't make the folder: " + error.message());
        write_picture(folder / (stems.at(file) + ".png"), drawn(photo.picture, faces));
      }
    } catch (const PictureError& error) {
      failed = true;
      about["error"] = error.what();
      std::cerr << "faceoff: " << error.what() << '\n';
    }
    all["pictures"].push_back(about);
  }
  print(all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  return static_cast<int>(failed ? ExitCode::items_failed : ExitCode::done);
}

}  // namespace faceoff
