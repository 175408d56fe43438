// /model.
#include "host/base/text_width.h"
#include "host/base/untrusted.h"
#include "host/session/provider.h"
#include "host/sitting/sentence.h"
#include "host/sitting/sitting.h"

namespace tenon::sitting {
namespace {

constexpr const char* kHowToChoose = "/model NAME changes the model from the next request on.";

}  // namespace

void Sitting::show_model(const std::string& name) {
    if (session_ == nullptr) return print("The session is not open yet.");
    if (name.empty()) return list_models();
    if (const auto problem = problem_of_model_name(name)) return print(*problem);
    if (name == models_.present()) return print("The model is " + visible(name) + " already.");
    change_model(name);
}

/// What is known at once, then what the server offers, if it can be asked between turns.
void Sitting::list_models() {
    print(models_.known_lines(fallback_words(), width()));
    print(wrap(kHowToChoose, width()));
    if (status_.working_since_ms == 0 && setup_.list_models)
        ask_for_models([this](const std::string& failure) {
            const std::string server = session::server_words(setup_.settings.model);
            print(failure.empty()
                      ? models_.offered_lines(server, width())
                      : wrap("The server has not said what it offers: " + failure, width()));
        });
}

/// `then` runs on the main thread, with what went wrong.
void Sitting::ask_for_models(std::function<void(const std::string& failure)> then) {
    thread_->run(
        [this, then = std::move(then)](session::OpenSession&, const std::stop_token& stop) {
            auto names = setup_.list_models(stop);
            post([this, names, then] {
                if (names) models_.set_offered(*names);
                then(names ? std::string() : visible(names.error().message));
            });
        });
}

void Sitting::change_model(const std::string& name) {
    in_session([this, name](session::OpenSession& session, const std::stop_token&) -> Lines {
        if (auto changed = session.change_model(name); !changed)
            return {sentence(visible(changed.error().message))};
        post([this, name] { model_changed(name); });
        return {};
    });
}

/// A name that nobody has confirmed is looked up in the server's list.
void Sitting::model_changed(const std::string& name) {
    const bool is_known = models_.is_known(name);
    models_.change(name);
    status_.model = name;
    tally_.model_changed();
    refresh_status();
    const std::string said = "From the next request on the model is " + visible(name) + ".";
    const std::string back = "/model " + visible(models_.before()) + " goes back.";
    if (is_known) return print(wrap(said, width()));
    print(wrap(said + " It is checked then; " + back, width()));
    if (!setup_.list_models) return;
    ask_for_models([this, name](const std::string& failure) {
        const std::string remark = failure.empty() ? models_.remark_on(name) : std::string();
        if (!remark.empty()) print(wrap(remark, width()));
    });
}

}  // namespace tenon::sitting
