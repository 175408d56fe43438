#pragma once

#include <functional>
#include <string>

#include "host/base/secrets.h"
#include "host/jobs/whole_output.h"
#include "host/terminal/paged_text.h"

namespace tenon::sitting {

/// Longer outputs of jobs are shown without their middle.
inline constexpr std::uint64_t kMostShownOutput = std::uint64_t{64} << 20U;

/// Adds the output of a job to a text for a pager, harmless and redacted, in small steps that are
/// run by `post`, so that the calling thread is not blocked. Then calls `show` on that thread.
/// `secrets` outlive all steps.
void load_job_log(terminal::PagedText text, jobs::WholeOutput output, const Secrets& secrets,
                  std::function<void(std::function<void()>)> post,
                  std::function<void(terminal::PagedText)> show);

}  // namespace tenon::sitting
