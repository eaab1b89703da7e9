# cmake -DSOURCE=DIR -DFOLDERS=a;b -DINTO=FILE -P sources_digest.cmake: one SHA-256 of all C++ files in the folders of
# DIR, their names and what is in them, as a C++ file that is only written where it changed.
cmake_minimum_required(VERSION 3.24)
set(text "")
foreach(folder ${FOLDERS})
  file(GLOB_RECURSE files RELATIVE ${SOURCE} ${SOURCE}/${folder}/*.cpp ${SOURCE}/${folder}/*.hpp)
  list(SORT files)
  foreach(file ${files})
    file(SHA256 ${SOURCE}/${file} digest)
    string(APPEND text "${file} ${digest}\n")
  endforeach()
endforeach()
string(SHA256 digest "${text}")
file(CONFIGURE OUTPUT ${INTO} @ONLY CONTENT
     "#include \"run/sources_digest.hpp\"

namespace faceoff {

std::string_view sources_digest() {
  return \"@digest@\";
}

}  // namespace faceoff
")
