#pragma once

/// Everything is compiled with hidden visibility; what crosses a library's border is marked.
#define FACEOFF_API __attribute__((visibility("default")))
