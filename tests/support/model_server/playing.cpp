#include "tests/support/model_server/playing.h"

#include <algorithm>
#include <chrono>
#include <sstream>

#include <Poco/DeflatingStream.h>

#include "host/base/mutex.h"

namespace tenon::testing {
namespace {

void wait(std::chrono::milliseconds duration, const std::stop_token& stop) {
    if (duration.count() == 0) return;
    Mutex mutex;
    Condition wake;
    const std::stop_callback on_stop(stop, [&] {
        const Lock lock(mutex);
        wake.notify_all();
    });
    const auto until = std::chrono::steady_clock::now() + duration;
    Lock lock(mutex);
    while (!stop.stop_requested() && wake.wait_until(lock, until)) {
    }
}

std::string compressed(const std::string& text) {
    std::ostringstream out;
    Poco::DeflatingOutputStream gzip(out, Poco::DeflatingStreamBuf::STREAM_GZIP);
    gzip << text;
    gzip.close();
    return out.str();
}

/// Plays one step.
class Player {
public:
    Player(Peer& peer, const ServerWire& wire, const Answered& answer, const EndpointRules& rules)
        : peer_(peer), wire_(wire), answer_(answer), step_(answer.step), rules_(rules) {}

    bool play(const std::stop_token& stop) {
        wait(step_.delay, stop);
        if (step_.reset) peer_.reset();
        if (step_.reset && !step_.cut_after) return false;
        if (step_.raw) {
            write(*step_.raw);
            return false;
        }
        if (has("early_hints"))
            write("HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n");
        const std::string* body = for_format(step_.bodies_of, step_.body, wire_.name());
        if (step_.status != 200 || body != nullptr) {
            const RefusedRequest failure{step_.status, "scripted failure"};
            write(response(step_.status, step_.headers,
                           body != nullptr ? *body : wire_.error_body(failure)));
            return !step_.close;
        }
        return stream(stop);
    }

private:
    [[nodiscard]] bool has(const char* defect) const { return step_.sloppy.count(defect) > 0; }

    void write(const std::string& bytes) {
        step_.drip ? peer_.write_slowly(bytes) : peer_.write(bytes);
    }

    [[nodiscard]] Events events() const {
        const Events* scripted = for_format(step_.events_of, step_.events, wire_.name());
        Events events = scripted != nullptr ? *scripted : wire_.events(answer_, rules_);
        if (!step_.error_after) return events;
        events.resize(std::min(*step_.error_after, events.size()));
        events.push_back(wire_.error_event(step_.error_type, step_.error_message));
        return events;
    }

    [[nodiscard]] std::string line(const std::string& text) const {
        return text + (has("crlf") ? "\r\n" : "\n");
    }

    [[nodiscard]] std::string text_of(const Events::value_type& event) const {
        std::string text = has("comments") ? line(": PROCESSING") + line("") : "";
        if (!event.first.empty() && !has("no_event_names")) text += line("event: " + event.first);
        return text + line((has("no_blank_after_colon") ? "data:" : "data: ") + event.second) +
               line("");
    }

    bool stream(const std::stop_token& stop) {
        const Events all = events();
        if (has("whole_body") && all.size() == 1) {
            write(response(200, step_.headers, all.front().second));
            return !step_.close;
        }
        write(head());
        if (has("gzip")) {
            std::string text;
            for (const auto& event : all)
                text += text_of(event);
            write(chunk(compressed(text)));
        } else if (!write_events(all, stop)) {
            return false;
        }
        write("0\r\n\r\n");
        return !step_.close;
    }

    [[nodiscard]] std::string head() const {
        std::string head = "HTTP/1.1 200 OK\r\ncontent-type: ";
        head += has("capital_content_type") ? "Text/Event-Stream" : "text/event-stream";
        head += "; charset=utf-8\r\nrequest-id: req_test\r\ntransfer-encoding: chunked\r\n";
        if (has("gzip")) head += "content-encoding: gzip\r\n";
        for (const auto& [name, value] : step_.headers)
            head += name + ": " + value + "\r\n";
        return head + "\r\n";
    }

    bool write_events(const Events& events, const std::stop_token& stop) {
        std::size_t left = step_.cut_after.value_or(std::string::npos);
        for (const auto& one : events) {
            wait(step_.gap, stop);
            const std::string event = text_of(one);
            if (event.size() > left || stop.stop_requested()) {
                if (left > 0 && !stop.stop_requested()) write(chunk(event.substr(0, left)));
                return false;
            }
            left -= step_.cut_after ? event.size() : 0;
            write(chunk(event));
        }
        return !step_.cut_after;
    }

    Peer& peer_;
    const ServerWire& wire_;
    const Answered& answer_;
    const Step& step_;
    const EndpointRules& rules_;
};

}  // namespace

bool play(Peer& peer, const ServerWire& wire, const Answered& answer, const EndpointRules& rules,
          const std::stop_token& stop) {
    return Player(peer, wire, answer, rules).play(stop);
}

}  // namespace tenon::testing
