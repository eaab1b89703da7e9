// A folder of files with pictures' names that are anything but: one run over all of them, and what it says of each.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "hostile/pictures.hpp"
#include "program.hpp"
#include "run_folder.hpp"

namespace system_test {
namespace {

/// What is no plain file, by its name and why it is left out.
std::map<std::string, std::string> make_special_files(const fs::path& folder) {
  EXPECT_EQ(::mkfifo((folder / "pipe.png").c_str(), 0600), 0);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{AF_UNIX, {}};
  const std::string path = folder / "socket.png";
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  EXPECT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(socket);
  fs::create_symlink("/dev/zero", folder / "zero.png");
  fs::create_symlink("/dev/full", folder / "full.png");
  fs::create_symlink("there.png", folder / "here.png");
  fs::create_symlink("here.png", folder / "there.png");
  fs::create_symlink("nowhere.png", folder / "dangling.png");
  fs::create_symlink("..", folder / "up.png");
  fs::create_directory(folder / "folder.png");
  write_text(folder / "\xFF\xFE.png", "whatever");
  write_text(folder / "film.gif", "GIF89a and so on");
  return {{"pipe.png", "not a regular file"},
          {"socket.png", "not a regular file"},
          {"zero.png", "not a regular file"},
          {"full.png", "not a regular file"},
          {"here.png", "a link to nothing"},
          {"there.png", "a link to nothing"},
          {"dangling.png", "a link to nothing"},
          {"up.png", "a folder"},
          {"folder.png", "a folder"},
          {"film.gif", "GIF, which is not read"},
          {"\?\?.png", "its name is no UTF-8"}};
}

class HostilePictures : public RunFolder {
 protected:
  void add(const hostile::Files& files) {
    for (const hostile::File& file : files) {
      write_text(folder_ / "album" / file.name, {file.bytes.begin(), file.bytes.end()});
      EXPECT_TRUE(files_.emplace("album/" + file.name, file).second) << file.name << " twice";
    }
  }

  std::map<std::string, hostile::File> files_;
};

void expect_failed(const Json& item, const hostile::File& file) {
  const std::string picture = item["picture"];
  EXPECT_EQ(item["status"], "failed") << picture;
  EXPECT_TRUE(item["output"].is_null()) << picture;
  const std::string error = item.value("error", "");
  EXPECT_TRUE(error.starts_with(picture + ": ")) << picture << ": " << error;
  EXPECT_TRUE(contains(error, file.words)) << error;
  EXPECT_FALSE(contains(error, "\n")) << error;
  EXPECT_LT(error.size(), picture.size() + 200) << error;
}

void expect_delivered(const Json& item, const hostile::File& file) {
  const std::string picture = item["picture"];
  EXPECT_EQ(item["status"], "no_face") << picture << ": " << item.value("error", "");
  EXPECT_TRUE(file.words.empty() || contains(item.value("notes", Json::array()).dump(), file.words)) << item;
}

TEST_F(HostilePictures, AreEachAccountedForInOneRun) {
  fs::create_directory(folder_ / "album");
  for (const auto& files : {hostile::cut_short(), hostile::bombs(), hostile::gutted(), hostile::tiffs(),
                            hostile::damaged_parts(), hostile::odd(), hostile::oriented()})
    add(files);
  add({{"sparse.png", {}, true, "larger than the bound"}});
  fs::resize_file(folder_ / "album/sparse.png", std::uintmax_t{1} << 40);  // which takes no room
  save("album/face.jpg", small_picture());
  const std::map<std::string, std::string> special = make_special_files(folder_ / "album");

  Process process(call(hide("[\"album\"]")));
  ASSERT_TRUE(wait_until([&] { return !process.running(); }, std::chrono::seconds(200))) << "it hangs";
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_LT(outcome.peak, 1'500'000'000);

  std::set<std::string> seen, outputs;
  for (const Json& item : results(folder_ / "run")) {
    const std::string picture = item["picture"];
    EXPECT_TRUE(seen.insert(picture).second) << picture << " twice";
    if (item["status"] != "failed") outputs.insert(item["output"]);
    if (picture == "album/face.jpg") {
      EXPECT_EQ(item["status"], "attacked");
      continue;
    }
    const auto file = files_.find(picture);
    ASSERT_NE(file, files_.end()) << picture;
    file->second.fails ? expect_failed(item, file->second) : expect_delivered(item, file->second);
    if (file->second.name.starts_with("turned")) {
      EXPECT_EQ(largest_difference(read_pixels(delivered(item)), hostile::seen()), 0) << picture;
    }
  }
  EXPECT_EQ(seen.size(), files_.size() + 1);
  const std::vector<std::string> there = files_in(folder_ / "run/images");
  EXPECT_EQ(there.size(), outputs.size()) << "what failed leaves no file";

  const Json environment = Json::parse(read_text(folder_ / "run/environment.json"));
  std::map<std::string, std::string> left_out;
  for (const Json& one : environment["left_out"]) left_out[one["file"]] = one["why"];
  for (const auto& [name, why] : special) EXPECT_TRUE(left_out["album/" + name].starts_with(why)) << name;
  EXPECT_EQ(left_out.size(), special.size());
}

}  // namespace
}  // namespace system_test
