#include "plugins/file/replace.h"
#include "plugins/file/tools.h"

namespace tenon::file {

std::string write_file(const Host& host, const WriteArgs& args) {
    host.check_cancelled();
    const Opened target = host.open(args.path, Access::kWrite);
    replace_file(target, file_to_replace(target), args.content);
    return "Wrote " + std::to_string(args.content.size()) + " bytes to " + args.path;
}

}  // namespace tenon::file
