// See mock_servers.sh. The argument is the program tenon.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mockOpenAIResponse } from 'openai-api-mock';

const tenon = process.argv[2];
const home = join(import.meta.dirname, 'home');
const workspace = join(home, 'w');
mkdirSync(workspace, { recursive: true });

/// Runs tenon with a server; its output and exit code.
async function run(url, args) {
  const env = {
    PATH: process.env.PATH, HOME: home, LANG: 'C.UTF-8', TENON_STATE_DIR: join(home, 'state'),
    OPENAI_BASE_URL: url, OPENAI_API_KEY: 'sk-test-0123456789', TENON_MODEL: 'gpt-test',
  };
  const all = ['-D', 'model.provider=openai', '-D', 'model.retry.maxAttempts=2', '-D', 'model.retry.baseDelayMs=1', ...args];
  try {
    const { stdout, stderr } = await promisify(execFile)(tenon, all, { cwd: workspace, env, timeout: 60_000 });
    return { code: 0, stdout, stderr };
  } catch ({ code, stdout, stderr }) {
    return { code, stdout, stderr };
  }
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

/// A server that streams text, and tells an error as an event with status 200.
async function mockLlm() {
  const port = await freePort();
  const answer = (text) => JSON.stringify({
    id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'x',
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
  });
  const rules = [
    { path: '/v1/chat/completions', match: '@', response: { status: 200, content: answer('Grüße, "from" the 😀 mock. '.repeat(5)) } },
    { path: '/v1/chat/completions', match: "contains(to_string(messages), 'second question')",
      response: { status: 200, content: answer('The second answer.') } },
    { path: '/v1/chat/completions', match: "contains(to_string(messages), 'please fail')",
      response: { status: 429, content: '{"error":{"message":"no money","type":"insufficient_quota","code":"insufficient_quota"}}' } },
    { path: '/v1/models', method: 'GET', response: { status: 200, content: '{"object":"list","data":[{"id":"gpt-test","object":"model"}]}' } },
  ];
  for (const rule of rules) {
    if (rule.match?.startsWith('contains')) rule.match = rule.match.replace('messages', 'body.messages');
  }
  const config = join(import.meta.dirname, 'mock-llm.yaml');
  // YAML holds JSON.
  writeFileSync(config, JSON.stringify({ streaming: { chunkSize: 3, chunkIntervalMs: 1 }, rules }));
  const main = join(import.meta.dirname, 'node_modules/@dwmkerr/mock-llm/dist/main.js');
  const server = spawn(process.execPath, [main, '--config', config],
    { env: { ...process.env, HOST: '127.0.0.1', PORT: String(port) }, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    // All that it prints is read, since it ends when nobody reads.
    await new Promise((resolve, reject) => {
      let printed = '';
      server.stdout.on('data', (data) => {
        printed += data;
        if (printed.includes('server running')) resolve();
      });
      server.on('exit', () => reject(new Error(`mock-llm ended: ${printed}`)));
    });
    const url = `http://127.0.0.1:${port}/v1`;
    const first = await run(url, ['-p', 'hello', '--session', 's1']);
    assert.equal(first.code, 0, first.stderr);
    assert.equal(first.stdout.trim(), 'Grüße, "from" the 😀 mock. '.repeat(5).trim());
    const second = await run(url, ['-p', 'a second question', '--session', 's1', '--output-format', 'json']);
    assert.equal(second.code, 0, second.stderr);
    assert.equal(JSON.parse(second.stdout).result, 'The second answer.');
    const failed = await run(url, ['-p', 'please fail']);
    assert.equal(failed.code, 1, failed.stdout);
    assert.match(failed.stderr, /no money/);
    console.log(`@dwmkerr/mock-llm: ${failed.stderr.trim()}`);
  } finally {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
}

/// OpenAI as the package plays it: words without a finish reason, and whole answers with a call. `streams`: whether the
/// request for a stream is passed on; a server that ignores it answers with one JSON object.
async function openaiApiMock(streams) {
  const requests = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const data of request) body += data;
    if (request.method !== 'POST') return response.writeHead(404).end();
    const asked = JSON.parse(body);
    requests.push(asked);
    // After the result of a call the package would call for ever.
    const done = asked.messages.at(-1).role === 'tool';
    const { tools, stream, stream_options: _, ...rest } = asked;
    const passed = { ...rest, ...(streams || done ? {} : { tools }), ...(streams && stream ? { stream } : {}) };
    const answer = await fetch('https://api.openai.com/v1/chat/completions', {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(passed),
    });
    response.writeHead(answer.status, { 'content-type': streams ? 'text/event-stream' : 'application/json' });
    response.end(Buffer.from(await answer.arrayBuffer()));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const url = `http://127.0.0.1:${server.address().port}/v1`;
    const result = await run(url, ['-p', 'hello', '--yes', '--output-format', 'json']);
    assert.equal(result.code, 0, result.stderr + result.stdout);
    const { subtype, result: text } = JSON.parse(result.stdout);
    assert.equal(subtype, 'success');
    assert.notEqual(text, '');
    assert.equal(requests.length, streams ? 1 : 2);
    if (!streams) {
      const [call, answered] = requests[1].messages.slice(-2);
      assert.equal(call.tool_calls.length, 1);
      assert.equal(answered.role, 'tool');
      assert.equal(answered.tool_call_id, call.tool_calls[0].id);
      JSON.parse(call.tool_calls[0].function.arguments);
    }
    console.log(`openai-api-mock, ${streams ? 'streamed' : 'not streamed'}: ${text.slice(0, 60)}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

await mockLlm();
mockOpenAIResponse(true, { seed: 1 });
await openaiApiMock(true);
await openaiApiMock(false);
