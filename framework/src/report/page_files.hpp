#pragma once

namespace faceoff {

/// framework/report/page.css and page.js, as they were when this was built.
extern const char* const page_style;
extern const char* const page_script;

}  // namespace faceoff
