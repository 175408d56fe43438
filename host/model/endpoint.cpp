#include "host/model/endpoint.h"

#include <algorithm>
#include <array>
#include <system_error>

#include <Poco/String.h>
#include <spdlog/spdlog.h>

#include "host/base/limits.h"
#include "host/model/border.h"
#include "host/model/format_advice.h"
#include "host/model/refusal.h"
#include "host/model/response_failure.h"
#include "host/model/server_error.h"
#include "host/model/sse.h"
#include "host/model/wire_formats.h"

namespace tenon::model {
namespace {

constexpr std::size_t kMaxErrorBody = std::size_t{64} << 10U;

bool is_success(const HttpHead& head) {
    return head.status / 100 == 2;
}

/// The most of a body that is no stream. One that came with success may be a whole answer.
std::size_t largest_body(const HttpHead& head) {
    return is_success(head) ? kMaxContentBytes : kMaxErrorBody;
}

/// Finds out whether a body is a stream of events. What servers declare is often wrong: JSON is
/// declared as a stream, and a stream as text or JSON. So its first bytes decide.
class StreamTest {
public:
    /// Returns all bytes that it has kept and those that have come now, as soon as it is known what
    /// they are; until then nothing.
    std::string_view take(const HttpHead& head, std::string_view bytes) {
        if (is_stream_) return bytes;
        kept_ += bytes;
        is_stream_ = is_success(head) ? shape_of(head) : false;
        return is_stream_ ? std::string_view(kept_) : std::string_view();
    }
    /// The body has ended: the bytes that have not been returned.
    std::string_view end(const HttpHead& head) {
        if (is_stream_) return {};
        is_stream_ = is_success(head) && is_declared_stream(head);
        return kept_;
    }
    [[nodiscard]] bool is_stream() const { return is_stream_.value_or(false); }

private:
    static bool is_declared_stream(const HttpHead& head) {
        const std::string type =
            Poco::toLower(Poco::trimLeft(std::string(head.field("content-type"))));
        return type.empty() || type.starts_with("text/event-stream");
    }

    /// Nothing: it is not known yet. No line of a stream begins as JSON or a page does.
    [[nodiscard]] std::optional<bool> shape_of(const HttpHead& head) const {
        constexpr std::size_t kMostBlanks = 4096;
        constexpr std::array<std::string_view, 5> kFields = {
            "data:", "event:", "id:", "retry:", ":"};
        const auto at = kept_.find_first_not_of(" \t\r\n\xEF\xBB\xBF");  // a BOM too
        const bool is_declared = is_declared_stream(head);
        if (at == kept_.npos)
            return kept_.size() < kMostBlanks ? std::nullopt : std::optional(is_declared);
        if (is_declared) return std::string_view("{[<").find(kept_[at]) == std::string_view::npos;
        const std::string_view text = std::string_view(kept_).substr(at);
        bool is_known = true;
        for (const std::string_view field : kFields) {
            if (text.starts_with(field)) return true;
            is_known = is_known && !field.starts_with(text);
        }
        return is_known ? std::optional(false) : std::nullopt;
    }

    std::string kept_;
    std::optional<bool> is_stream_;
};

/// Whether a refusal of this status may be about the thread that a request continues.
bool may_refuse_thread(int status) {
    constexpr std::array kStatuses = {400, 404, 409, 410, 413, 422};
    return std::find(kStatuses.begin(), kStatuses.end(), status) != kStatuses.end();
}

/// Whether a refusal, in lower case, may be about what a thread has from its beginning.
bool names_prefix(std::string_view text) {
    constexpr std::array<std::string_view, 3> kWords = {"fingerprint", "system", "tools"};
    return std::any_of(kWords.begin(), kWords.end(),
                       [text](std::string_view word) { return text.find(word) != text.npos; });
}

/// Passes events on, and knows whether there were any.
class CountedSink : public agent::EventSink {
public:
    explicit CountedSink(agent::EventSink& sink) : sink_(sink) {}
    void on_event(const agent::AgentEvent& event) override {
        has_events_ = true;
        sink_.on_event(event);
    }
    [[nodiscard]] bool has_events() const { return has_events_; }

private:
    agent::EventSink& sink_;
    bool has_events_ = false;
};

std::string without_setting(std::string_view setting, std::string_view model,
                            const agent::ModelFailure& failure) {
    return "the server does not take what " + std::string(setting) +
           " asks for, so requests to the model " + std::string(model) + " are without it (" +
           failure.message + ")";
}

/// The setting that gave up an attempt, as the end of a message.
std::string about_limit(int idle_timeouts) {
    if (idle_timeouts == 0) return {};
    if (idle_timeouts == 1) return ", the limit of model.idleTimeout";
    return "; that is " + std::to_string(idle_timeouts) + " times model.idleTimeout";
}

/// A list of features, in which the configuration may name some too.
constexpr const char* kListField = "anthropic-beta";

}  // namespace

Endpoint::Endpoint(std::shared_ptr<const WireFormat> format, std::shared_ptr<TraitsByModel> traits,
                   EndpointConfig config, std::unique_ptr<HttpClient> http,
                   std::string address_advice)
    : format_(std::move(format)),
      traits_(std::move(traits)),
      config_(std::move(config)),
      http_(std::move(http)),
      address_advice_(std::move(address_advice)) {}

Result<std::unique_ptr<Endpoint>> Endpoint::create(std::shared_ptr<const WireFormat> format,
                                                   std::shared_ptr<TraitsByModel> traits,
                                                   EndpointConfig config) {
    if (config.key_field != KeyField::kNone && config.api_key.empty() &&
        is_vendors_own(format->name(), config.http.base_url))
        return Error{"no API key"};
    if (!is_header_value(config.api_key)) return Error{"the API key has control characters"};
    for (const auto& [name, value] : config.headers) {
        if (!is_header_value(value))
            return Error{"the header field " + name + " has control characters"};
    }
    auto url = request_base_url(*format, config.http.base_url);
    if (!url) return url.error();
    std::string advice = advice_on_address(format->name(), config.http.base_url, config.section);
    config.http.base_url = std::move(*url);
    auto http = HttpClient::create(config.http);
    if (!http) return http.error();
    return std::unique_ptr<Endpoint>(new Endpoint(std::move(format), std::move(traits),
                                                  std::move(config), std::move(*http),
                                                  std::move(advice)));
}

HttpFields Endpoint::fields(HttpFields of_format) const {
    of_format.emplace_back("user-agent", "tenon/" TENON_VERSION);
    if (!config_.api_key.empty() && config_.key_field == KeyField::kBearer)
        of_format.emplace_back("authorization", "Bearer " + config_.api_key);
    if (!config_.api_key.empty() && config_.key_field == KeyField::kXApiKey)
        of_format.emplace_back("x-api-key", config_.api_key);
    for (const auto& [name, value] : config_.headers) {
        const auto is_same = [&name = name](const auto& field) {
            return Poco::icompare(field.first, name) == 0;
        };
        std::string all = value;
        const auto own = std::find_if(of_format.begin(), of_format.end(), is_same);
        if (own != of_format.end() && own->first == kListField && all.find(own->second) == all.npos)
            all += "," + own->second;
        std::erase_if(of_format, is_same);
        of_format.emplace_back(name, all);
    }
    return of_format;
}

Result<HttpHead, HttpFailure> Endpoint::ask_for_models(const OnBody& on_body,
                                                       std::stop_token stop) {
    return http_->get("/models", fields(format_->fields({}, traits_->of({}))), on_body,
                      std::move(stop));
}

WindowQuestion Endpoint::window_question() const {
    return {config_.http, fields(format_->fields({}, traits_->of({})))};
}

Result<agent::Answer, agent::ModelFailure> Endpoint::ask(const agent::Request& request,
                                                         agent::EventSink& sink,
                                                         std::stop_token stop) {
    ServerTraits& traits = traits_->of(request.model);
    agent::Request sent = request;
    if (sent.thread == tried_thread_) sent.thread = {};
    bool schema_was_guessed = false;
    while (true) {
        Refused refused;
        auto answer = ask_once(sent, sink, stop, refused);
        // A server that fails for another reason may take the schema when it is well again.
        if (!answer && schema_was_guessed && answer.error().retryable)
            traits.restore(Part::kAnswerSchema);
        if (answer || !refused.part || stop.stop_requested() ||
            !traits.change(*refused.part, refused.was_taken))
            return answer;
        schema_was_guessed = refused.is_guess;
        tried_without_schema_ = tried_without_schema_ || refused.is_guess;
        if (const auto setting = format_->setting_of(*refused.part); !setting.empty())
            sink.on_event(agent::Notice{without_setting(setting, request.model, answer.error())});
        spdlog::info("asked again without what the server refuses: {}", answer.error().message);
    }
}

/// With all messages, if a thread cannot be continued. Then the next attempt has all messages too.
Result<agent::Answer, agent::ModelFailure> Endpoint::ask_once(agent::Request& request,
                                                              agent::EventSink& sink,
                                                              const std::stop_token& stop,
                                                              Refused& refused) {
    ServerTraits& traits = traits_->of(request.model);
    ThreadUse thread = format_->thread_use(request, traits);
    auto answer = attempt(request, sink, stop, refused);
    const auto is_refused = [&] {
        return !answer && !stop.stop_requested() && thread == ThreadUse::kContinue &&
               may_refuse_thread(answer.error().http_status);
    };
    if (is_refused() && refused.names_prefix) {
        // Some servers want system prompt and tools beside the thread, others refuse them.
        const bool had_prefix = traits.takes(Part::kThreadPrefix);
        traits.set(Part::kThreadPrefix, !had_prefix);
        answer = attempt(request, sink, stop, refused = {});
        if (!answer) traits.set(Part::kThreadPrefix, had_prefix);
    }
    const bool goes_on = is_refused();
    if (!answer && thread == ThreadUse::kContinue) {
        tried_thread_ = request.thread;
        request.thread = {};
    }
    if (goes_on) {
        spdlog::info("asked again with all messages: {}", answer.error().message);
        thread = format_->thread_use(request, traits);
        answer = attempt(request, sink, stop, refused = {});
    }
    if (answer) answer->in_thread = thread != ThreadUse::kNone && !answer->id.empty();
    return answer;
}

/// `body`: the response, or the event that ended it before anything was shown.
Endpoint::Refused Endpoint::what_is_refused(const agent::ModelFailure& failure,
                                            std::string_view body, const agent::Request& request,
                                            const ServerTraits& written) const {
    Refused refused;
    const std::string words = words_of_refusal(body);
    refused.names_prefix = names_prefix(words);
    if (failure.length == agent::Length::kTooLong || !may_name_a_part(failure.http_status, body))
        return refused;
    const ServerTraits& traits = traits_->of(request.model);
    refused.part = traits.named_in(words, format_->refusable(), written);
    const bool has_schema = !request.answer_schema.empty() && written.takes(Part::kAnswerSchema);
    if (!refused.part && has_schema && !tried_without_schema_ &&
        may_be_about_schema(failure, words)) {
        refused.part = Part::kAnswerSchema;
        refused.is_guess = true;
    }
    refused.was_taken = refused.part && written.takes(*refused.part);
    return refused;
}

Result<agent::Answer, agent::ModelFailure> Endpoint::attempt(const agent::Request& request,
                                                             agent::EventSink& sink,
                                                             const std::stop_token& stop,
                                                             Refused& refused) {
    const ServerTraits& traits = traits_->of(request.model);
    const ServerTraits written = traits;  // the others may change while this request is under way
    const RequestText body = format_->body(request, written);
    HttpPost post;
    post.path = format_->path();
    post.fields = fields(format_->fields(request, written));
    post.fields.emplace_back("content-type", "application/json");
    post.fields.emplace_back("accept", "text/event-stream");
    post.body = body.pieces();

    SseParser parser;
    StreamTest stream_test;
    CountedSink shown(sink);
    const std::unique_ptr<AnswerReader> reader = format_->reader(request, shown);
    std::string other_body;  // no stream: an error, or a whole answer
    std::string last_event;  // while nothing is shown: it may be an error
    std::optional<Error> garbled;
    const auto on_event = [&](const SseEvent& event) {
        http_->progress();
        reader->take(event);
        if (!shown.has_events()) last_event = event.data.substr(0, kMaxErrorBody);
    };
    const auto take_body = [&](const HttpHead& head, std::string_view bytes) {
        if (!stream_test.is_stream()) {
            const std::size_t most = largest_body(head);
            other_body.append(bytes.substr(0, most - other_body.size()));
            return other_body.size() < most;
        }
        const auto fed = parser.feed(bytes, on_event);
        if (!fed) garbled = fed.error();
        return fed.ok() && !reader->over();
    };
    const auto on_body = [&](const HttpHead& head, std::string_view bytes) {
        return take_body(head, stream_test.take(head, bytes));
    };

    const std::string doing = http_->doing("POST", post.path);
    agent::ModelFailure failure;
    Result<HttpHead, HttpFailure> response = HttpFailure{};
    try {
        response = http_->post(post, on_body, stop);
    } catch (const std::system_error& e) {  // no thread can be started; not a fault of the server
        failure.message = shortage_error(doing + "start a thread", e.code().value()).message;
        return failure;
    }
    if (!response) {
        failure.message = response.error().message;
        failure.stopped = response.error().stopped;
        failure.retryable = !failure.stopped && !response.error().permanent;
        failure.contact = response.error().contact;
        if (response.error().malformed) failure.malformed = failure.message;
        failure.message += about_limit(response.error().idle_timeouts);
        return failure;
    }
    (void)take_body(*response, stream_test.end(*response));
    const bool is_stream = stream_test.is_stream();
    if (is_stream && response->whole && !reader->over()) parser.end(on_event);
    if (!is_stream && !(is_success(*response) && reader->take_whole(other_body))) {
        const bool is_too_long = is_success(*response) && other_body.size() == kMaxContentBytes;
        other_body.resize(std::min(other_body.size(), kMaxErrorBody));
        failure = is_too_long ? malformed_answer(std::string(kTooLong))
                              : failure_of_response(*response, other_body);
        // Not a whole answer, but perhaps the beginning of one.
        if (is_success(*response) && !response->whole) failure.retryable = true;
        refused = what_is_refused(failure, other_body, request, written);
        failure.wrong_address = !is_too_long && !refused.part && !address_advice_.empty() &&
                                may_be_wrong_address(format_->name(), *response, other_body);
        // No server will have it later.
        if (failure.wrong_address) failure.retryable = failure.unavailable = false;
    } else if (garbled) {
        failure.message = garbled->message;
        failure.malformed = garbled->message;
        failure.http_status = response->status;
        failure.retryable = true;
    } else {
        auto answer = reader->finish(response->whole || !is_stream);
        if (answer && answer->content.size() > kMaxContentBytes) {
            failure = malformed_answer(std::string(kTooLong));
        } else if (answer) {
            answer->by = {std::string(format_->name()), std::string(request.model)};
            return answer;
        } else {
            failure = answer.error();
            const bool may_be_refusal = failure.malformed.empty() && !shown.has_events();
            if (may_be_refusal) refused = what_is_refused(failure, last_event, request, written);
        }
    }
    if (failure.request_id.empty()) {
        for (const char* field : {"request-id", "x-request-id"}) {
            const auto id = response->field(field);
            if (!id.empty() && failure.request_id.empty()) failure.request_id = excerpt(id, 200);
        }
    }
    failure.message.insert(0, doing);
    if (!failure.request_id.empty()) failure.message += " (request-id " + failure.request_id + ")";
    if (failure.wrong_address) failure.message += address_advice_;
    const bool refuses_key = failure.http_status == 401 || failure.http_status == 403;
    if (refuses_key && !config_.about_key.empty()) failure.message += "; " + config_.about_key;
    return failure;
}

}  // namespace tenon::model
