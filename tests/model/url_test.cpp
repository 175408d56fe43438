#include "host/model/url.h"

#include <gmock/gmock.h>

#include <gtest/gtest.h>

namespace tenon::model {
namespace {

TEST(Url, IsTakenApart) {
    struct Case {
        const char* text;
        const char* shown;
        const char* authority;
    };
    const std::vector<Case> cases = {
        {"https://api.example.com", "https://api.example.com", "api.example.com"},
        {"https://api.example.com/", "https://api.example.com", "api.example.com"},
        {"http://localhost:8080/a/b//", "http://localhost:8080/a/b", "localhost:8080"},
        {"https://me:secret@h:444/x", "https://h:444/x", "h:444"},
        {"http://[::1]:99", "http://[::1]:99", "[::1]:99"},
        {"http://h:80", "http://h", "h"},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.text);
        const auto url = parse_url(c.text, "base URL");
        ASSERT_TRUE(url) << url.error().message;
        EXPECT_EQ(url->shown(), c.shown);
        EXPECT_EQ(url->authority(), c.authority);
    }
    EXPECT_EQ(parse_url("http://me:s%40cret@h", "x")->basic_credentials(), "Basic bWU6c0BjcmV0");
}

TEST(Url, DecodesCredentialsOnce) {
    struct Case {
        const char* url;
        const char* user_info;
    };
    for (const Case& c :
         {Case{"http://me:p%40ss%3Aw%2Frd%23@h", "me:p@ss:w/rd#"},
          Case{"http://me:p%2540@h", "me:p%40"}, Case{"http://corp%5Cme:p+s@h", "corp\\me:p+s"},
          Case{"http://me@corp:p@ss@h", "me@corp:p@ss"}}) {
        SCOPED_TRACE(c.url);
        const auto url = parse_url(c.url, "url");
        ASSERT_TRUE(url) << url.error().message;
        EXPECT_EQ(url->user_info, c.user_info);
        EXPECT_EQ(url->host, "h");
    }
}

TEST(Url, OfAProxyMayLackTheScheme) {
    for (const char* text : {"p:3128", "http://p:3128", "http://p:3128/", "u:x@p:3128"}) {
        SCOPED_TRACE(text);
        const auto url = parse_proxy(text, "proxy");
        ASSERT_TRUE(url) << url.error().message;
        EXPECT_EQ(url->shown(), "http://p:3128");
    }
}

TEST(Url, OfAProxyIsRefusedWithWhatIsAllowed) {
    struct Case {
        const char* text;
        const char* message;
    };
    for (const Case& c :
         {Case{"https://u:secret@p:1", "TLS on the way to the proxy"},
          Case{"socks5://u:secret@p:1", "only HTTP proxies"},
          Case{"http://u:secret/1@p:1", "proxy (x): is no valid URL"},
          Case{"http://u:12/secret@p:1", "must not have a path"},
          Case{"http://u:secret#1@p:1", "proxy (x): is no valid URL"},
          Case{"http://u:secret%zz@p:1", "no valid URL"}, Case{"http://p:99999", "no valid"}}) {
        SCOPED_TRACE(c.text);
        const auto url = parse_proxy(c.text, "proxy (x)");
        ASSERT_FALSE(url);
        EXPECT_THAT(url.error().message, ::testing::HasSubstr(c.message));
        EXPECT_THAT(url.error().message, ::testing::HasSubstr("http://[USER:PASSWORD@]HOST"));
        EXPECT_THAT(url.error().message, ::testing::Not(::testing::HasSubstr("secret")));
    }
}

TEST(Url, IsRefusedWithoutRepeatingIt) {
    for (const char* text :
         {"", "api.example.com", "ftp://h", "http://", "http://h?x=1", "http://h#x",
          "http://h\r\nX: y", "http://se cret@h", "http://secret@h:99999999"}) {
        SCOPED_TRACE(text);
        const auto url = parse_url(text, "model.baseUrl");
        ASSERT_FALSE(url);
        EXPECT_THAT(url.error().message, ::testing::StartsWith("model.baseUrl: "));
        EXPECT_THAT(url.error().message, ::testing::Not(::testing::HasSubstr("secret")));
    }
}

TEST(Url, KnowsWhichHostsNeedNoProxy) {
    struct Case {
        const char* list;
        const char* url;
        bool bypassed;
    };
    const std::vector<Case> cases = {
        {"", "http://a.example", false},
        {"*", "http://a.example", true},
        {"example.com", "http://example.com", true},
        {"example.com", "http://api.Example.com", true},
        {".example.com", "http://api.example.com", true},
        {"*.example.com", "http://api.example.com", true},
        {"example.com", "http://notexample.com", false},
        {"other, example.com", "http://example.com", true},
        {"example.com:81", "http://example.com", false},
        {"example.com:80", "http://example.com", true},
        {"127.0.0.1", "http://127.0.0.1:9", true},
        {"10.0.0.0/8", "http://10.1.2.3", true},
        {"10.0.0.0/8", "http://11.1.2.3", false},
        {"10.0.0.0/99", "http://10.1.2.3", false},
        {"::1", "http://[::1]:9", true},
        {"[::1]:9", "http://[::1]:9", true},
        {"[::1]:8", "http://[::1]:9", false},
        {"0.0.1", "http://127.0.0.1", false},
        {".example.com", "http://example.com", true},
        {"127.0.0.0/8", "http://127.0.0.1:9", true},
        {"127.0.0.0/8", "http://localhost", false},
        {"127.0.0.1:9", "http://127.0.0.1:9", true},
        {"127.0.0.1:9", "http://127.0.0.1:8", false},
        {"[::1]", "http://[::1]:9", true},
        {"fd00::/8", "http://[fd12::1]", true},
        {"fd00::/8", "http://[fe80::1]", false},
        {"localhost 127.0.0.1", "http://127.0.0.1", true},
        {"a.example:", "http://a.example", false},
        {",,", "http://a.example", false},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(std::string(c.list) + " for " + c.url);
        EXPECT_EQ(bypasses_proxy(*parse_url(c.url, "url"), c.list), c.bypassed);
    }
}

}  // namespace
}  // namespace tenon::model
