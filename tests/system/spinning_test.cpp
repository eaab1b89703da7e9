// How long threads of two runs on one machine wait for each other, as libgomp itself says when it is initialised.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "program.hpp"

namespace system_test {
namespace {

/// What libgomp was told, of a command that goes no further than its arguments.
std::string told(const std::string& command, const std::map<std::string, std::string>& environment) {
  Call call = faceoff({command});
  call.environment = {{"OMP_NUM_THREADS", "2"}, {"OMP_DISPLAY_ENV", "VERBOSE"}};
  for (const auto& [name, value] : environment) call.environment[name] = value;
  const Outcome outcome = run(call);
  EXPECT_EQ(outcome.code, 2) << outcome.err;
  for (const std::string& line : lines_of(outcome.err)) {
    if (contains(line, "GOMP_SPINCOUNT")) return line;
  }
  ADD_FAILURE() << "libgomp says nothing: " << outcome.err;
  return "";
}

TEST(Spinning, IsShortWhereTheProgramReckons) {
  for (const char* command : {"run", "evaluate", "embed", "calibrate"})
    EXPECT_TRUE(contains(told(command, {}), "'1000'")) << command;
}

TEST(Spinning, IsAsTheUserSays) {
  EXPECT_TRUE(contains(told("run", {{"GOMP_SPINCOUNT", "77"}}), "'77'"));
  EXPECT_FALSE(contains(told("run", {{"OMP_WAIT_POLICY", "active"}}), "'1000'"));
}

}  // namespace
}  // namespace system_test
