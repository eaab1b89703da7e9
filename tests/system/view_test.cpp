// faceoff view: what was done to pictures, on a page that a browser shows.
#include <gtest/gtest.h>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include <string>
#include <vector>

#include "pictures.hpp"
#include "program.hpp"
#include "run_folder.hpp"

namespace system_test {
namespace {

class View : public RunFolder {
 protected:
  Outcome view(Args args) const {
    args.insert(args.begin(), "view");
    return run_faceoff(args, folder_.path());
  }
};

TEST_F(View, ARunIsAPageThatNeedsNoOther) {
  const std::string rude = "<img src=x onerror=alert(1)>&.png";
  save(rude, small_picture());
  save("nobody.png", cv::Mat(100, 100, CV_8UC3, cv::Scalar(90, 120, 60)));
  ASSERT_EQ(items(hide("[" + ("'" + rude + "'") + ", \"nobody.png\"]")).size(), 2U);
  const Outcome outcome = view({"run"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "run/view.html\n");
  const std::string page = read_text(folder_ / "run" / "view.html");
  EXPECT_TRUE(contains(page, "&lt;img src=x onerror=alert(1)&gt;&amp;.png"));
  EXPECT_FALSE(contains(page, "<img src=x"));
  EXPECT_FALSE(contains(page, "src=\"http"));
  EXPECT_TRUE(contains(page, "no face found"));
  const Outcome seen =
      run({{"python3", FACEOFF_SOURCE_FOLDER "/tests/system/check_view.py", (folder_ / "run" / "view.html").string()}});
  ASSERT_EQ(seen.code, 0) << seen.err;
  // Of one the whole and its face, each before, after and what changed; of the other, on which nobody is, the whole.
  EXPECT_EQ(Json::parse(seen.out), (Json{{"pictures", 9}, {"boxes", 2}, {"rows", 1}}));

  // The same once more; a picture that is gone is told; and what somebody else wrote stays.
  ASSERT_EQ(view({"run"}).code, 0);
  EXPECT_EQ(read_text(folder_ / "run" / "view.html"), page);
  fs::remove(folder_ / "nobody.png");
  ASSERT_EQ(view({"run", "-o", "other.html"}).code, 0);
  EXPECT_TRUE(contains(read_text(folder_ / "other.html"), "not there any more"));
  write_text(folder_ / "mine.html", "<p>mine</p>");
  const Outcome kept = view({"run", "-o", "mine.html"});
  EXPECT_EQ(kept.code, 4);
  EXPECT_TRUE(contains(kept.err, "mine.html")) << kept.err;
  EXPECT_EQ(read_text(folder_ / "mine.html"), "<p>mine</p>");

  const Outcome one = view({"run/images/base/nobody.png"});
  EXPECT_EQ(one.code, 0) << one.err;
  for (const std::string& what : {std::string("nowhere"), std::string("x.toml"), std::string(".")}) {
    const Outcome refused = view({what});
    EXPECT_EQ(refused.code, 2) << what;
    EXPECT_EQ(refused.out, "");
  }
}

TEST_F(View, APhotoThatWasProtectedIsFoundByEitherName) {
  fs::create_directory(folder_ / "album");
  save("album/a.jpg", small_picture());
  const Outcome done = run_faceoff(
      {"protect", "album", "--quiet", "--set", "optimizer.steps=1", "--set", "evaluate.models=[\"face_recognition\"]"},
      folder_.path());
  ASSERT_EQ(done.code, 0) << done.err;
  const Outcome by_delivered = view({"album.faceoff/a.faceoff.jpg"}), by_photo = view({"album/a.jpg"});
  ASSERT_EQ(by_delivered.code, 0) << by_delivered.err;
  EXPECT_TRUE(by_delivered.out.ends_with("album.faceoff/.faceoff/a.faceoff.html\n")) << by_delivered.out;
  EXPECT_EQ(by_photo.out, by_delivered.out) << by_photo.err;
  const std::string page = read_text(folder_ / "album.faceoff" / ".faceoff" / "a.faceoff.html");
  EXPECT_TRUE(contains(page, "recognised by face_recognition (never attacked)"));
  EXPECT_TRUE(contains(page, "class=\"role surrogate\">attacked"));
  // And all of a folder.
  const Outcome folder = view({"album"});
  EXPECT_TRUE(folder.out.ends_with("album.faceoff/.faceoff/view.html\n")) << folder.out << folder.err;
}

}  // namespace
}  // namespace system_test
