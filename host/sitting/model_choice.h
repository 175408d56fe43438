#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::sitting {

/// The model of a session, and the names that /model can offer. Names are as they were given; the
/// lines make them harmless. Used by one thread.
class ModelChoice {
public:
    /// `configured` may be empty.
    void begin(std::string present, std::string configured);
    void change(std::string name);
    /// Names that the journal of the session has.
    void add_used(const std::vector<std::string>& names);
    /// What the server offers now.
    void set_offered(std::vector<std::string> names) { offered_ = std::move(names); }

    [[nodiscard]] const std::string& present() const { return present_; }
    /// The model before the last change; empty: there was none.
    [[nodiscard]] const std::string& before() const { return before_; }
    /// Whether the name is configured, was used in this session, or is offered by the server.
    [[nodiscard]] bool is_known(std::string_view name) const;
    /// What the list of the server says about a name that is not in it; empty: there is no list.
    [[nodiscard]] std::string remark_on(std::string_view name) const;

    /// "model", "configured", "used here" and each of `fallbacks`: what is known without the
    /// server.
    [[nodiscard]] std::vector<std::string> known_lines(const std::vector<std::string>& fallbacks,
                                                       std::size_t width) const;
    /// The offered names, most of them; none are offered: no lines.
    [[nodiscard]] std::vector<std::string> offered_lines(const std::string& server,
                                                         std::size_t width) const;

private:
    std::string present_, before_, configured_;
    std::vector<std::string> used_, offered_;
};

/// What is wrong with the word as a model's name; none: nothing.
std::optional<std::string> problem_of_model_name(std::string_view name);

}  // namespace tenon::sitting
