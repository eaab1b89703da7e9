// faceoff: attacks pictures so that the people on them are not found or not recognised.
#include <malloc.h>

#include "cli/program.hpp"

int main(int argc, char** argv) {
  // A network asks for the same large tensors again and again: giving them back to the system each time, and getting
  // them zeroed page by page, takes longer than some of its layers.
  constexpr int large = 1 << 30;
  ::mallopt(M_MMAP_THRESHOLD, large);
  ::mallopt(M_TRIM_THRESHOLD, large);
  faceoff::be_program({argv + 1, argv + argc});
}
