// People as one matrix a model, and as a file.
#include "faces/gallery.hpp"

#include "base/files.hpp"
#include "faces/people.hpp"
#include "plugins/plugin_files.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

LoadedModel embedder(const std::string& sha256 = std::string(64, 'a')) {
  LoadedModel model;
  model.plugin = "made_up";
  model.sha256 = sha256;
  model.view = {112, 112, FivePoints{}};
  return model;
}

TEST(Gallery, HasARowForEachPhotoOfEachPerson) {
  const LoadedModel model = embedder();
  const Gallery gallery({on_axes(model, "ann", {0, 1, 2}), on_axes(model, "bea", {4})});
  EXPECT_TRUE(at::equal(gallery.embeddings(model), at::stack({axis(0), axis(1), axis(2), axis(4)})));
  EXPECT_EQ(gallery.rows(0).begin, 0);
  EXPECT_EQ(gallery.rows(0).end, 3);
  EXPECT_EQ(gallery.rows(1).end, 4);
  EXPECT_EQ(gallery.owner(2), 0U);
  EXPECT_EQ(gallery.owner(3), 1U);
  EXPECT_EQ(gallery.attacked(), (std::vector<bool>{true, false, true, true}));
  EXPECT_EQ(gallery.judging(), (std::vector<bool>{false, true, false, true})) << "an only photo has to do both";
  ASSERT_EQ(gallery.rows_of("ann2").size(), 1U);
  EXPECT_EQ(gallery.rows_of("ann2").front(), 2);
  EXPECT_TRUE(gallery.rows_of("elsewhere").empty());
  EXPECT_EQ(gallery.find("bea"), &gallery.people()[1]);
  EXPECT_EQ(gallery.find("cat"), nullptr);
}

TEST(Gallery, AveragesWhatAnAttackMayLookAt) {
  const LoadedModel model = embedder();
  const Gallery gallery({on_axes(model, "ann", {0, 1, 2}), on_axes(model, "bea", {4})});
  EXPECT_TRUE(at::equal(gallery.means().at(&model), (axis(0) + axis(2) + axis(4)) / 3));
  EXPECT_TRUE(Gallery().means().empty());
}

TEST(Gallery, TakesOthersBehindItsPeople) {
  const LoadedModel model = embedder();
  const Gallery gallery({on_axes(model, "ann", {0, 1})});
  const Gallery more = gallery.with({on_axes(model, "(photos)", {5})});
  ASSERT_EQ(more.people().size(), 2U);
  EXPECT_EQ(more.people()[1].name, "(photos)");
  EXPECT_TRUE(at::equal(more.embeddings(model)[2], axis(5)));
  EXPECT_EQ(gallery.people().size(), 1U);
  EXPECT_EQ(Gallery().with({on_axes(model, "(photos)", {5})}).people().size(), 1U);
}

TEST(Person, KeepsPhotosInTheirHalfWhicheverShowAFace) {
  const LoadedModel model = embedder();
  Person ann = on_axes(model, "ann", {0, 1, 2});
  ann.judges = {true, false, true};  // on the first file no face was found
  EXPECT_TRUE(at::equal(ann.attacked().at(&model), axis(1).unsqueeze(0)));
  EXPECT_EQ(Gallery({ann}).judging(), (std::vector<bool>{true, false, true}));
  ann.judges = {false, false, false};
  EXPECT_EQ(Gallery({ann}).judging(), (std::vector<bool>{true, true, true})) << "then all do both";
}

TEST(Person, IsAttackedByOtherPhotosThanTheOneAtHand) {
  const LoadedModel model = embedder();
  const Person ann = on_axes(model, "ann", {0, 1, 2});  // its files are called ann0, ann1, ann2
  EXPECT_TRUE(at::equal(ann.attacked("ann0").at(&model), axis(2).unsqueeze(0)));
  EXPECT_TRUE(at::equal(ann.attacked("ann1").at(&model), at::stack({axis(0), axis(2)}))) << "that one judges";
  EXPECT_TRUE(on_axes(model, "bea", {4}).attacked("bea0").empty());
}

TEST(Gallery, IsTheSameAfterItsFile) {
  const LoadedModel model = embedder();
  const Gallery gallery({on_axes(model, "ann", {0, 1, 2}), on_axes(model, "bea", {4})}, {5, 4, 0});
  const TemporaryFolder folder;
  const std::string file = (folder / "people.safetensors").string();
  write_atomically(file, gallery.to_safetensors());
  Portraying by;
  by.models = {&model};
  const Gallery again = Gallery::read(by, {file}, [](const std::string&) {});
  EXPECT_EQ(again.to_safetensors(), gallery.to_safetensors());
  EXPECT_EQ(again.attacked(), gallery.attacked());
  EXPECT_TRUE(at::equal(again.people()[1].embeddings.at(&model), gallery.people()[1].embeddings.at(&model)));

  const LoadedModel other = embedder(std::string(64, 'b'));
  by.models = {&other};
  expect_in(error_of<ConfigError>([&] { Gallery::read(by, {file}, [](const std::string&) {}); }), "no embeddings of");
}

TEST(Gallery, OfADamagedFileIsRefusedWithTheFilesName) {
  const LoadedModel model = embedder();
  const TemporaryFolder folder;
  const std::string file = (folder / "people.safetensors").string();
  const std::string whole = Gallery({on_axes(model, "ann", {0, 1, 2}), on_axes(model, "bea", {4})}).to_safetensors();
  Portraying by;
  by.models = {&model};
  const auto refused = [&](const std::string& bytes) {
    write_bytes(file, bytes);
    const std::string said = error_of<FileError>([&] { Gallery::read(by, {file}, [](const std::string&) {}); });
    EXPECT_TRUE(said.starts_with(file + ": ")) << said;
    EXPECT_EQ(said.find('\n'), std::string::npos) << said;
  };
  for (std::size_t size = 0; size < whole.size(); ++size) refused(whole.substr(0, size));
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string bytes = whole;
    const std::size_t at = bytes.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    ASSERT_EQ(from.size(), to.size());
    refused(bytes.replace(at, from.size(), to));
  };
  changed(R"([\"ann\",\"ann\")", R"([\"ann\",\"ann  )");
  changed(R"([\"ann\",\"ann\")", R"([\"ann\",      7)");
  changed(R"([\"ann\",\"ann\",)", R"([\"ann\",        )");
  changed("[false,true", "[false,\"rue");
  changed(R"("pictures":"0")", R"("pictures":"x")");
  changed(R"("format":")", R"("farmat":")");
  std::string longer = whole;  // an embedding of another length
  const float two = 2;
  std::memcpy(longer.data() + longer.size() - sizeof two, &two, sizeof two);
  refused(longer);
}

TEST(Gallery, UnderTwoNamesOfOneModelHasItsRowsOnce) {
  const LoadedModel model = embedder(), again = embedder();
  Person ann = on_axes(model, "ann", {0, 1});
  ann.embeddings[&again] = ann.embeddings.at(&model);
  const TemporaryFolder folder;
  const std::string file = (folder / "people.safetensors").string();
  write_atomically(file, Gallery({ann}).to_safetensors());
  Portraying by;
  by.models = {&model};
  EXPECT_EQ(Gallery::read(by, {file}, [](const std::string&) {}).embeddings(model).size(0), 2);
}

}  // namespace
}  // namespace faceoff
