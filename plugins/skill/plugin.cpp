#include <memory>
#include <mutex>
#include <utility>

#include <tenon/plugin.hpp>

#include "plugins/front_matter/listing.h"
#include "plugins/front_matter/text.h"
#include "plugins/skill/catalogue.h"

namespace tenon::skill {
namespace {

constexpr std::size_t kMaxShownName = 100;
constexpr std::size_t kMaxShownDescription = 300;

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

    /// From the second time on also skills that are newer than the start of the session.
    std::string prompts() override {
        if (std::exchange(listed_, true)) scan();
        std::string list;
        const std::shared_ptr<const Catalogue> known = skills();
        for (const Skill* skill : known->of_person()) {
            JsonObject entry;
            entry.text("name", skill->name)
                .text("description", front_matter::cut(skill->description, kMaxShownDescription))
                .text("arguments", skill->arguments);
            list += (list.empty() ? "" : ",") + entry.json();
        }
        return "[" + list + "]";
    }
    std::string prompt(const std::string& name, const std::string& arguments) override {
        const std::shared_ptr<const Catalogue> known =
            scanned_for([&](const Catalogue& all) { return all.find_of_person(name) != nullptr; });
        const Skill* skill = known->find_of_person(name);
        if (skill == nullptr) throw unknown(name, *known);
        return tagged(*skill, with_arguments(body_of(*skill), arguments, skill->folder)) +
               "\nFiles that this skill names are relative to " + skill->folder + ".";
    }

private:
    void load(const Call& call) {
        const std::string name = call.args().text("name");
        const std::shared_ptr<const Catalogue> known =
            scanned_for([&](const Catalogue& all) { return all.find(name) != nullptr; });
        const Skill* skill = known->find(name);
        if (skill == nullptr) throw unknown(name, *known);
        call.write(tagged(*skill, body_of(*skill)));
    }

    static std::string tagged(const Skill& skill, const std::string& body) {
        return "<skill name=\"" + escaped(skill.name) + "\">\n" + body + "\n</skill>";
    }

    [[nodiscard]] std::string body_of(const Skill& skill) const {
        try {
            return read_body(host(), skill);
        } catch (const Failure& failure) {
            throw Failure("Error: " + skill.file() + ": " + failure.what(), failure.rc());
        }
    }

    /// The skills, scanned again when those of the last scan do not have what is wanted.
    template <class HasIt>
    std::shared_ptr<const Catalogue> scanned_for(HasIt has_it) {
        if (!has_it(*skills())) scan();
        return skills();
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
    bool listed_ = false;
    std::mutex mutex_;
    std::shared_ptr<const Catalogue> skills_;  // never null after setup
    front_matter::Remarks remarks_;
};

}  // namespace
}  // namespace tenon::skill

TENON_PLUGIN(tenon::skill::SkillPlugin, "skill", "1.0.0");
