#include "host/model/proxy_answer.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

namespace tenon::model {
namespace {

using ::testing::HasSubstr;

TEST(ProxyAnswer, OpensATunnelWithAnyStatusOfSuccess) {
    for (const char* head : {"HTTP/1.1 200 Connection established\r\n\r\n", "HTTP/1.0 200\r\n\r\n",
                             "HTTP/1.1 204 No Content\r\n\r\n"})
        EXPECT_TRUE(judge_connect(head, Url{})) << head;
}

TEST(ProxyAnswer, OfAnotherKindIsExplained) {
    struct Case {
        const char* head;
        const char* user_info;
        bool permanent;
        const char* message;
    };
    const std::vector<Case> cases = {
        {"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n", "", true,
         "it wants a user and a password"},
        {"HTTP/1.1 407 No\r\n\r\n", "me:pw", true, "it does not accept the user and password"},
        {"HTTP/1.0 401 Unauthorized\r\n\r\n", "me:pw", true, "it does not accept the user"},
        {"HTTP/1.1 407 No\r\nproxy-authenticate: Negotiate\r\nProxy-Authenticate: NTLM x\r\n\r\n",
         "me:pw", true, "the authentication Negotiate, NTLM, and Tenon knows only Basic"},
        {"HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Basic\r\n\r\n", "",
         true, "it wants a user and a password"},
        {"HTTP/1.1 403 Filtered\r\n\r\n", "", true, "do not allow this host or port"},
        {"HTTP/1.1 429 Slow down\r\n\r\n", "", false, "it answered \"HTTP/1.1 429 Slow down\""},
        {"HTTP/1.1 502 Bad Gateway\r\n\r\n", "", false, "502 Bad Gateway"},
        {"SSH-2.0-OpenSSH_9.2\n\n", "", false, "is it an HTTP proxy?"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.head);
        Url proxy;
        proxy.user_info = c.user_info;
        const auto judged = judge_connect(c.head, proxy);
        ASSERT_FALSE(judged);
        EXPECT_THAT(judged.error().message, HasSubstr(c.message));
        EXPECT_EQ(judged.error().permanent, c.permanent);
    }
}

}  // namespace
}  // namespace tenon::model
