#pragma once

#include <string>
#include <vector>

#include "host/plugin/instance.h"

namespace tenon::plugins::testing {

/// A host without services that ignores what is logged.
class SilentHost final : public plugin::HostPort {
public:
    void log(int, std::string_view) noexcept override {}
    tenon_rc request(std::string_view, std::string_view, std::string_view,
                     std::string& answer) noexcept override {
        answer = "none";
        return TENON_UNSUPPORTED;
    }
};

/// A call that keeps what the plugin writes.
class CollectingCall final : public plugin::CallPort {
public:
    [[nodiscard]] const std::stop_token& stop() const override { return token; }
    bool write(std::string_view chunk) noexcept override {
        text += chunk;
        return true;
    }
    void progress(std::string_view note) noexcept override { notes.emplace_back(note); }
    tenon_rc request(std::string_view, std::string_view, std::string_view,
                     std::string&) noexcept override {
        return TENON_UNSUPPORTED;
    }
    std::stop_token token;
    std::string text;
    std::vector<std::string> notes;
};

}  // namespace tenon::plugins::testing
