#include "host/model/written_tools.h"

#include <utility>

namespace tenon::model {

std::string WrittenTools::of(std::string_view tools) {
    const Lock lock(mutex_);
    if (tools_ != tools) {
        std::string written = write_(tools);
        tools_ = std::string(tools);
        written_ = std::move(written);
    }
    return written_;
}

}  // namespace tenon::model
