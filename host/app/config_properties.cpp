#include <algorithm>
#include <set>
#include <sstream>

#include <Poco/AutoPtr.h>
#include <Poco/Exception.h>
#include <Poco/Util/PropertyFileConfiguration.h>

#include "host/app/config_formats.h"
#include "host/app/visible_text.h"

namespace tenon::app {
namespace {

/// Poco's parser, of which every assignment is taken down as it is read: in order, with its line,
/// and before anything could be expanded or overwritten.
class Recorder : public Poco::Util::PropertyFileConfiguration {
public:
    Recorder(std::string file, std::string_view text) : file_(std::move(file)), text_(text) {}

    ConfigFile record() {
        std::istringstream stream{std::string(text_)};
        stream_ = &stream;
        load(stream);
        out_.problems = std::move(problems_).take(file_);
        return std::move(out_);
    }

protected:
    void setRaw(const std::string& key, const std::string& value) override {
        const std::string origin = file_ + ":" + std::to_string(line());
        if (!seen_.insert(key).second) {
            problems_.add(origin + ": " + in_quotes(key) +
                          " is given twice; lists are written as KEY.1, KEY.2, …");
            return;
        }
        out_.entries.push_back({key, value, origin});
    }

private:
    /// The line that the parser has just read to its end.
    int line() {
        const auto at = stream_->rdbuf()->pubseekoff(0, std::ios::cur, std::ios::in);
        const std::size_t end = at < 0 ? text_.size() : static_cast<std::size_t>(at);
        for (; counted_ < end; ++counted_) {
            if (text_[counted_] == '\n') ++lines_;
        }
        return end > 0 && text_[end - 1] == '\n' ? lines_ : lines_ + 1;
    }

    std::string file_;
    std::string_view text_;
    std::istream* stream_ = nullptr;
    std::size_t counted_ = 0;
    int lines_ = 0;
    std::set<std::string> seen_;
    ProblemList problems_;
    ConfigFile out_;
};

}  // namespace

Result<ConfigFile> parse_properties(const std::string& file, std::string_view text) {
    try {
        Poco::AutoPtr<Recorder> recorder(new Recorder(file, text));
        return recorder->record();
    } catch (const Poco::Exception& e) {
        return Error{file + ": " + e.displayText()};
    }
}

}  // namespace tenon::app
