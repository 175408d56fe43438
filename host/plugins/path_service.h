#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "host/base/beneath.h"
#include "host/plugins/services.h"

namespace tenon::plugins {

/// The methods path.roots/1, path.open/1 and path.filter/1 of the SDK's README: the only door
/// through which file tools reach files. Deny rules are asked with paths after symlinks; what must
/// be asked of a person is decided before a tool is called, not here. Thread-safe when the rules
/// are; blocks as long as the file system does.
class PathService {
public:
    /// Whether a rule forbids this absolute path.
    using Denied = std::function<bool(const std::filesystem::path&)>;

    /// `skills` are the folders of skills in the order of search; they are roots for reading only
    /// as far as `roots` has them.
    PathService(Beneath roots, Denied denied_read, Denied denied_edit,
                std::vector<std::filesystem::path> skills = {})
        : roots_(std::move(roots)),
          denied_read_(std::move(denied_read)),
          denied_edit_(std::move(denied_edit)),
          skills_(std::move(skills)) {}

    /// This object must outlive `services`.
    void add_to(Services& services) const;

    [[nodiscard]] ServiceReply roots() const;
    /// The descriptor in the answer belongs to whoever receives it.
    [[nodiscard]] ServiceReply open(const ServiceRequest& request) const;
    [[nodiscard]] ServiceReply filter(const ServiceRequest& request) const;

private:
    [[nodiscard]] std::string shown(const std::filesystem::path& real) const;

    Beneath roots_;
    Denied denied_read_, denied_edit_;
    std::vector<std::filesystem::path> skills_;
};

}  // namespace tenon::plugins
