#include "host/ui/standard_error.h"

#include <string>
#include <unistd.h>

#include "host/base/atomic_file.h"
#include "host/ui/untrusted.h"

namespace tenon::ui {

void say(std::string_view text) {
    (void)write_all(STDERR_FILENO, "tenon: " + visible(text, true) + "\n");
}

}  // namespace tenon::ui
