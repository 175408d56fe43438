#include "host/model/answer_stream.h"
#include "host/model/sse.h"
#include "tests/bench/program_run.h"
#include "tests/bench/stopwatch_server.h"

namespace tenon::bench {
namespace {

constexpr std::size_t kPiece = 8192;  // what arrives at once

class NullSink : public agent::EventSink {
public:
    void on_event(const agent::AgentEvent&) override {}
};

const std::string& long_answer() {
    static const std::string stream = [] {
        std::string text;
        while (text.size() < 200'000)
            text += "A sentence with \"quotes\", a line end\n and \xC3\xA4 letters. ";
        return stream_of(say(text).content);
    }();
    return stream;
}

template <class OnEvent>
void feed_all(const std::string& stream, const OnEvent& on_event) {
    model::SseParser parser;
    for (std::size_t at = 0; at < stream.size(); at += kPiece) {
        const auto fed = parser.feed(std::string_view(stream).substr(at, kPiece), on_event);
        if (!fed) throw std::runtime_error(fed.error().message);
    }
}

double megabytes_a_second(void (*read)(const std::string& stream)) {
    constexpr int kRuns = 15;
    const std::string& stream = long_answer();
    Samples times;
    for (int i = 0; i < kRuns; ++i) {
        const auto begin = Clock::now();
        read(stream);
        times.add(Clock::now() - begin);
    }
    return static_cast<double>(stream.size()) / 1000 / times.median();
}

void sse_parser(benchmark::State& state) {
    state.counters["mb_s"] = megabytes_a_second([](const std::string& stream) {
        std::size_t bytes = 0;
        feed_all(stream, [&](const model::SseEvent& event) { bytes += event.data.size(); });
        benchmark::DoNotOptimize(bytes);
    });
}

void answer_stream(benchmark::State& state) {
    state.counters["mb_s"] = megabytes_a_second([](const std::string& stream) {
        NullSink sink;
        const agent::Request request;
        model::AnswerStream answer(request, sink);
        feed_all(stream, [&](const model::SseEvent& event) { answer.take(event); });
        if (!answer.finish()) throw std::runtime_error("the answer is not complete");
    });
}

const bool stream_registered = [] {
    measure("sse_parser", sse_parser);
    measure("answer_stream", answer_stream);
    return true;
}();

}  // namespace
}  // namespace tenon::bench
