// See run.sh. The argument is the program tenon-model-server.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

const program = process.argv[2];
const image = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const calls = [
  { type: 'tool_use', id: 'call_1', name: 'weather', input: { city: 'Zürich 😀', days: [1, 2] } },
  { type: 'tool_use', id: 'call_2', name: 'clock', input: {} },
];
const script = [
  {
    content: [{ type: 'thinking', thinking: 'Both are needed, I think.' },
      { type: 'text', text: 'I ask both: "weather" and ⏰.\n' }, ...calls],
    usage: { input_tokens: 20, cache_read_input_tokens: 30, output_tokens: 7 },
    piece: 4,
  },
  { content: 'It is late and warm.', expect: ['image/png', '12:00', '20 degrees'] },
  { content: 'cut', stop_reason: 'max_tokens' },
  { status: 429 },
];
const text = script[0].content[1].text;

/// Starts the server, runs `test(url)`, and ends the server, which must not have refused a request.
async function withServer(test) {
  const file = join(import.meta.dirname, 'script.json');
  writeFileSync(file, JSON.stringify(script));
  const server = spawn(program, ['--script', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  server.stderr.on('data', (data) => { errors += data; });
  const [port] = await once(server.stdout, 'data');
  try {
    await test(`http://127.0.0.1:${String(port).trim()}`);
  } finally {
    server.kill('SIGTERM');
  }
  const [code] = await once(server, 'exit');
  assert.equal(code, 0, errors);
}

const schema = { type: 'object', properties: {} };
const results = { call_1: '20 degrees', call_2: '12:00' };

async function messages(url) {
  const client = new Anthropic({ baseURL: url, apiKey: 'k', maxRetries: 0 });
  const request = {
    model: 'm', max_tokens: 100,
    tools: calls.map(({ name }) => ({ name, input_schema: schema })),
    messages: [{ role: 'user', content: 'hello' }],
  };
  const thoughts = [];
  const first = await client.messages.stream(request)
    .on('thinking', (delta) => thoughts.push(delta)).finalMessage();
  assert.deepEqual(first.content.map(({ type }) => type), ['thinking', 'text', 'tool_use', 'tool_use']);
  assert.equal(thoughts.join(''), script[0].content[0].thinking);
  assert.equal(first.content[1].text, text);
  assert.deepEqual(first.content.slice(2), calls);
  assert.equal(first.stop_reason, 'tool_use');
  assert.equal(first.usage.cache_read_input_tokens, 30);
  request.messages.push({ role: 'assistant', content: first.content }, {
    role: 'user',
    content: [
      ...calls.map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: results[id] })),
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: image } }],
  });
  const second = await client.messages.stream(request).finalText();
  assert.equal(second, script[1].content);
  const third = await client.messages.stream(request).finalMessage();
  assert.equal(third.stop_reason, 'max_tokens');
  await assert.rejects(client.messages.stream(request).finalMessage(), Anthropic.RateLimitError);
}

async function chat(url) {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'k', maxRetries: 0 });
  const request = {
    model: 'm', max_tokens: 100, stream_options: { include_usage: true },
    tools: calls.map(({ name }) => ({ type: 'function', function: { name, parameters: schema } })),
    messages: [{ role: 'system', content: 'be good' }, { role: 'user', content: 'hello' }],
  };
  let thoughts = '';
  const stream = client.chat.completions.stream(request)
    .on('chunk', (chunk) => { thoughts += chunk.choices[0]?.delta.reasoning_content ?? ''; });
  const first = await stream.finalChatCompletion();
  const message = first.choices[0].message;
  assert.equal(thoughts, script[0].content[0].thinking);
  assert.equal(message.content, text);
  assert.deepEqual(message.tool_calls.map((call) => [call.id, call.function.name, JSON.parse(call.function.arguments)]),
    calls.map(({ id, name, input }) => [id, name, input]));
  assert.equal(first.choices[0].finish_reason, 'tool_calls');
  assert.equal(first.usage.prompt_tokens, 50);
  assert.equal(first.usage.prompt_tokens_details.cached_tokens, 30);
  request.messages.push(
    {
      role: 'assistant', content: message.content,
      tool_calls: message.tool_calls.map(({ id, type, function: { name, arguments: args } }) =>
        ({ id, type, function: { name, arguments: args } })),
    },
    ...calls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: results[id] })),
    { role: 'user', content: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${image}` } }] });
  const second = await client.chat.completions.stream(request).finalContent();
  assert.equal(second, script[1].content);
  const third = await client.chat.completions.create({ ...request, stream: true });
  let reason;
  for await (const chunk of third) reason = chunk.choices[0]?.finish_reason ?? reason;
  assert.equal(reason, 'length');
  await assert.rejects(client.chat.completions.stream(request).finalContent(), OpenAI.RateLimitError);
}

async function responses(url) {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'k', maxRetries: 0 });
  const request = {
    model: 'm', max_output_tokens: 100, store: false, include: ['reasoning.encrypted_content'],
    tools: calls.map(({ name }) => ({ type: 'function', name, parameters: schema, strict: false })),
    input: [{ role: 'user', content: 'hello' }],
  };
  const deltas = { text: '', summary: '' };
  const first = await client.responses.stream(request)
    .on('response.output_text.delta', ({ delta }) => { deltas.text += delta; })
    .on('response.reasoning_summary_text.delta', ({ delta }) => { deltas.summary += delta; })
    .finalResponse();
  assert.deepEqual(deltas, { text, summary: script[0].content[0].thinking });
  assert.equal(first.output_text, text);
  assert.deepEqual(first.output.map(({ type }) => type), ['reasoning', 'message', 'function_call', 'function_call']);
  assert.deepEqual(first.output.slice(2).map((item) => [item.call_id, item.name, JSON.parse(item.arguments)]),
    calls.map(({ id, name, input }) => [id, name, input]));
  assert.equal(first.usage.input_tokens, 50);
  const plain = first.output.map(({ parsed_arguments: _, ...item }) => item)
    .map((item) => item.type !== 'message' ? item
      : { ...item, content: item.content.map(({ parsed: _, ...part }) => part) });
  request.input.push(...plain, ...calls.map(({ id }) =>
    ({ type: 'function_call_output', call_id: id, output: results[id] })),
  { role: 'user', content: [{ type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${image}` }] });
  const second = await client.responses.stream(request).finalResponse();
  assert.equal(second.output_text, script[1].content);
  const third = await client.responses.stream(request).finalResponse();
  assert.equal(third.status, 'incomplete');
  assert.equal(third.incomplete_details.reason, 'max_output_tokens');
  await assert.rejects(client.responses.stream(request).finalResponse(), OpenAI.RateLimitError);
}

for (const test of [messages, chat, responses]) {
  await withServer(test);
  console.log(`${test.name}: the package and the script agree`);
}
