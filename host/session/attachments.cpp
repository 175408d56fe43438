#include "host/session/attachments.h"

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/agent/image.h"
#include "host/base/counted.h"
#include "host/base/result.h"
#include "host/base/tilde.h"
#include "host/base/unique_fd.h"
#include "host/base/utf8.h"
#include "host/session/named_files.h"
#include "host/session/tagged_text.h"

namespace tenon::session {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSniffedBytes = 16;

/// At most `most` bytes from the beginning.
Result<std::string> read_beginning(int fd, std::size_t most) {
    std::string bytes;
    while (bytes.size() < most) {
        const std::size_t before = bytes.size();
        bytes.resize(std::min(most, before + (std::size_t{256} << 10U)));
        const ssize_t n =
            ::pread(fd, &bytes[before], bytes.size() - before, static_cast<off_t>(before));
        const int failure = errno;
        bytes.resize(before + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
        if (n < 0 && failure == EINTR) continue;
        if (n < 0) return Error::from_errno("read", failure);
        if (n == 0) break;
    }
    return bytes;
}

/// Where an open file is, without symbolic links.
fs::path real_path(int fd, const fs::path& path) {
    std::error_code failed;
    fs::path real = fs::read_symlink("/proc/self/fd/" + std::to_string(fd), failed);
    return failed ? path : real;
}

std::size_t line_count(std::string_view text) {
    const auto ends = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    return ends + (text.empty() || text.back() == '\n' ? 0 : 1);
}

std::string attribute(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '"')
            out += "&quot;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '&')
            out += "&amp;";
        else
            out += c;
    }
    return out;
}

std::string block_of(const std::string& tag, const std::string& name, std::string content) {
    return tagged_text(tag, std::move(content), " path=\"" + attribute(name) + "\"");
}

class Attacher {
public:
    explicit Attacher(const AttachOptions& options) : options_(options) {}

    AttachedFiles run(std::string_view prompt) {
        const auto exists = [this](const std::string& name) {
            struct stat info {};
            return name.find('\0') == std::string::npos &&
                   ::stat(path_of(name).c_str(), &info) == 0;
        };
        for (const NamedFile& file : named_files(prompt, exists))
            attach(file);
        return std::move(out_);
    }

private:
    [[nodiscard]] fs::path path_of(const std::string& name) const {
        return options_.workspace / expanded(fs::path(name), options_.home);
    }

    void refuse(const std::string& name, const std::string& why) {
        out_.notices.push_back(clean(name) + " is not attached: " + why);
    }

    [[nodiscard]] std::string clean(const std::string& text) const {
        return options_.secrets.redact(utf8::repair(text));
    }

    void attach(const NamedFile& file) {
        const fs::path path = path_of(file.path);
        const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
        if (!fd) return refuse(file.path, Error::from_errno("open").message);
        struct stat info {};
        if (::fstat(fd.get(), &info) != 0)
            return refuse(file.path, Error::from_errno("stat").message);
        const fs::path real = real_path(fd.get(), path);
        if (const std::string rule = options_.denied(real); !rule.empty())
            return refuse(file.path, "reading it is denied by the rule " + rule);
        if (S_ISDIR(info.st_mode)) {
            if (!file.only_image) attach_names(file.path, real);
        } else if (!S_ISREG(info.st_mode)) {
            if (!file.only_image) refuse(file.path, "it is no regular file");
        } else {
            attach_content(file, fd.get(), static_cast<std::uintmax_t>(info.st_size));
        }
    }

    void attach_content(const NamedFile& file, int fd, std::uintmax_t size) {
        const auto beginning = read_beginning(fd, kSniffedBytes);
        if (!beginning) return refuse(file.path, beginning.error().message);
        if (!agent::image_type(*beginning).empty()) return attach_image(file.path, fd, size);
        if (!file.only_image) attach_text(file.path, fd, size);
    }

    void attach_image(const std::string& name, int fd, std::uintmax_t size) {
        if (size > agent::kMaxImageFile) return refuse(name, agent::too_large_image(size));
        const auto bytes = read_beginning(fd, agent::kMaxImageFile + 1);
        if (!bytes) return refuse(name, bytes.error().message);
        auto image = agent::make_image(*bytes);
        if (!image) return refuse(name, image.error().message);
        if (images_ + image->data.size() > kMaxAttachedImages)
            return refuse(name, "the images of a prompt have at most 16 MiB in base64");
        images_ += image->data.size();
        const std::string kind = image->media_type.substr(image->media_type.find('/') + 1);
        add({clean(name), {}, std::move(*image)},
            "image, " + kind + ", " + bytes_text(bytes->size()));
    }

    void attach_text(const std::string& name, int fd, std::uintmax_t size) {
        const std::size_t room = std::min(kMaxAttachedFile, kMaxAttachedText - texts_);
        auto bytes = read_beginning(fd, kMaxAttachedFile + 1);
        if (!bytes) return refuse(name, bytes.error().message);
        if (bytes->find('\0') != std::string::npos) return refuse(name, "it is a binary file");
        const bool is_cut = bytes->size() > room;
        const bool is_long = bytes->size() > kMaxAttachedFile;
        if (is_long) bytes->resize(bytes->size() - utf8::incomplete_suffix(*bytes));
        if (!utf8::is_valid(*bytes)) return refuse(name, "it is no text in UTF-8");
        if (is_cut && room < kMaxAttachedFile && !has_room(name, room)) return;
        std::string text(utf8::first_bytes(*bytes, room));
        const std::size_t taken = text.size();
        text = options_.secrets.redact_part(std::move(text), {false, is_cut});
        texts_ += taken;
        const std::size_t lines = line_count(text);
        if (is_cut) {
            const std::string cut = "the first " + std::to_string(taken) + " of " +
                                    std::to_string(std::max<std::uintmax_t>(size, taken)) +
                                    " bytes";
            text += (text.ends_with('\n') ? "" : "\n") + ("[" + cut + "]\n");
            out_.notices.push_back(clean(name) + " is cut: " + cut + " are attached");
        }
        add({clean(name), block_of("attached-file", clean(name), std::move(text)), {}},
            is_cut ? "its first " + (lines == 1 ? "line" : counted(lines, "line"))
                   : (taken == 0 ? "empty" : counted(lines, "line")));
    }

    /// Less than this is of no use.
    bool has_room(const std::string& name, std::size_t room) {
        constexpr std::size_t kLeastUsefulBytes = 1024;
        if (room >= kLeastUsefulBytes) return true;
        refuse(name, "the files of a prompt have at most 1 MiB together");
        return false;
    }

    /// The names in a directory, without those that may not be read.
    void attach_names(const std::string& name, const fs::path& real) {
        std::vector<std::string> names;
        std::error_code failed;
        for (fs::directory_iterator at(real, failed), end; !failed && at != end;
             at.increment(failed)) {
            std::error_code ignored;
            if (!options_.denied(at->path()).empty()) continue;
            names.push_back(utf8::repair(at->path().filename().string()) +
                            (at->is_directory(ignored) ? "/" : ""));
        }
        if (failed) return refuse(name, failed.message());
        std::sort(names.begin(), names.end());
        std::string text;
        const std::size_t listed = std::min(names.size(), kMostListedNames);
        for (std::size_t i = 0; i < listed; ++i)
            text += names[i] + "\n";
        if (listed < names.size()) text += "[" + std::to_string(names.size() - listed) + " more]\n";
        if (texts_ + text.size() > kMaxAttachedText) {
            has_room(name, 0);
            return;
        }
        texts_ += text.size();
        add({clean(name), block_of("attached-directory", clean(name), clean(text)), {}},
            "directory, " + counted(names.size(), "name"));
    }

    static std::string bytes_text(std::size_t bytes) {
        return bytes < 1024 ? counted(bytes, "byte")
                            : std::to_string((bytes + 1023) / 1024) + " KiB";
    }

    void add(agent::Attachment attachment, const std::string& what) {
        out_.shown.push_back(attachment.name + " (" + what + ")");
        out_.attachments.push_back(std::move(attachment));
    }

    const AttachOptions& options_;
    AttachedFiles out_;
    std::size_t texts_ = 0, images_ = 0;
};

}  // namespace

AttachedFiles attach_files(std::string_view prompt, const AttachOptions& options) {
    return Attacher(options).run(prompt);
}

}  // namespace tenon::session
