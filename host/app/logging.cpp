#include "host/app/logging.h"

#include <fcntl.h>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "host/base/json.h"
#include "host/base/unique_fd.h"

namespace tenon::app {
namespace {

/// The message as a JSON string, so that a line of the log is one object whatever was logged.
class QuotedMessage : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& message, const std::tm&,
                spdlog::memory_buf_t& out) override {
        const std::string quoted =
            json_quote(std::string_view(message.payload.data(), message.payload.size()));
        out.append(quoted.data(), quoted.data() + quoted.size());
    }
    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<QuotedMessage>();
    }
};

/// Hands each message over as a line.
class Shown : public spdlog::sinks::base_sink<std::mutex> {
public:
    explicit Shown(std::function<void(const std::string&)> show) : show_(std::move(show)) {}

protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        show_("tenon: " + std::string(spdlog::level::to_string_view(message.level).data()) + ": " +
              std::string(message.payload.data(), message.payload.size()));
    }
    void flush_() override {}

private:
    std::function<void(const std::string&)> show_;
};

}  // namespace

Result<void> start_logging(const Settings::Log& log) {
    std::shared_ptr<spdlog::logger> logger;
    try {
        std::shared_ptr<spdlog::sinks::sink> sink;
        if (log.file.empty()) {
            sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
        } else {
            const UniqueFd made(::open(log.file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
            if (!made) return Error::from_errno("log.file: open " + log.file);
            sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(log.file);
        }
        logger = std::make_shared<spdlog::logger>("tenon", std::move(sink));
    } catch (const spdlog::spdlog_ex& e) {
        return Error{"log.file: " + std::string(e.what())};
    }
    if (log.format == "json") {
        auto formatter = std::make_unique<spdlog::pattern_formatter>();
        formatter->add_flag<QuotedMessage>('Q').set_pattern(
            R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","message":%Q})");
        logger->set_formatter(std::move(formatter));
    } else {
        logger->set_pattern("tenon: %l: %v");
        if (!log.file.empty()) logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %l: %v");
    }
    logger->set_level(spdlog::level::from_str(log.level));
    spdlog::set_default_logger(std::move(logger));
    spdlog::flush_on(spdlog::level::warn);
    return {};
}

void show_log(std::function<void(const std::string&)> show) {
    auto& sinks = spdlog::default_logger()->sinks();
    sinks.clear();
    if (show) {
        sinks.push_back(std::make_shared<Shown>(std::move(show)));
        return;
    }
    sinks.push_back(std::make_shared<spdlog::sinks::stderr_sink_mt>());
    spdlog::default_logger()->set_pattern("tenon: %l: %v");
}

}  // namespace tenon::app
