#include "host/app/logging.h"

#include <fcntl.h>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include "host/base/atomic_file.h"
#include "host/base/json.h"
#include "host/base/output.h"
#include "host/base/unique_fd.h"
#include "host/base/untrusted.h"

namespace tenon::app {
namespace {

std::string_view text_of(const spdlog::details::log_msg& message) {
    return {message.payload.data(), message.payload.size()};
}

/// The message as a JSON string, so that every line of the log is one object.
std::string quoted(std::string_view text) {
    return visible_json(json_quote(text));
}

/// The message without control characters, since logs are read on terminals.
std::string readable(std::string_view text) {
    return visible(text, true);
}

/// The pattern flag `%Q`: the message, written by `Write`.
template <std::string (*Write)(std::string_view)>
class WrittenMessage : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& message, const std::tm&,
                spdlog::memory_buf_t& out) override {
        const std::string text = Write(text_of(message));
        out.append(text.data(), text.data() + text.size());
    }
    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<WrittenMessage>();
    }
};

template <std::string (*Write)(std::string_view)>
std::unique_ptr<spdlog::pattern_formatter> formatter(std::string pattern) {
    auto out = std::make_unique<spdlog::pattern_formatter>();
    out->add_flag<WrittenMessage<Write>>('Q').set_pattern(std::move(pattern));
    return out;
}

constexpr const char* kOnStandardError = "tenon: %l: %Q";

/// Writes to the program's own standard error, not to `stderr`: what plugins print there becomes a
/// message of the log.
class StandardErrorSink : public spdlog::sinks::base_sink<std::mutex> {
protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        (void)write_all(error_descriptor(), {line.data(), line.size()});
    }
    void flush_() override {}
};

/// Passes each message on as a line.
class LineSink : public spdlog::sinks::base_sink<std::mutex> {
public:
    explicit LineSink(std::function<void(const std::string&)> show) : show_(std::move(show)) {}

protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        show_("tenon: " + std::string(spdlog::level::to_string_view(message.level).data()) + ": " +
              std::string(text_of(message)));
    }
    void flush_() override {}

private:
    std::function<void(const std::string&)> show_;
};

}  // namespace

Result<void> start_logging(const config::Settings::Log& log) {
    std::shared_ptr<spdlog::logger> logger;
    try {
        std::shared_ptr<spdlog::sinks::sink> sink;
        if (log.file.empty()) {
            sink = std::make_shared<StandardErrorSink>();
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
        logger->set_formatter(
            formatter<quoted>(R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","message":%Q})"));
    } else {
        logger->set_formatter(formatter<readable>(
            log.file.empty() ? kOnStandardError : "%Y-%m-%d %H:%M:%S.%e %l: %Q"));
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
        sinks.push_back(std::make_shared<LineSink>(std::move(show)));
        return;
    }
    sinks.push_back(std::make_shared<StandardErrorSink>());
    spdlog::default_logger()->set_formatter(formatter<readable>(kOnStandardError));
}

}  // namespace tenon::app
