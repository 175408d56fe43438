#include "host/sitting/job_log.h"

#include <memory>
#include <utility>

#include "host/ui/tool_output.h"

namespace tenon::sitting {
namespace {

struct Loading {
    terminal::PagedText text;
    jobs::WholeOutput output;
    const Secrets& secrets;
    std::function<void(std::function<void()>)> post;
    std::function<void(terminal::PagedText)> show;
};

void load_more(const std::shared_ptr<Loading>& loading) {
    const std::string piece = loading->output.next();
    if (piece.empty()) return loading->show(std::move(loading->text));
    // What was broken by escape sequences may be a secret now.
    loading->text.add(loading->secrets.redact(ui::harmless_output(piece)));
    loading->post([loading] { load_more(loading); });
}

}  // namespace

void load_job_log(terminal::PagedText text, jobs::WholeOutput output, const Secrets& secrets,
                  std::function<void(std::function<void()>)> post,
                  std::function<void(terminal::PagedText)> show) {
    load_more(std::make_shared<Loading>(
        Loading{std::move(text), std::move(output), secrets, std::move(post), std::move(show)}));
}

}  // namespace tenon::sitting
