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
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/faceoff/plugins
                                             BUILD_RPATH "$ORIGIN/../..")
    set_property(GLOBAL APPEND PROPERTY FACEOFF_PLUGINS ${name})
  else()
    # Compiled as the SDK was, so that its precompiled header serves here too: 4 s in place of 14 for a plugin of one
    # file. A compiler that it does not fit reads the plain header beside it.
    set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF)
    target_compile_options(${name} PRIVATE "$<$<STREQUAL:$<CONFIG>,>:-O3;-DNDEBUG>")
    if(FaceOff_PRECOMPILED_HEADER AND EXISTS "${FaceOff_PRECOMPILED_HEADER}")
      target_compile_options(${name} PRIVATE "SHELL:-include \"${FaceOff_PRECOMPILED_HEADER}\"")
    endif()
  endif()
endfunction()
