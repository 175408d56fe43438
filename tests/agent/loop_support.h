#pragma once

#include <gtest/gtest.h>

#include "host/agent/loop.h"
#include "tests/agent/session_support.h"
#include "tests/support/fakes.h"
#include "tests/support/temp_dir.h"

namespace tenon::agent {

/// What a loop needs: a session in a temporary directory, and fakes for everything else.
class LoopWorld : public ::testing::Test {
protected:
    LoopWorld() { inbox.deliveries = &session.deliveries(); }

    static SessionHead head() { return {"s1", "/w", "replay", "m", "You are.", "[]", 1}; }

    Loop::Ports ports() {
        return {session, provider, toolbox, gate, inbox, events, secrets, words};
    }

    testing::TempDir dir;
    Session session = *Session::open(dir.path(), head());
    testing::ScriptedProvider provider;
    testing::FakeToolbox toolbox;
    testing::FakeGate gate;
    testing::FakeInbox inbox;
    testing::EventLog events;
    Secrets secrets;
    testing::FakeContext words;
};

}  // namespace tenon::agent
