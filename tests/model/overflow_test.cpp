#include "host/model/overflow.h"

#include <gtest/gtest.h>

#include "host/model/response_failure.h"
#include "tests/model/support.h"

namespace tenon::model {
namespace {

using agent::Length;

agent::ModelFailure judged(int status, const std::string& body) {
    agent::ModelFailure failure;
    failure.http_status = status;
    failure.retryable = status >= 500;
    judge_length(failure, body);
    return failure;
}

struct Row {
    const char* who;
    int status;
    std::string body;
    std::optional<std::int64_t> window;
};

/// Of vLLM, newer.
const std::string kPassedTooMany =
    R"_({"error":{"message":"You passed 20000 input tokens and requested 8192 output tokens. However, the model's context length is only 16384 tokens, resulting in a maximum input length of 8192 tokens. Please reduce the length of the input prompt. (parameter=input_tokens, value=20000)","type":"BadRequestError","param":"input_tokens","code":400}})_";

const Row kRows[] = {
    {"Anthropic", 400,
     R"({"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}})",
     200'000},
    {"Anthropic, input and max_tokens together", 400,
     R"({"type":"error","error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed context limit: 195000 + 8192 > 200000, decrease input length or `max_tokens` and try again"}})",
     200'000},
    {"the same without numbers",
     400,
     R"({"type":"error","error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed context limit"}})",
     {}},
    {"Anthropic, size of the body",
     413,
     R"({"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}})",
     {}},
    {"OpenAI, by its code alone",
     400,
     R"({"error":{"message":"Invalid request.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}})",
     {}},
    {"OpenAI", 400,
     R"({"error":{"message":"This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens. Please reduce the length of the messages.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}})",
     8'192},
    {"only the advice",
     400,
     R"({"error":{"message":"Please reduce the length of the messages or completion."}})",
     {}},
    {"OpenAI, newer", 400,
     R"({"error":{"message":"Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 300000 tokens.","code":"x"}})",
     272'000},
    {"OpenAI Responses",
     400,
     R"({"error":{"message":"Your input exceeds the context window of this model. Please adjust your input and try again."}})",
     {}},
    {"llama.cpp, by its members", 400,
     R"({"error":{"code":400,"message":"too much","type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":4096}})",
     4'096},
    {"llama.cpp, in words",
     500,
     R"({"error":{"code":500,"message":"the request exceeds the available context size. try increasing the context size or enable context shift","type":"server_error"}})",
     {}},
    {"llama.cpp, in words with figures", 400,
     R"({"error":{"code":400,"message":"request (9000 tokens) exceeds the available context size (8192 tokens), try increasing it"}})",
     8'192},
    {"vLLM", 400,
     R"({"object":"error","message":"The decoder prompt (length 9000) is longer than the maximum model length of 8192. Make sure that `max_model_len` is no smaller than the number of text tokens.","type":"BadRequestError","code":400})",
     8'192},
    {"vLLM, the answer does not fit", 400,
     R"({"error":{"message":"'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's maximum context length is 8000 tokens and your request has 2500 input tokens","code":400}})",
     8'000},
    {"FastAPI", 422, R"({"detail":"Input is too long for requested model."})", {}},
    {"Bedrock", 400, R"({"message":"Input is too long for requested model."})", {}},
    {"Bedrock, bytes are no tokens",
     400,
     R"({"message":"The model returned the following errors: too many total text bytes: 5000000 > 4000000"})",
     {}},
    {"LM Studio",
     400,
     R"({"error":"The number of tokens to keep from the initial prompt is greater than the context length. Try to load the model with a larger context length"})",
     {}},
    {"LM Studio, with its window", 400,
     R"({"error":"Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough."})",
     4'096},
    {"LiteLLM around OpenAI", 400,
     R"({"error":{"message":"litellm.ContextWindowExceededError: litellm.BadRequestError: ContextWindowExceededError: OpenAIException - {'error': {'message': \"This model's maximum context length is 16385 tokens.\", 'code': 'context_length_exceeded'}}","type":null,"code":"400"}})",
     16'385},
    {"LiteLLM around llama.cpp, JSON in a text", 400,
     R"({"error":{"message":"{\"error\":{\"code\":400,\"message\":\"no\",\"type\":\"exceed_context_size_error\",\"n_ctx\":2048}}"}})",
     2'048},
    {"LiteLLM, without any more", 500, R"({"error":{"message":"ContextWindowExceededError"}})", {}},
    {"a gateway in Go, which escapes the sign", 400,
     R"({"error":{"message":"prompt is too long: 210000 tokens \u003e 200000 maximum"}})", 200'000},
    {"grouped digits", 400,
     R"({"error":{"message":"maximum context length is 200,000 tokens, however you requested more"}})",
     200'000},
    {"capitals", 400, R"({"error":{"message":"PROMPT IS TOO LONG"}})", {}},
    {"Gemini", 400,
     R"({"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}})",
     1'048'576},
    {"Mistral", 400,
     R"({"message":"Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length"})",
     32'768},
    {"xAI", 400,
     R"({"error":"This model's maximum prompt length is 131072 but the request contains 140000 tokens."})",
     131'072},
    {"SGLang", 400,
     R"({"message":"The input (9000 tokens) is longer than the model's context length (8192 tokens)."})",
     8'192},
    {"not in the table", 500, "context window exceeded by 12 tokens", {}},
    {"plain text", 400, "Bad Request: your prompt is too long", {}},
    {"a gateway's own limit", 413, "<html><h1>413 Request Entity Too Large</h1></html>", {}},
    {"an empty 413", 413, "", {}},
    {"a gateway's limit in bytes", 413, "Request body exceeds the limit of 512 KB", {}},
    {"the same as an error of the API",
     413,
     R"({"error":{"type":"request_too_large","message":"Request exceeds the limit of 33554432 bytes"}})",
     {}},
    {"the same without a unit",
     413,
     R"({"error":{"type":"request_too_large","message":"Request exceeds the limit of 33554432"}})",
     {}},
    {"a window in characters",
     400,
     "prompt is too long: maximum context length is 32768 characters",
     {}},
    {"a window in thousands",
     400,
     "prompt is too long: it exceeds the context window of 262k tokens",
     {}},
    {"a limit of tokens in a 413", 413, "prompt is too long: it exceeds the limit of 8192 tokens",
     8'192},
    {"Copilot", 400, "prompt token count of 70000 exceeds the limit of 64000", 64'000},
    {"vLLM, newer", 400, kPassedTooMany, 16'384},
    {"the same in a stream", 200, kPassedTooMany, 16'384},
    {"LiteLLM around vLLM", 400,
     R"({"error":{"message":"litellm.BadRequestError: Hosted_vllmException - {\"error\":{\"message\":\"You passed 20000 input tokens and requested 8192 output tokens. However, the model's context length is only 16384 tokens, resulting in a maximum input length of 8192 tokens.\",\"code\":400}}","type":null,"code":"400"}})",
     16'384},
    {"vLLM, in characters", 400,
     R"({"error":{"message":"You passed 20001 input characters and requested 8192 output tokens. However, the model's context length is only 16384 tokens, resulting in a maximum input length of 8192 tokens."}})",
     16'384},
    {"TGI", 422,
     R"({"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8192. Given: 2043 `inputs` tokens and 8192 `max_new_tokens`","error_type":"validation"})",
     8'192},
    {"TGI, the prompt alone", 422,
     R"({"error":"Input validation error: `inputs` must have less than 8192 tokens. Given: 9000"})",
     8'192},
    {"SiliconFlow", 400,
     R"({"code":20015,"message":"length of prompt_tokens (20000) must be less than max_seq_len (16384).","data":null})",
     16'384},
    {"SiliconFlow, with the answer", 400,
     R"_({"code":20015,"message":"max_total_tokens (28192) must be less than or equal to max_seq_len (16384)"})_",
     16'384},
    {"Volcengine",
     400,
     R"({"error":{"message":"Total tokens of image and text exceed max message tokens."}})",
     {}},
    {"TensorRT-LLM", 400,
     R"_({"object":"error","message":"default_max_tokens (-3616) must be greater than 0, )_"
     R"_(default_max_tokens (-3616) = max_seq_len (16384) - splited_prompt_len (20000) - query_token_len (0)"})_",
     16'384},
    {"Fireworks", 400,
     R"({"error":{"message":"The prompt is too long: 20000, model maximum context length: 16384"}})",
     16'384},
    {"Cerebras", 400,
     R"({"error":{"message":"Please reduce the length of the messages or completion. Current length is 20000 while limit is 16384"}})",
     16'384},
    {"DashScope", 400,
     R"({"error":{"message":"<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 16384]"}})",
     16'384},
    {"Gemini, without brackets", 400,
     R"({"error":{"message":"The input token count (20000) exceeds the maximum number of tokens allowed 16384."}})",
     16'384},
    {"LM Studio, of its engine", 400,
     R"_({"error":"Cannot truncate prompt with n_keep (20000) >= n_ctx (16384)"})_", 16'384},
    {"Cloudflare", 400,
     R"_({"error":{"message":"The estimated number of input and maximum output tokens (20000) exceeded this model context window limit (16384)"}})_",
     16'384},
    {"Cohere", 400,
     R"({"message":"too many tokens: total number of tokens in the prompt cannot exceed 16384 - received 20000"})",
     16'384},
    {"TabbyAPI", 400,
     R"({"error":{"message":"Prompt length 20000 is greater than max_seq_len 16384"}})", 16'384},
    {"LMDeploy", 400,
     R"({"object":"error","message":"Input length 20000 exceeds the maximum session length 16384"})",
     16'384},
    {"Databricks", 400,
     R"({"error_code":"BAD_REQUEST","message":"Input is too long: maximum input length is 16384 tokens"})",
     16'384},
    {"Bedrock, with its window", 400,
     R"({"message":"expected maxLength / Too many input tokens. Max input tokens: 16384, request input token count: 20000"})",
     16'384},
    {"GitHub", 413,
     R"({"error":{"code":"tokens_limit_reached","message":"Request body too large for gpt-4o model. Max size: 8000 tokens."}})",
     8'000},
    {"Anthropic, through a gateway that escapes the sign", 400,
     R"({"error":{"message":"input length and `max_tokens` exceed context limit: 195000 + 8192 \u003e 200000"}})",
     200'000},
    {"JSON instead of a stream", 200,
     R"({"error":{"message":"prompt is too long: 9000 tokens > 8000 maximum"}})", 8'000},
    {"OpenAI, more than a minute permits",
     429,
     R"({"error":{"message":"Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 48000. )"
     R"(The input or output tokens must be reduced in order to run successfully. Visit https://example.com to learn more.","type":"tokens","param":null,"code":"rate_limit_exceeded"}})",
     {}},
    {"a figure that is no window",
     400,
     R"({"error":{"message":"prompt is too long: 12 tokens > 10 maximum"}})",
     {}},
    {"a figure beyond any",
     400,
     R"({"error":{"n_ctx":99999999999999999999999,"type":"exceed_context_size_error"}})",
     {}},
};

TEST(Overflow, IsRecognisedInTheMessagesOfEveryServer) {
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.who);
        const auto failure = judged(row.status, row.body);
        EXPECT_EQ(failure.length, Length::kTooLong);
        EXPECT_EQ(failure.window, row.window);
        EXPECT_FALSE(failure.retryable) << "the same request would be refused again";
    }
}

TEST(Overflow, IsNotFoundInSimilarMessages) {
    struct NearMiss {
        const char* what;
        int status;
        std::string body;
    };
    const NearMiss misses[] = {
        {"more output than the model can write", 400,
         R"({"type":"error","error":{"type":"invalid_request_error","message":"max_tokens: 100000 > 64000, which is the maximum allowed number of output tokens for claude-x"}})"},
        {"the same at OpenAI", 400,
         R"({"error":{"message":"max_tokens is too large: 100000. This model supports at most 16384 completion tokens, whereas you provided 100000.","param":"max_tokens"}})"},
        {"a rate of tokens", 429,
         R"({"error":{"type":"rate_limit_error","message":"This request would exceed the rate limit of 40,000 input tokens per minute"}})"},
        {"a rate that other requests have used up", 429,
         R"({"error":{"message":"Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 29000, Requested 4800. Please try again in 7.6s.","type":"tokens","code":"rate_limit_exceeded"}})"},
        {"a rate of tokens under another status", 400,
         R"({"error":{"message":"Request too large: limit of 30000 tokens per minute, context length 40000 exceeds it"}})"},
        {"a spending limit", 400,
         R"({"error":{"type":"invalid_request_error","message":"Your credit balance is too low"}})"},
        {"a member that is not known", 400,
         R"({"error":{"message":"context_management: Extra inputs are not permitted"}})"},
        {"no key", 401, R"({"error":{"message":"prompt is too long"}})"},
        {"overloaded", 529, R"({"error":{"type":"overloaded_error","message":"Overloaded"}})"},
        {"a call without result", 400,
         R"({"error":{"message":"messages.3: tool_use ids were found without tool_result blocks"}})"},
        {"a template", 500, R"({"error":{"message":"jinja: exception in template"}})"},
        {"an error in a stream", 200,
         R"({"type":"error","error":{"type":"api_error","message":"internal"}})"},
        {"a limit of the answer alone", 400,
         R"({"error":{"message":"max_tokens must be less than or equal to 8192"}})"},
        {"a range of the answer alone", 400,
         R"({"error":{"message":"Range of max_tokens should be [1, 8192]"}})"},
        {"TGI, a limit of the answer alone", 422,
         R"({"error":{"message":"Input validation error: `max_new_tokens` must be <= 512. Given: 8192"}})"},
        {"a parameter", 400, R"({"error":{"message":"temperature must be greater than 0"}})"},
        {"a size of an image", 400,
         R"({"error":{"message":"Image too large. Max size: 8000 pixels"}})"},
        {"a rate with its use", 429,
         R"({"error":{"message":"Limit 30000, Used 20000, Requested 12000 tokens per minute"}})"},
        {"the same in a stream", 200,
         R"({"error":{"message":"Limit 30000, Used 20000, Requested 12000 tokens per minute"}})"},
        {"a rate of input tokens", 400,
         R"({"error":{"message":"Too many input tokens per minute. Max input tokens: 30000"}})"},
        {"a place in a template", 500,
         R"({"error":{"message":"While executing FilterExpression at line 120, column 73 in source:\n…|items %}…\nError: Unknown (built-in) filter 'items' for type String"}})"},
        {"no response", 0, ""},
    };
    for (const NearMiss& miss : misses) {
        SCOPED_TRACE(miss.what);
        const auto failure = judged(miss.status, miss.body);
        EXPECT_EQ(failure.length, Length::kFits);
        EXPECT_EQ(failure.window, std::nullopt);
        EXPECT_EQ(failure.retryable, miss.status >= 500);
    }
}

TEST(Overflow, IsUndecidedForAnUnknownMessage) {
    for (const int status : {400, 422, 500}) {
        for (const std::string body :
             {R"({"error":{"message":"Das geht so nicht"}})", "", "<html>no</html>",
              R"({"error":{"message":"Invalid request."}})"}) {
            SCOPED_TRACE(std::to_string(status) + " " + body);
            EXPECT_EQ(judged(status, body).length, Length::kNotSaid);
            EXPECT_EQ(judged(status, body).retryable, status == 500);
        }
    }
}

TEST(Overflow, TheResponseOfAnEndpointIsJudgedByItsWholeBody) {
    HttpHead head;
    head.status = 400;
    const auto failure = failure_of_response(
        head,
        R"({"error":{"code":400,"message":"no","type":"exceed_context_size_error","n_ctx":4096}})");
    EXPECT_EQ(failure.length, Length::kTooLong);
    EXPECT_EQ(failure.window, 4'096);
}

}  // namespace
}  // namespace tenon::model
