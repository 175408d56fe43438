#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/agent/recorded_usage.h"
#include "host/agent/spending.h"
#include "host/jobs/queue.h"
#include "host/permission/mode.h"
#include "host/permission/rules.h"

/// What /status, /cost and /permissions say, in lines of at most `width` columns. The texts may
/// come from anywhere; they are made harmless. Pure functions.
namespace tenon::sitting {

/// A name and what it stands for. The text may have several lines.
using Fact = std::pair<std::string, std::string>;
/// A line for each fact, the texts below one another; on narrow screens "name: text".
std::vector<std::string> fact_lines(const std::vector<Fact>& facts, std::size_t width);

/// The fallback models, in lines of their own that `fact_lines` makes.
std::vector<Fact> fallback_facts(const std::vector<std::string>& fallbacks);

struct StatusFacts {
    std::string session, workspace, model, provider;
    std::string server;       ///< its address; empty: none
    std::string answered_by;  ///< the fallback model that gave the last answer; empty: none did
    std::vector<std::string> fallbacks;  ///< the other models, in their order, with their servers
    permission::Stance stance;
    std::int64_t context_tokens = 0;
    std::optional<std::int64_t> window;
    std::int64_t cached_percent = 0;  ///< of the last answer's request
    std::int64_t turns = 0;
    jobs::QueueLoad jobs;
    std::vector<std::string> plugins;  ///< ids
    std::string sandbox;
    std::string journal;  ///< path
};
std::vector<std::string> status_lines(const StatusFacts& facts, std::size_t width);

struct CostFacts {
    agent::Usage since_opened;
    std::int64_t turns = 0;
    std::optional<agent::RecordedUsage>
        in_all;  ///< of the session's whole life; none: it is not known
    agent::Usage last_answer;
    agent::Prices prices = {};
    std::string budget = {};     ///< of the run: what was spent of what; empty: there is none
    bool has_estimates = false;  ///< of the tokens since it was opened
};
/// Subagents are included everywhere but in the last answer.
std::vector<std::string> cost_lines(const CostFacts& facts, std::size_t width);

struct PermissionFacts {
    permission::Stance stance;
    std::string mode_lock;  ///< where permissions.mode is locked; empty: it is not locked
    const permission::Rules& rules;
    std::vector<permission::Rule> of_session;  ///< in the order of their numbers
};
std::vector<std::string> permission_lines(const PermissionFacts& facts, std::size_t width);

/// The mode in the status line: empty for `ask`.
std::string mode_part(permission::Stance stance);

}  // namespace tenon::sitting
