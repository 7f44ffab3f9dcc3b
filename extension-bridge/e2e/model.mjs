// A stand-in for a hosted language model: OpenAI's streaming format over loopback, fed by the test while the daemon reads.
import http from 'node:http';
import { until } from './workbench.mjs';

/** What the model says to one request. */
class Answer {
  pieces = [];
  ended = false;
  wake = () => undefined;

  say(piece) {
    this.pieces.push(piece);
    this.wake();
    return this;
  }

  end() {
    this.ended = true;
    this.wake();
    return this;
  }

  /** Passes on what there is, and waits for more. */
  async *read() {
    for (;;) {
      while (this.pieces.length > 0) {
        yield this.pieces.shift();
      }
      if (this.ended) {
        return;
      }
      await new Promise((resolve) => {
        this.wake = resolve;
      });
    }
  }
}

export class Model {
  /** Requests that wait for `take`. */
  asked = [];
  port = 0;
  /** The bodies of all requests. */
  bodies = [];

  async start() {
    this.server = http.createServer((request, response) => void this.serve(request, response));
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    return this;
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }

  config() {
    return `
[model]
provider = "openai"
name = "gpt-4o-mini"
baseUrl = "http://127.0.0.1:${this.port}/v1"

[memory]
embedder = "lexical"
`;
  }

  /** The newest request that holds these words; older ones get an empty answer. */
  async take(words) {
    return await until(() => {
      const at = this.asked.findLastIndex(({ body }) => body.includes(words));
      if (at < 0) {
        return undefined;
      }
      const taken = this.asked.splice(0, at + 1);
      taken.slice(0, -1).forEach(({ answer }) => answer.end());
      return taken.at(-1).answer;
    }, `the model to be asked about ${JSON.stringify(words)}`);
  }

  /** Everything that still waits is told nothing. */
  dismiss() {
    this.asked.splice(0).forEach(({ answer }) => answer.end());
  }

  async serve(request, response) {
    const parts = [];
    for await (const part of request) {
      parts.push(part);
    }
    if (request.method !== 'POST') {
      response.writeHead(404).end();
      return;
    }
    const answer = new Answer();
    this.bodies.push(Buffer.concat(parts).toString());
    this.asked.push({ body: this.bodies.at(-1), answer });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const chunk = (fields) => response.write(`data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'gpt-4o-mini', ...fields })}\n\n`);
    const choice = (delta, reason = null) => ({ choices: [{ index: 0, delta, finish_reason: reason }] });
    chunk(choice({ role: 'assistant', content: '' }));
    for await (const content of answer.read()) {
      chunk(choice({ content }));
    }
    chunk(choice({}, 'stop'));
    chunk({ choices: [], usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 } });
    response.end('data: [DONE]\n\n');
  }
}
