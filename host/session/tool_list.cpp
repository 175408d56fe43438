#include "host/session/tool_list.h"

namespace tenon::session {

std::string tool_list(const std::vector<const agent::ToolSpec*>& tools) {
    Json list = Json::array();
    for (const agent::ToolSpec* tool : tools) {
        list.push_back({{"name", tool->name},
                        {"description", tool->description},
                        {"input_schema", tool->input_schema}});
    }
    return dump_json(list);
}

}  // namespace tenon::session
