#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "host/base/json.h"

/// The plain structs of a conversation. Content blocks have the shape of the Anthropic Messages API
/// (the journal keeps them verbatim); a provider of another wire format translates.
namespace tenon::agent {

enum class Role { kUser, kAssistant };

/// A model, by the wire format in which it is asked and by its own name.
struct ModelName {
    std::string provider;  ///< as `model.provider`
    std::string name;      ///< as it is asked for
    bool operator==(const ModelName&) const = default;
    [[nodiscard]] bool empty() const { return provider.empty() && name.empty(); }
    /// Both in one text; empty: neither is known.
    [[nodiscard]] std::string words() const {
        return empty() ? std::string() : provider + ' ' + name;
    }
};

/// One message and its serialised form, made once when the message is appended.
struct Message {
    Role role = Role::kUser;
    /// {"role":"user","content":[block,…]}
    std::string wire;
    /// Of an answer: ModelName::words of the model that gave it. Only that one gets its thinking
    /// back. Empty: it is not known, and every model gets it.
    std::string origin = {};
    /// For each block the offset in `wire` of its closing brace: where a cache mark can be
    /// inserted.
    std::vector<std::size_t> block_ends;
    /// Parallel to block_ends: whether the block may have a cache mark (thinking may not).
    std::vector<bool> can_mark;
    std::size_t images = 0;       ///< how many images its blocks hold
    std::size_t image_bytes = 0;  ///< the length of their base64 in `wire`
};

/// An image for the model.
struct Image {
    std::string media_type;  ///< image/png, image/jpeg, image/gif, image/webp
    std::string data;        ///< base64
    bool operator==(const Image&) const = default;
};

/// A file that a person gives to the model with a prompt.
struct Attachment {
    std::string name;       ///< as the person named it
    std::string text = {};  ///< what the model gets; empty for an image
    std::optional<Image> image = {};
};

/// A prompt of a person.
struct Prompt {
    std::string text;
    std::vector<Attachment> attachments = {};
    std::string typed = {};  ///< what the person typed, where `text` is something else; else empty
    /// A line for watchers for each attachment: "a.txt (12 lines)".
    std::vector<std::string> shown_attachments = {};
    std::vector<std::string> notices = {};  ///< for watchers: what is not attached, or was cut
};

/// Token counts of one answer, or their sum over a run.
struct Usage {
    std::int64_t input_tokens = 0;  ///< only what no cache held
    std::int64_t output_tokens = 0;
    std::int64_t cache_read_input_tokens = 0;
    std::int64_t cache_creation_input_tokens = 0;

    bool operator==(const Usage&) const = default;

    /// A sum that does not fit into 64 bits becomes the largest number.
    Usage& operator+=(const Usage& other) {
        input_tokens = sum(input_tokens, other.input_tokens);
        output_tokens = sum(output_tokens, other.output_tokens);
        cache_read_input_tokens = sum(cache_read_input_tokens, other.cache_read_input_tokens);
        cache_creation_input_tokens =
            sum(cache_creation_input_tokens, other.cache_creation_input_tokens);
        return *this;
    }

    /// What is left without `part`, a part of this.
    [[nodiscard]] Usage without(const Usage& part) const {
        return {input_tokens - part.input_tokens, output_tokens - part.output_tokens,
                cache_read_input_tokens - part.cache_read_input_tokens,
                cache_creation_input_tokens - part.cache_creation_input_tokens};
    }

private:
    static std::int64_t sum(std::int64_t a, std::int64_t b) {
        std::int64_t total = 0;
        return __builtin_add_overflow(a, b, &total) ? std::numeric_limits<std::int64_t>::max()
                                                    : total;
    }
};

/// A tool call of the model. When `input_error` is not empty, the arguments were not a JSON object:
/// such a call never runs, and the text says why.
struct ToolCall {
    std::string id;
    std::string name;
    Json input = empty_object();
    std::string input_error;
};

/// The result of a call for the model. The text is valid UTF-8.
struct ToolResult {
    std::string text;
    bool is_error = false;
    /// Jobs whose end this text delivers.
    std::vector<std::string> delivered_jobs;
    /// Where the tool's own text was cut; the host's remark on that follows. npos: it was not.
    std::size_t cut_at = std::string::npos;
    /// Where the tool's text goes on behind that remark; npos: it does not.
    std::size_t resumes_at = std::string::npos;
    std::vector<Image> images = {};  ///< follow the text
};

}  // namespace tenon::agent
