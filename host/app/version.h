#pragma once

namespace tenon::app {

/// What `--version` prints, without a line end: "tenon 0.1.0 (f012ad4)". Without git when it was
/// built, and without TENON_COMMIT, there is no commit.
const char* version_text();

}  // namespace tenon::app
