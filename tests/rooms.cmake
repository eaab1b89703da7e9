# A room's include folders show the rooms below it and no other.
get_property(rooms GLOBAL PROPERTY FACEOFF_ROOMS)
set(without_torch base picture toml)

# test_room_includes(TARGET ROOM OWN): TARGET, which compiles ROOM, finds its header OWN, and none of a room above it.
function(test_room_includes target room own)
  set(hidden)
  list(FIND rooms "${room}" index)
  math(EXPR next "${index} + 1")
  set(above)
  if(NOT room STREQUAL cli) # the highest has none above it
    list(SUBLIST rooms ${next} -1 above)
  endif()
  foreach(higher ${above})
    file(GLOB headers RELATIVE ${CMAKE_SOURCE_DIR}/framework/src ${CMAKE_SOURCE_DIR}/framework/src/${higher}/*.hpp)
    list(GET headers 0 header)
    list(APPEND hidden ${header})
  endforeach()
  if(room IN_LIST without_torch)
    list(APPEND hidden ATen/core/Tensor.h)
  endif()
  add_test(NAME Rooms/${target}
           COMMAND ${isolated} ${CMAKE_CURRENT_SOURCE_DIR}/room_includes ${CMAKE_CXX_COMPILER}
                   "$<TARGET_PROPERTY:${target},INCLUDE_DIRECTORIES>" ${own} ${hidden})
  set_tests_properties(Rooms/${target} PROPERTIES FIXTURES_REQUIRED working_folder)
endfunction()

test_room_includes(faceoff_sdk sdk faceoff/error.hpp)
foreach(room ${rooms})
  file(GLOB headers RELATIVE ${CMAKE_SOURCE_DIR}/framework/src ${CMAKE_SOURCE_DIR}/framework/src/${room}/*.hpp)
  list(GET headers 0 own)
  foreach(target faceoff_${room} faceoff_${room}_computes)
    if(TARGET ${target})
      test_room_includes(${target} ${room} ${own})
    endif()
  endforeach()
endforeach()

# Nor does a file go around them: grep finds nothing, which it says with 1.
add_test(NAME Rooms/no_include_goes_up
         COMMAND bash -c "grep -rnE '^ *# *include *[<\"](.*/)?[.][.]/' framework; (($? == 1))"
         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
