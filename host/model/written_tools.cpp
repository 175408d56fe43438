#include "host/model/written_tools.h"

namespace tenon::model {

std::string WrittenTools::of(std::string_view tools) {
    const Lock lock(mutex_);
    if (tools_ != tools) {
        written_ = write_(tools);
        tools_ = tools;
    }
    return written_;
}

}  // namespace tenon::model
