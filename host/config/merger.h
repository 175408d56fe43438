#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "host/config/config_formats.h"
#include "host/config/layers.h"
#include "host/config/settings.h"
#include "host/config/settings_keys.h"

namespace tenon::config {

/// Puts layers together, weakest first: the last word on a key counts, rules add up. Knows what an
/// untrusted workspace may say. Reads nothing; where things come from is the caller's business.
class Merger {
public:
    /// `home` stands for a leading `~/` of paths; `check_rule` may be null. Begins with the
    /// defaults.
    Merger(std::filesystem::path home, RuleCheck check_rule);

    /// Problems go to the errors, or for a workspace's layer to the warnings.
    void merge(const Layer& layer, std::vector<std::string>& errors,
               std::vector<std::string>& warnings);

    /// Gives a value to a key that no layer has set, and says whether it did.
    bool set_if_unset(const std::string& key, const std::string& text, const std::string& origin);

    /// Everything but the lists of paths.
    void fill(Settings& settings) const;
    /// The configured ones of a list of paths, absolute; empty when there are none.
    [[nodiscard]] std::vector<Entry> paths(const std::string& key) const;
    /// Every key but `plugins.path`, in the order of the table, then plugins' own.
    [[nodiscard]] std::vector<Entry> entries() const;

private:
    struct Effective {
        Value value;
        std::string written;
        std::string origin;
        std::filesystem::path base;
    };
    struct Item {
        long index;
        ConfigEntry entry;
    };
    struct ListValue {
        RuleText rule;
        std::string origin;
    };

    /// One pass over a layer.
    struct Pass {
        const Layer& layer;
        ProblemList problems;
        std::set<std::string> seen;                      // scalar keys
        std::set<std::string> ignored;                   // told once a key
        std::map<std::string, std::vector<Item>> items;  // list keys

        void problem(const ConfigEntry& entry, const std::string& what);
        /// Whether an untrusted workspace's word on this does not count; tells why, once a key.
        bool refuses(const ConfigEntry& entry, const std::string& key, FromWorkspace allowed);
    };

    void take(Pass& pass, const ConfigEntry& entry);
    void take_scalar(Pass& pass, const ConfigEntry& entry, const KeySpec& spec);
    void take_plugin(Pass& pass, const ConfigEntry& entry, const PluginKey& key);
    void take_lists(Pass& pass);
    [[nodiscard]] bool is_readable(Pass& pass, const RuleText& rule) const;
    [[nodiscard]] bool stricter(Pass& pass, const ConfigEntry& entry, const Value& value) const;
    [[nodiscard]] std::filesystem::path absolute(const std::string& text,
                                                 const std::filesystem::path& base) const;
    [[nodiscard]] std::vector<RuleText> rules(const char* key) const;

    std::filesystem::path home_;
    RuleCheck check_rule_;
    std::map<std::string, Effective, std::less<>> effective_;
    std::map<std::string, std::vector<ListValue>, std::less<>> lists_;
};

}  // namespace tenon::config
