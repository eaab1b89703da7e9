// Texts that nobody would write by accident.
#include "experiment/experiment.hpp"
#include "experiment/experiment_files.hpp"
#include "experiment/read.hpp"

namespace faceoff {
namespace {

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST(Hostile, ANulByteIsRefusedWhereverItStands) {
  for (const std::string& line : {std::string("[a\0b]", 5), std::string("a\0 = 1", 6), std::string("a = \"\0\"", 7),
                                  std::string("# \0", 3), std::string("\0", 1)}) {
    expect_in(complaint(good + line + "\n"), "FILE:17:1: a NUL byte");
  }
}

TEST(Hostile, AKeyOfFiftyThousandPartsIsRefused) {
  const std::string key = "a" + repeated(".a", 50000);
  for (const std::string& line : {key + " = 1", "[" + key + "]", "[[" + key + "]]", "x = {" + key + " = 1}",
                                  "a" + repeated(" . \"a\"", 50000) + " = 1"}) {
    complaint(good + line + "\n");
  }
  complaint(good, {key + "=1"});
  complaint(good, {"x={" + key + "=1}"});
}

TEST(Hostile, ALongKeyIsSeenBehindStringsAndComments) {
  const std::string key = "a" + repeated(".a", 50000);
  for (const std::string before : {R"(a = """x"""", )", "a = '''x'''', ", R"(a = "\"", )", R"(a = '\', )",
                                   R"("a" = 1, )", R"(a = "#", )", "a = \"\"\"\n\\\"\"\"\"\"\", "}) {
    expect_in(complaint(good + "x = {" + before + key + " = 1}\n"), "a key has at most 32 parts");
  }
  expect_in(complaint(good + "# \"\"\"\n" + key + " = 1\n"), "FILE:18:1: a key has at most 32 parts");
}

TEST(Hostile, MayHaveAnyNumberOfDotsInStringsListsAndComments) {
  std::string text = with_line("seed = 5", "# " + repeated("...", 1000));
  std::string list = "[";
  for (int i = 0; i < 2000; ++i) list += "\"models/samples/sample1.jpg\", ";
  const std::string roundabout = "models/" + repeated("./", 50) + "samples/sample2.jpg";
  text.replace(text.find("[\"models/samples"), 30, list + "\"\"\"" + roundabout + "\"\"\"]");
  EXPECT_EQ(Read(text).first().pictures.size(), 2U);
}

TEST(Hostile, DeepNestingIsRefused) {
  for (const std::size_t deep : {300U, 100000U}) {
    complaint(good + "a = " + repeated("[", deep) + repeated("]", deep) + "\n");
    complaint(good + "a = " + repeated("[", deep) + "\n");
    complaint(good + "a = " + repeated("{a=", deep) + "1" + repeated("}", deep) + "\n");
    complaint(good + "a = " + repeated("[\n", deep) + repeated("]\n", deep));
    complaint(good, {"a=" + repeated("[", deep) + repeated("]", deep)});
  }
}

TEST(Hostile, ManyLinesOfLongKeysInsideOneAnotherAreRefused) {
  // Of keys that are long, and of ones that are not: hundred thousands of tables, and thousands.
  for (const std::size_t parts : {990U, 31U}) {
    const std::string key = "a" + repeated(".a", parts - 1);
    for (const int levels : {60, 120, 250}) {
      std::string open, close;
      for (int i = 0; i < levels; ++i) {
        open += "{" + key + " = [\n";
        close += "]}";
      }
      const std::string list = "[\n" + open + "1" + close + "]";
      complaint(good + "x = " + list + "\n");
      complaint(good, {"x=" + list});
      complaint(good + "[sweep]\n\"attack.epsilon\" = " + list + "\n");
    }
  }
  // The same with headers, one below the other.
  std::string headers, path = "t";
  for (int i = 0; i < 20; ++i) {
    path += repeated(".a", 45);
    headers += "[" + path + "]\n";
  }
  complaint(good + headers);
}

TEST(Hostile, WhatEditorsOfOtherSystemsWriteIsRead) {
  std::string text = "\xEF\xBB\xBF";  // a byte order mark
  for (const char c : good) text += c == '\n' ? "\r\n" : std::string(1, c);
  EXPECT_EQ(Read(text).first().pictures, Read(good).first().pictures);
}

TEST(Hostile, AFileThatIsTooLargeIsRefused) {
  complaint(good + "# " + std::string(2'000'000, 'x') + "\n");
  complaint(good + repeated("# comment\n", 200'000));
  complaint(good + "name = \"" + std::string(10'000'000, 'x') + "\"\n");
}

TEST(Hostile, WhatIsNoUtf8IsRefused) {
  for (const std::string bytes : {"\xFF", "\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\x80"}) {
    complaint(good + "a = \"" + bytes + "\"\n");
    complaint(good + "# " + bytes + "\n");
    complaint(good + bytes + " = 1\n");
  }
}

TEST(Hostile, AnyTextCutShortAnywhereIsAnExperimentOrAnError) {
  const std::string text = swept +
                           "[[augment]]\nplugin = \"random_crop\"\n[models.\"x\"]\nplugin = \"torchscript\"\n"
                           "mean = [1.5, 2e3, -0]\nweights = 'a\\b'\n";
  for (std::size_t size = 0; size < text.size(); ++size) {
    const ExperimentFile file(text.substr(0, size));
    try {
      const Document document(file.path, {});
      read_experiments(document, tree_plugins());
    } catch (const ConfigError& error) {
      EXPECT_FALSE(std::string(error.what()).empty());
    }
  }
}

TEST(Hostile, AnyOneByteChangedIsAnExperimentOrAnError) {
  const std::string text = swept;
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const char c : {'"', '[', ']', '=', '.', '{', '\n', '0', '\\', '\x01'}) {
      std::string changed = text;
      changed[at] = c;
      const ExperimentFile file(changed);
      try {
        const Document document(file.path, {});
        read_experiments(document, tree_plugins());
      } catch (const ConfigError& error) {
        EXPECT_FALSE(std::string(error.what()).empty());
      }
    }
  }
}

TEST(Hostile, LongNamesMakeShortMessages) {
  const std::string name(100'000, 'n');
  for (const std::string& text :
       {good + name + " = 1\n", with_line("seed = 5", "device = \"" + name + "\""),
        with_line("steps = 40", name + " = 1"), with_line("epsilon = 8", "norm = \"" + name + "\"")}) {
    const std::string message = complaint(text);
    EXPECT_LT(message.size(), 3000U);
  }
}

}  // namespace
}  // namespace faceoff
