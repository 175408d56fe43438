#include "host/base/duration.h"

namespace tenon {

std::string duration_text(std::chrono::milliseconds time) {
    const auto seconds = time.count() / 1000;
    if (seconds == 0) return "0." + std::to_string(time.count() / 100) + " s";
    if (seconds < 60) return std::to_string(seconds) + " s";
    const auto minutes = seconds / 60;
    if (minutes < 60)
        return std::to_string(minutes) + " min " + std::to_string(seconds % 60) + " s";
    return std::to_string(minutes / 60) + " h " + std::to_string(minutes % 60) + " min";
}

}  // namespace tenon
