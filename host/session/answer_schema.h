#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "host/agent/ports.h"
#include "host/base/result.h"

namespace tenon::session {

/// The form of answer that `--json-schema` asks for. `given` is the text of a JSON Schema, which
/// begins with `{`, or the name of a file with one, at most 1 MiB; `~/` is `home`. The Error names
/// the file and the place in the schema of what cannot be read or is not supported: see
/// plugins::Schema.
Result<std::unique_ptr<const agent::AnswerForm>> read_answer_schema(
    const std::string& given, const std::filesystem::path& home = {});

}  // namespace tenon::session
