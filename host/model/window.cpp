#include "host/model/window.h"

#include <algorithm>
#include <array>

namespace tenon::model {
namespace {

constexpr std::int64_t kUnknownModel = 50'000;

struct Family {
    std::string_view name;  ///< part of the model's
    std::int64_t window;    ///< tokens, the smallest of the family
};
constexpr std::array<Family, 1> kFamilies = {{{"claude", 200'000}}};

}  // namespace

std::int64_t request_tokens(std::string_view model, std::int64_t max_tokens) {
    for (const Family& family : kFamilies) {
        if (model.find(family.name) == std::string_view::npos) continue;
        const std::int64_t room = family.window - family.window / 10 - max_tokens;
        return std::max(room, family.window / 2);
    }
    return kUnknownModel;
}

}  // namespace tenon::model
