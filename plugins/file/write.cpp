#include <sys/stat.h>

#include "plugins/file/text_form.h"
#include "plugins/file/tools.h"

namespace tenon::file {
namespace {

/// Of a larger file only so much is examined.
constexpr std::size_t kMaxLookedAt = 64U << 20U;

TextForm form_of(const Host& host, const File& file) {
    TextFormReader reader;
    std::string chunk(256U << 10U, '\0');
    for (std::size_t seen = 0; seen < kMaxLookedAt; seen += chunk.size()) {
        host.check_cancelled();
        const std::size_t n = file.get(chunk.data(), chunk.size());
        reader.add(std::string_view(chunk).substr(0, n));
        if (n < chunk.size()) break;
    }
    return reader.form();
}

/// The form of the file that is replaced. Nothing if there is none, or it cannot be read.
std::optional<TextForm> form_of_old(const Host& host, const std::string& path) {
    File old;
    try {
        old = host.read(path);
    } catch (const Failure&) {
        return std::nullopt;
    }
    struct stat info {};
    if (::fstat(old.fd.get(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_size == 0)
        return std::nullopt;
    return form_of(host, old);
}

}  // namespace

std::string write_file(const Host& host, const WriteArgs& args) {
    host.check_cancelled();
    // First, so that what may not be written is not read either.
    const File target = host.write(args.path);
    const auto form = form_of_old(host, args.path);
    std::string content = args.content;
    const std::string kept = form ? keep_form(*form, content) : std::string();
    target.put(content);
    return "Wrote " + std::to_string(content.size()) + " bytes to " + args.path +
           (kept.empty() ? "" : " (" + kept + " kept, as the file had it)");
}

}  // namespace tenon::file
