#include "host/app/version.h"

#include "host/app/commit.h"  // made by commit.cmake

namespace tenon::app {

const char* version_text() {
    return "tenon " TENON_VERSION TENON_COMMIT_TEXT;
}

}  // namespace tenon::app
