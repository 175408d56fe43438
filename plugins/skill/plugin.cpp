#include <memory>
#include <mutex>

#include <tenon/plugin.hpp>

#include "plugins/front_matter/listing.h"
#include "plugins/front_matter/text.h"
#include "plugins/skill/catalogue.h"

namespace tenon::skill {
namespace {

constexpr std::size_t kMaxShownName = 100;

constexpr const char* kSchema =
    R"({"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false})";

/// For the attribute of a tag. A name that follows the format has nothing to escape.
std::string escaped(std::string_view name) {
    std::string out;
    for (const char c : name) {
        switch (c) {
            case '"':
                out += "&quot;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '&':
                out += "&amp;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

class SkillPlugin : public Plugin {
public:
    using Plugin::Plugin;

    void setup(JsonView) override {
        scan();
        if (skills()->empty()) return;
        tool("load_skill", "Read the instructions of a skill.", kSchema,
             TENON_READ_ONLY | TENON_IDEMPOTENT | TENON_CLOSED_WORLD | TENON_CONCURRENT,
             [this](Call& call) { load(call); })
            .subject("{name}")
            .shows_nothing()
            .rules("Skill", "name");
    }

    std::string system_prompt() override { return skills()->prompt(host().workspace()); }

private:
    void load(const Call& call) {
        const std::string name = call.args().text("name");
        std::shared_ptr<const Catalogue> known = skills();
        if (known->find(name) == nullptr) {  // it may be newer than the last scan
            scan();
            known = skills();
        }
        const Skill* skill = known->find(name);
        if (skill == nullptr) throw unknown(name, *known);
        try {
            call.write("<skill name=\"" + escaped(skill->name) + "\">\n" +
                       read_body(host(), *skill) + "\n</skill>");
        } catch (const Failure& failure) {
            throw Failure("Error: " + skill->file() + ": " + failure.what(), failure.rc());
        }
    }

    static Failure unknown(const std::string& name, const Catalogue& known) {
        const std::string names = front_matter::enumerate(known.names());
        return Failure("Unknown skill '" +
                       front_matter::cut(front_matter::one_line(name), kMaxShownName) +
                       "'. Available skills: " + (names.empty() ? "none" : names));
    }

    void scan() {
        auto found = std::make_shared<const Catalogue>(
            Catalogue::scan(host(), [this](Remark remark, const std::string& message) {
                const std::lock_guard lock(mutex_);
                remarks_.add(remark, message);
            }));
        front_matter::Remarks::Lines lines;
        {
            const std::lock_guard lock(mutex_);
            skills_ = std::move(found);
            lines = remarks_.take("skills");
        }
        for (const std::string& line : lines.summary)
            host().log(TENON_LOG_WARNING, line);
        for (const std::string& line : lines.details)
            host().log(TENON_LOG_INFO, line);
    }
    [[nodiscard]] std::shared_ptr<const Catalogue> skills() {
        const std::lock_guard lock(mutex_);
        return skills_;
    }
    std::mutex mutex_;
    std::shared_ptr<const Catalogue> skills_;  // never null after setup
    front_matter::Remarks remarks_;
};

}  // namespace
}  // namespace tenon::skill

TENON_PLUGIN(tenon::skill::SkillPlugin, "skill", "1.0.0");
