#include "plugins/file/host.h"

namespace tenon::file {
namespace {

bool holds(std::string_view folder, std::string_view path) {
    if (folder == "/") return true;
    return path.substr(0, folder.size()) == folder &&
           (path.size() == folder.size() || path[folder.size()] == '/');
}

}  // namespace

std::string Host::root_of(std::string_view path) const {
    std::string best;
    for (const std::string& folder : roots().read)
        if (holds(folder, path) && (best.empty() || folder.size() < best.size())) best = folder;
    return best;
}

std::string Host::without_keys(std::string_view text, bool cut_begin, bool cut_end) const {
    JsonObject params;
    params.text("text", text).boolean("cut_begin", cut_begin).boolean("cut_end", cut_end);
    const Reply reply = call_.request("text.redact/1", params.json());
    return reply.json().text("text");
}

std::string Host::add_image(const std::string& shown, std::string_view bytes) const {
    const Reply reply = call_.request("result.image/1", "{}", bytes);
    if (reply.rc == TENON_UNSUPPORTED)
        throw Failure(shown + " is an image, and this host takes no images in results.");
    if (reply.rc != TENON_OK)
        throw Failure(shown + " is an image that cannot be shown: " + reply.text);
    return reply.json().text("media_type");
}

void Host::check_cancelled() const {
    if (call_.cancelled()) throw Failure("The call was cancelled.", TENON_CANCELLED);
}

}  // namespace tenon::file
