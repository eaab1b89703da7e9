#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "program.hpp"

namespace system_test {

using Row = std::map<std::string, std::string>;

/// The rows of a CSV text whose lines end as RFC 4180 has it, by their columns' names; read by Python's own reader.
inline std::vector<Row> csv_rows(const std::string& text) {
  const TemporaryFolder folder;
  const fs::path file = write_text(folder / "x.csv", text);
  const std::string program =
      "import csv, json, sys\n"
      "with open(sys.argv[1], newline='') as f: text = f.read()\n"
      "assert text.count('\\r\\n') == text.count('\\n') and text.endswith('\\r\\n')\n"
      "print(json.dumps(list(csv.DictReader(text.splitlines(True), strict=True))))\n";
  const Outcome outcome = run({{"python3", "-c", program, file.string()}, {}, folder.path()});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return Json::parse(outcome.out).get<std::vector<Row>>();
}

}  // namespace system_test
