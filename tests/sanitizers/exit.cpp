// The program ends by _exit(), past what watches it and reports at an exit: in such builds the linker has it come here
// first.
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#else
extern "C" void __gcov_dump();
#endif

extern "C" {

[[noreturn]] void __real__exit(int code);

[[noreturn]] void __wrap__exit(int code) {
#ifdef __SANITIZE_ADDRESS__
  __lsan_do_leak_check();
#else
  __gcov_dump();
#endif
  __real__exit(code);
}
}
