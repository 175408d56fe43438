#include <fcntl.h>
#include <sys/stat.h>

#include "plugins/file/replace.h"
#include "plugins/file/text_form.h"
#include "plugins/file/tools.h"

namespace tenon::file {
namespace {

/// Of a larger file only so much is examined.
constexpr std::size_t kMaxLookedAt = 64U << 20U;

/// The form of the file that is replaced. A file that cannot be read has no form.
TextForm form_of(const Host& host, const Opened& target) {
    const Fd fd(::openat(target.fd.get(), target.name.c_str(),
                         O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    TextFormReader reader;
    std::string chunk(256U << 10U, '\0');
    for (std::size_t seen = 0; fd && seen < kMaxLookedAt; seen += chunk.size()) {
        host.check_cancelled();
        const std::size_t n = read_some(fd.get(), chunk.data(), chunk.size(), target.shown);
        reader.add(std::string_view(chunk).substr(0, n));
        if (n < chunk.size()) break;
    }
    return reader.form();
}

}  // namespace

std::string write_file(const Host& host, const WriteArgs& args) {
    host.check_cancelled();
    const Opened target = host.open(args.path, Access::kWrite);
    const auto old = file_to_replace(target);
    std::string content = args.content;
    std::string kept;
    if (old && old->st_size > 0) kept = keep_form(form_of(host, target), content);
    replace_file(target, old, content);
    return "Wrote " + std::to_string(content.size()) + " bytes to " + args.path +
           (kept.empty() ? "" : " (" + kept + " kept, as the file had it)");
}

}  // namespace tenon::file
