#include <memory>
#include <mutex>
#include <set>

#include <tenon/plugin.hpp>

#include "plugins/front_matter/listing.h"
#include "plugins/front_matter/text.h"
#include "plugins/skill/catalogue.h"

namespace tenon::skill {
namespace {

constexpr std::size_t kMaxShownName = 100;

constexpr const char* kSchema =
    R"({"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false})";

/// For the attribute of a tag. Proper names have nothing to escape.
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
             [this](Call& call) { load(call); });
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
            Catalogue::scan(host(), [this](const std::string& message) { tell(message); }));
        const std::lock_guard lock(mutex_);
        skills_ = std::move(found);
    }
    [[nodiscard]] std::shared_ptr<const Catalogue> skills() {
        const std::lock_guard lock(mutex_);
        return skills_;
    }
    /// Once each, however often the folders are looked through.
    void tell(const std::string& message) {
        {
            const std::lock_guard lock(mutex_);
            if (!told_.insert(message).second) return;
        }
        host().log(TENON_LOG_WARNING, message);
    }

    std::mutex mutex_;
    std::shared_ptr<const Catalogue> skills_;  // never null after setup
    std::set<std::string> told_;
};

}  // namespace
}  // namespace tenon::skill

TENON_PLUGIN(tenon::skill::SkillPlugin, "skill", "1.0.0");
