#include "host/sitting/failure_advice.h"

#include <gtest/gtest.h>

namespace tenon::sitting {
namespace {

agent::ModelFailure with_status(int status) {
    agent::ModelFailure failure;
    failure.http_status = status;
    return failure;
}
agent::ModelFailure with_contact(agent::Contact contact) {
    agent::ModelFailure failure;
    failure.contact = contact;
    failure.retryable = true;
    return failure;
}
agent::ModelFailure too_long() {
    agent::ModelFailure failure = with_status(400);
    failure.length = agent::Length::kTooLong;
    return failure;
}

const RequestFacts kFacts{"new", "old", "http://host:1", true};

TEST(FailureAdvice, SaysWhatToDo) {
    struct Row {
        agent::ModelFailure failure;
        const char* part;
    };
    using agent::Contact;
    for (const Row& row : {
             Row{with_status(401), "does not accept the key. Correct it"},
             Row{with_status(403), "do this: may it use the model new?"},
             Row{with_status(404),
                 "the model new? /model lists what it offers; /model old goes back"},
             Row{with_status(413), "/compact makes it shorter"},
             Row{too_long(), "/compact makes it shorter"},
             Row{with_status(400), "would refuse the same request again"},
             Row{with_status(429), "limit of the account"},
             Row{with_status(529), "overloaded"},
             Row{with_status(500), "The server has a fault."},
             Row{with_contact(Contact::kRefused), "Nothing listens at http://host:1"},
             Row{with_contact(Contact::kNoAddress), "It is http://host:1 (model.baseUrl"},
             Row{with_contact(Contact::kNotMade), "tenon doctor --online"},
             Row{with_contact(Contact::kNoTls), "model.caFile"},
             Row{with_contact(Contact::kMade), "The connection to http://host:1 failed."},
         }) {
        SCOPED_TRACE(row.part);
        EXPECT_NE(failure_advice(row.failure, kFacts).find(row.part), std::string::npos)
            << failure_advice(row.failure, kFacts);
    }
    EXPECT_EQ(failure_advice(with_status(401), {}), "") << "the failure says that no key was sent";
    EXPECT_EQ(failure_advice({}, kFacts), "");
    agent::ModelFailure strange = with_status(404);
    strange.wrong_address = true;
    EXPECT_EQ(failure_advice(strange, kFacts), "") << "the failure says what to try";
}

}  // namespace
}  // namespace tenon::sitting
