#include "host/agent/ports.h"

#include <algorithm>
#include <utility>

namespace tenon::agent {

Turns::Turns(std::size_t places) : passed_(places, false) {}

void Turns::await(std::size_t place, const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] {
        // Under the mutex, so that the request cannot fall between the check and the wait.
        const Lock lock(mutex_);
        changed_.notify_all();
    });
    Lock lock(mutex_);
    const auto own = passed_.begin() + static_cast<std::ptrdiff_t>(place);
    while (!stop.stop_requested() && std::find(passed_.begin(), own, false) != own)
        changed_.wait(lock);
}

void Turns::pass(std::size_t place) {
    const Lock lock(mutex_);
    passed_[place] = true;
    changed_.notify_all();
}

CallContext::CallContext(Caller caller, std::string tool_use_id, std::stop_token stop,
                         std::function<void(std::string)> progress, Turn turn)
    : caller_(std::move(caller)),
      tool_use_id_(std::move(tool_use_id)),
      on_cancel_(std::move(stop), [this] { abandoned_.request_stop(); }),
      progress_(std::move(progress)),
      turn_(turn) {}

CallContext::~CallContext() = default;

void CallContext::progress(std::string note) const {
    if (progress_) progress_(std::move(note));
}

void CallContext::deliver(std::string job) {
    const Lock lock(mutex_);
    delivered_.push_back(std::move(job));
}

std::vector<std::string> CallContext::take_delivered() {
    const Lock lock(mutex_);
    return std::exchange(delivered_, {});
}

bool CallContext::add_image(Image image) {
    constexpr std::size_t kMostImages = 20;
    constexpr std::size_t kMostBytes = std::size_t{16} << 20U;  // a request has 32 MB at most
    const Lock lock(mutex_);
    std::size_t bytes = image.data.size();
    for (const Image& known : images_)
        bytes += known.data.size();
    if (images_.size() == kMostImages || bytes > kMostBytes) return false;
    images_.push_back(std::move(image));
    return true;
}

std::vector<Image> CallContext::take_images() {
    const Lock lock(mutex_);
    return std::exchange(images_, {});
}

void CallContext::at_success(std::function<Result<void>()> step) {
    const Lock lock(mutex_);
    at_success_.push_back(std::move(step));
}

Result<void> CallContext::finish() {
    std::vector<std::function<Result<void>()>> steps;
    {
        const Lock lock(mutex_);
        steps.swap(at_success_);
    }
    for (const auto& step : steps) {
        if (auto done = step(); !done) return done;
    }
    return {};
}

}  // namespace tenon::agent
