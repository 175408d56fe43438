#include "host/permission/grammar.h"

#include <algorithm>

namespace tenon::permission {

Understood understand(std::string_view text) {
    Script script = parse_script(text);
    Understood understood{{}, std::move(script.opaque)};
    for (Part& part : script.parts) {
        if (!understood.unclear.empty()) return {{}, std::move(understood.unclear)};
        understood.unclear = part.opaque;
        if (!part.nested) understood.parts.push_back(std::move(part));
    }
    if (!understood.unclear.empty()) understood.parts.clear();
    return understood;
}

}  // namespace tenon::permission
