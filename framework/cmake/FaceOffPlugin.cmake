# faceoff_add_plugin(NAME SOURCES…): a plugin library, built to be found by the host. In the tree it lands in the folder
# that the host searches; elsewhere in the current build folder.
function(faceoff_add_plugin name)
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE FaceOff::sdk)
  set_target_properties(
    ${name}
    PROPERTIES PREFIX ""
               DEFINE_SYMBOL ""
               CXX_VISIBILITY_PRESET hidden
               VISIBILITY_INLINES_HIDDEN ON)
  if(TARGET faceoff_strict)
    target_link_libraries(${name} PRIVATE faceoff_strict)
    target_precompile_headers(${name} REUSE_FROM faceoff_sdk)
    faceoff_torch_rpath(torch_rpath ../../..)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/faceoff/plugins
                                             BUILD_RPATH "$ORIGIN/../.."
                                             INSTALL_RPATH "$ORIGIN/../..;${torch_rpath}")
    install(TARGETS ${name} LIBRARY DESTINATION lib/faceoff/plugins)
    set_property(GLOBAL APPEND PROPERTY FACEOFF_PLUGINS ${name})
  else()
    # Compiled as the SDK was, so that its precompiled header serves here too where there is one: 4 s in place of 14 for
    # a plugin of one file.
    set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF)
    target_compile_options(${name} PRIVATE "$<$<STREQUAL:$<CONFIG>,>:-O2;-DNDEBUG>")
    if(EXISTS "${FaceOff_PRECOMPILED_HEADER}"
       AND "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}" STREQUAL "${FaceOff_COMPILER}")
      target_compile_options(${name} PRIVATE "SHELL:-include \"${FaceOff_PRECOMPILED_HEADER}\"")
    endif()
  endif()
endfunction()

# faceoff_add_plugin_test(NAME): two tests of the plugin NAME for ctest. NAME.check runs the conformance suite, `faceoff
# plugins check`; NAME.run runs the experiment NAME.toml, which lies beside the CMakeLists.txt, into the folder NAME.run
# of the build folder, afresh each time.
#
# A macro: enable_testing() counts for the folder that it is called in, and not from within a function.
macro(faceoff_add_plugin_test name)
  enable_testing()
  add_test(NAME ${name}.check COMMAND $<TARGET_FILE:FaceOff::faceoff> plugins check $<TARGET_FILE:${name}>)
  add_test(NAME ${name}.run
           COMMAND sh -c "rm -rf \"$3\" && exec \"$0\" run \"$1\" --plugin-path \"$2\" --out \"$3\""
                   $<TARGET_FILE:FaceOff::faceoff> ${CMAKE_CURRENT_SOURCE_DIR}/${name}.toml $<TARGET_FILE_DIR:${name}>
                   ${CMAKE_CURRENT_BINARY_DIR}/${name}.run
           WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
endmacro()
