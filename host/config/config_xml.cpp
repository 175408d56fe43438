#include <algorithm>
#include <map>

#include <Poco/Exception.h>
#include <Poco/SAX/Attributes.h>
#include <Poco/SAX/DefaultHandler.h>
#include <Poco/SAX/Locator.h>
#include <Poco/SAX/SAXException.h>
#include <Poco/SAX/SAXParser.h>

#include "host/base/untrusted.h"
#include "host/base/utf8.h"
#include "host/config/config_formats.h"
#include "host/config/settings_keys.h"

namespace tenon::config {
namespace {

constexpr std::size_t kMaxDepth = 12;

/// Turns elements into keys. Expat calls it through C frames, so it does not throw: it keeps
/// problems, and skips the rest of the file after a fatal one.
class Flattener : public Poco::XML::DefaultHandler {
public:
    explicit Flattener(std::string file) : file_(std::move(file)) {}

    void setDocumentLocator(const Poco::XML::Locator* locator) override { locator_ = locator; }

    void startElement(const Poco::XML::XMLString&, const Poco::XML::XMLString&,
                      const Poco::XML::XMLString& name,
                      const Poco::XML::Attributes& attributes) override {
        if (!fatal_.empty()) return;
        if (open_.empty() && name != "tenon") {
            fatal_ = here() + ": the root element is <" + visible(name) + ">; allowed: <tenon>";
            return;
        }
        if (open_.size() == kMaxDepth) {
            fatal_ = here() + ": elements nested deeper than " + std::to_string(kMaxDepth);
            return;
        }
        const std::size_t length = key_.size();
        if (!open_.empty()) {
            open_.back().has_children = true;
            key_ += (key_.empty() ? "" : ".") + name;
            if (is_numbered_section(key_)) key_ += "." + std::to_string(++numbers_[key_]);
        }
        const bool in_final = !open_.empty() && open_.back().is_final;
        open_.push_back({length, {}, here(), false, in_final});
        take_attributes(attributes, in_final);
    }

    void characters(const Poco::XML::XMLChar chars[], int start, int length) override {
        if (fatal_.empty() && !open_.empty())
            open_.back().text.append(chars + start, static_cast<std::size_t>(length));
    }

    void endElement(const Poco::XML::XMLString&, const Poco::XML::XMLString&,
                    const Poco::XML::XMLString&) override {
        if (!fatal_.empty()) return;
        const Element element = std::move(open_.back());
        open_.pop_back();
        const std::string_view text = utf8::trimmed(element.text);
        if (element.has_children || open_.empty()) {
            if (!text.empty()) {
                problems_.add(element.origin + ": text " + in_quotes(text) + " directly in " +
                              (key_.empty() ? "<tenon>" : key_) + "; allowed there: elements");
            }
        } else if (!text.empty() || !element.states_final) {
            out_.entries.push_back({key_, std::string(text), element.origin});
        }
        key_.resize(element.key_before);
    }

    Result<ConfigFile> finish() && {
        if (!fatal_.empty()) return Error{std::move(fatal_)};
        out_.problems = std::move(problems_).take(file_);
        return std::move(out_);
    }
    [[nodiscard]] bool failed() const { return !fatal_.empty(); }

private:
    struct Element {
        std::size_t key_before;  // length of the parent's key
        std::string text;
        std::string origin;
        bool has_children;
        bool is_final;              // by itself or by one around it
        bool states_final = false;  // by itself
    };

    [[nodiscard]] std::string here() const {
        return file_ + ":" + std::to_string(locator_ == nullptr ? 0 : locator_->getLineNumber());
    }

    /// An element of a list locks the whole list.
    [[nodiscard]] std::string key_of_lock() const {
        const auto dot = key_.rfind('.');
        const bool numbered = dot != std::string::npos && is_numbered_section(key_.substr(0, dot));
        return numbered ? key_.substr(0, dot) : key_;
    }

    void take_attributes(const Poco::XML::Attributes& attributes, bool in_final) {
        for (int i = 0; i < attributes.getLength(); ++i) {
            const std::string& name = attributes.getQName(i);
            if (name.starts_with("xml")) continue;
            if (name == kFinal && !key_.empty()) {
                take_final(attributes.getValue(i), in_final);
                continue;
            }
            problems_.add(here() + ": attribute " + in_quotes(name) + " of " +
                          (key_.empty() ? "<tenon>; allowed there: no attributes"
                                        : key_ + "; allowed: final=\"true\", no other attributes"));
        }
    }

    void take_final(const std::string& value, bool in_final) {
        const std::string said = here() + ": final=" + in_quotes(value) + " of " + key_;
        if (value == "true") {
            open_.back().is_final = open_.back().states_final = true;
            out_.locks.push_back({key_of_lock(), here()});
        } else if (value != "false") {
            problems_.add(said + " is not allowed; allowed: true, false");
        } else if (in_final) {
            problems_.add(said +
                          " has no effect, since an element around it is final; allowed "
                          "there: final=\"true\", or no such attribute");
        }
    }

    std::string file_;
    const Poco::XML::Locator* locator_ = nullptr;
    std::vector<Element> open_;
    std::string key_;
    std::map<std::string, int> numbers_;  // of elements that have numbers, by key
    std::string fatal_;
    ProblemList problems_;
    ConfigFile out_;
};

/// Where the prolog (declaration, comments, instructions, blanks) ends; a document type is legal
/// only there. Without it there are no entities but the five of XML itself.
std::size_t end_of_prolog(std::string_view text) {
    std::size_t at = 0;
    while (true) {
        at = std::min(text.find_first_not_of(" \t\r\n", at), text.size());
        const std::string_view rest = text.substr(at);
        std::string_view end;
        if (rest.starts_with("<?")) end = "?>";
        if (rest.starts_with("<!--")) end = "-->";
        if (end.empty()) return at;
        const auto found = text.find(end, at + (end == "-->" ? 4 : 2));
        if (found == std::string_view::npos) return text.size();
        at = found + end.size();
    }
}

}  // namespace

Result<ConfigFile> parse_xml(const std::string& file, std::string_view text) {
    const std::size_t prolog = end_of_prolog(text);
    if (text.substr(prolog).starts_with("<!")) {
        const auto line =
            1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(prolog), '\n');
        return Error{file + ":" + std::to_string(line) +
                     ": a document type (<!DOCTYPE) is not allowed"};
    }
    Flattener flattener(file);
    try {
        Poco::XML::SAXParser parser;
        parser.setFeature(Poco::XML::XMLReader::FEATURE_NAMESPACES, false);
        parser.setFeature(Poco::XML::XMLReader::FEATURE_EXTERNAL_GENERAL_ENTITIES, false);
        parser.setFeature(Poco::XML::XMLReader::FEATURE_EXTERNAL_PARAMETER_ENTITIES, false);
        parser.setContentHandler(&flattener);
        parser.parseMemoryNP(text.data(), text.size());
    } catch (const Poco::XML::SAXParseException& e) {
        if (!flattener.failed()) {
            return Error{file + ":" + std::to_string(e.getLineNumber()) +
                         ": not well-formed XML: " + e.message()};
        }
    } catch (const Poco::Exception& e) {
        if (!flattener.failed()) return Error{file + ": " + e.displayText()};
    }
    return std::move(flattener).finish();
}

}  // namespace tenon::config
