# cmake -D PROGRAM=… -D LAUNCHER=… -D PROPERTIES=… -D OUT=… -P suites.cmake: writes to OUT what tells ctest of a GoogleTest
# program's suites, each a test: loading LibTorch takes a process longer than most tests take.
execute_process(COMMAND ${PROGRAM} --gtest_list_tests OUTPUT_VARIABLE listed COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "\n[A-Za-z0-9_/]+\\.( |\n)" suites "\n${listed}")
set(text)
foreach(suite ${suites})
  string(REGEX REPLACE "\\..*|\n" "" suite "${suite}")
  string(APPEND text "add_test([=[${suite}]=] \"${LAUNCHER}\" \"${PROGRAM}\" \"--gtest_filter=${suite}.*\")\n"
                     "set_tests_properties([=[${suite}]=] PROPERTIES ${PROPERTIES})\n")
endforeach()
file(WRITE ${OUT} "${text}")
