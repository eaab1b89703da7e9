// Which files folders and patterns name, and what is said of those that are left out.
#include "picture/find_pictures.hpp"

#include <sys/stat.h>

#include <fstream>

#include "support.hpp"
#include "temporary_folder.hpp"

namespace faceoff {
namespace {

namespace fs = std::filesystem;

using Paths = std::vector<fs::path>;

class FindPictures : public testing::Test {
 protected:
  fs::path put(const std::string& name, const std::string& bytes = "") {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  FoundPictures find(const std::string& name) const { return find_pictures({at(name)}); }
  static std::string why(const FoundPictures& found, const fs::path& file) {
    for (const LeftOut& one : found.left_out) {
      if (one.file == file.string()) return one.why;
    }
    return "nothing";
  }

  TemporaryFolder folder_;
  const std::string png_ = "\x89PNG\r\n\x1a\n";
};

TEST_F(FindPictures, KnowsAFoldersPicturesByEndingOrContents) {
  for (const char* name : {"a.jpg", "b.JPEG", "c.jfif", "d.jpe", "e.webp"}) put(name);
  put("f", png_), put("g.txt", png_), put("notes.txt", "notes"), put("._a.jpg"), put(".hidden.jpg", png_);
  put("film.mp4", std::string("\0\0\0\x18"
                              "ftypisom",
                              12)),
      put("phone.HEIC", std::string("\0\0\0\x18"
                                    "ftypheic",
                                    12));
  put("trip/h.jpg");
  const FoundPictures found = find("");
  EXPECT_EQ(found.files, (Paths{folder_ / "a.jpg", folder_ / "b.JPEG", folder_ / "c.jfif", folder_ / "d.jpe",
                                folder_ / "e.webp", folder_ / "f", folder_ / "g.txt"}));
  EXPECT_EQ(found.left_out.size(), 4U) << "what is hidden is not told";
  expect_in(why(found, folder_ / "phone.HEIC"), "heif-convert");
  expect_in(why(found, folder_ / "film.mp4"), "a film");
  expect_in(why(found, folder_ / "notes.txt"), "not a picture");
  expect_in(why(found, folder_ / "trip"), "a folder");
}

TEST_F(FindPictures, TakesTwoStarsForFoldersAtAnyDepth) {
  const fs::path top = put("a.jpg"), deep = put("x/y/b.jpg"), other = put("x/c.png"), bracket = put("[1]/d.jpg");
  put(".thumbs/e.jpg");
  EXPECT_EQ(find("**/*.jpg").files, (Paths{bracket, top, deep}));
  EXPECT_EQ(find("x/**").files, (Paths{other, deep}));
  EXPECT_EQ(find("**/y/*").files, (Paths{deep}));
  EXPECT_EQ(find("**/**/**/*.jpg").files, (Paths{bracket, top, deep}));
  EXPECT_TRUE(find("**/*").left_out.empty()) << "folders are looked into, and not left out";
  EXPECT_TRUE(find_pictures({at(""), at("x"), at("[1]"), at("x/y")}).left_out.empty()) << "each is named";
  fs::create_symlink("loop.jpg", folder_ / "x/loop.jpg");
  expect_in(why(find("**/*.jpg"), folder_ / "x/loop.jpg"), "a link to nothing");
  expect_in(error_of<ConfigError>([&] { find("x**/b.jpg"); }), "between slashes");
}

TEST_F(FindPictures, TakesANameThatIsThereBeforeWhatItsBracketsMean) {
  const fs::path literal = put("album [2024]/a.jpg");
  EXPECT_EQ(find("album [2024]/*.jpg").files, (Paths{literal}));
  EXPECT_EQ(find("album [2024]").files, (Paths{literal}));
  const fs::path one = put("p1/a.jpg"), two = put("p2/a.jpg");
  EXPECT_EQ(find("p[12]/*.jpg").files, (Paths{one, two}));
}

TEST_F(FindPictures, NamesAFileOnceWhateverLeadsToIt) {
  const fs::path file = put("a.jpg");
  fs::create_symlink("a.jpg", folder_ / "b.jpg");
  fs::create_symlink("nowhere.jpg", folder_ / "c.jpg");
  fs::create_symlink("d.jpg", folder_ / "d.jpg");
  ASSERT_EQ(::mkfifo(at("e.jpg").c_str(), 0600), 0);
  const FoundPictures found = find("");
  EXPECT_EQ(found.files, (Paths{file}));
  expect_in(why(found, folder_ / "b.jpg"), "taken already");
  expect_in(why(found, folder_ / "c.jpg"), "a link to nothing");
  expect_in(why(found, folder_ / "d.jpg"), "a link to nothing");
  expect_in(why(found, folder_ / "e.jpg"), "not a regular file");
  const fs::path absolute = file, relative = fs::relative(file);
  EXPECT_EQ(find_pictures({relative.string(), absolute.string()}).files, (Paths{relative}));
  expect_in(error_of<ConfigError>([&] { find("e.jpg"); }), "not a regular file");
}

TEST_F(FindPictures, SaysWhatIsThereWhereNothingCanBeTaken) {
  put("phone.HEIC", std::string("\0\0\0\x18"
                                "ftypheic",
                                12));
  expect_in(error_of<ConfigError>([&] { find(""); }), "no picture");
  expect_in(error_of<ConfigError>([&] { find(""); }), "heif-convert");
  expect_in(error_of<ConfigError>([&] { find("*.bmp"); }), "no picture " + at("*.bmp"));
}

TEST_F(FindPictures, SumsUpReasonsInALineEach) {
  std::vector<LeftOut> many;
  for (int i = 0; i < 5; ++i) many.push_back({std::to_string(i) + ".heic", "HEIC"});
  many.push_back({"a.txt", "not a picture"});
  EXPECT_EQ(words_of(many),
            (std::vector<std::string>{"0.heic, 1.heic, 2.heic and 2 more: HEIC", "a.txt: not a picture"}));
}

}  // namespace
}  // namespace faceoff
