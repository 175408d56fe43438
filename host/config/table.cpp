#include "host/config/table.h"

#include <algorithm>

#include "host/config/table_addition.h"

namespace tenon::config {

void Table::add(const Layer& layer, std::vector<std::string>& errors,
                std::vector<std::string>& warnings) {
    const auto found = Addition(*this, layer).run();
    auto& out = layer.trust == LayerTrust::kOwn ? errors : warnings;
    out.insert(out.end(), found.problems.begin(), found.problems.end());
    warnings.insert(warnings.end(), found.warnings.begin(), found.warnings.end());
}

bool Table::leave_out_default(std::string_view key, std::string_view text) {
    const auto found = settings_.find(key);
    if (found == settings_.end() || locks_.on(key) == nullptr) return false;
    const auto taken = std::erase_if(found->second, [&](const Setting& setting) {
        return setting.origin == "default" && setting.value.text == text;
    });
    if (found->second.empty()) settings_.erase(found);
    return taken > 0;
}

const Setting* Table::find(std::string_view key) const {
    const auto found = settings_.find(key);
    return found == settings_.end() ? nullptr : &found->second.front();
}

std::span<const Setting> Table::list(std::string_view key) const {
    const auto found = settings_.find(key);
    if (found == settings_.end()) return {};
    return found->second;
}

}  // namespace tenon::config
