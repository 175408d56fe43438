// A tool that takes long: it reports progress, and stops when its call is cancelled.
#include <cerrno>
#include <chrono>
#include <poll.h>

#include <tenon/plugin.hpp>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr const char* kSchema = R"({
  "type": "object",
  "properties": {
    "from": {"type": "integer", "minimum": 1, "maximum": 3600},
    "step_ms": {"type": "integer", "minimum": 0, "maximum": 60000, "description": "Time of a step; default: 1000"}
  },
  "required": ["from"],
  "additionalProperties": false
})";

/// Waits for the time, or until the call is cancelled. True if it was cancelled.
bool wait_or_cancelled(const tenon::Call& call, milliseconds time) {
    const auto end = Clock::now() + time;
    while (true) {
        const auto left = std::chrono::ceil<milliseconds>(end - Clock::now()).count();
        pollfd cancel{call.cancel_fd(), POLLIN, 0};
        const int ready = ::poll(&cancel, 1, left > 0 ? static_cast<int>(left) : 0);
        if (ready > 0) return true;
        if (ready == 0) return false;
        if (errno != EINTR) throw tenon::Failure("cannot wait");
    }
}

class Countdown : public tenon::Plugin {
public:
    using Plugin::Plugin;

    void setup(tenon::JsonView) override {
        tool("countdown", "Counts down to zero, one step a second.", kSchema,
             TENON_READ_ONLY | TENON_CLOSED_WORLD | TENON_CONCURRENT | TENON_LONG_RUNNING,
             [this](tenon::Call& call) { count(call); })
            .subject("{from}");
    }

private:
    void count(tenon::Call& call) const {
        const std::int64_t from = call.args().integer("from");
        host().log(TENON_LOG_INFO, "counting down from " + std::to_string(from));
        const milliseconds step(call.args().integer("step_ms", 1000));
        for (std::int64_t left = from; left > 0; --left) {
            call.progress(std::to_string(left));
            if (wait_or_cancelled(call, step))
                throw tenon::Failure("stopped at " + std::to_string(left), TENON_CANCELLED);
        }
        call.write("Counted down from " + std::to_string(from) + ".");
    }
};

}  // namespace

TENON_PLUGIN(Countdown, "countdown", "1.0.0");
