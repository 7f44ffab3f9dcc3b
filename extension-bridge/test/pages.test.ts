/** What the pages say, from what the daemon told. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { costText, dollars, fenced, learningText, sentText, traceText } from '../src/pages';
import type { Session, Stats, Trace } from '../src/protocol';

const STATS: Stats = {
  suggested: 40, read: 20, accepted: 10, rejected: 5, superseded: 5, executed: 30, executedAsSuggested: 8, examples: 12,
  inputTokens: 1000, outputTokens: 100, costUsd: 0.0123, latencyMs: {}, feedback: {}, outcomes: {}, failures: {},
};
const NONE: Stats = { ...STATS, suggested: 0, read: 0, accepted: 0, executedAsSuggested: 0, executed: 0, costUsd: 0 };
const SESSION: Session = {
  id: '01', notebook: 'file:///w/my%20book.md', cell: null, startMs: 0, endMs: 1, completions: 2, suggested: 1, accepted: 1, executed: 0,
  inputTokens: 10, outputTokens: 1, costUsd: 0.00002,
};
const TRACE: Trace = {
  suggestion: '01', session: '02', trigger: 'edit', timeMs: 0, stagesMs: { recall: 4.04 },
  candidates: [{ text: 'ls', score: 1, confidence: 0.5, source: 'memory' }],
  outcome: 'recommended', why: 'sure enough', dropped: [], assertions: [], redactions: 2,
} as unknown as Trace;
const MODEL = {
  provider: 'openai', name: 'small', prompt: 'say\n```\nthis\n```', answer: 'that', inputTokens: 9, outputTokens: 1, cacheReadTokens: 0,
  costUsd: 0.00002, estimated: true,
};

test('an amount of money is never rounded to nothing', () => {
  const amounts = [0, 0.0000001, 0.00002, 0.0004, 0.5, 12.345];
  assert.deepEqual(amounts.map(dollars), ['$0', 'less than $0.000001', '$0.000020', '$0.0004', '$0.50', '$12.35']);
});

test('a fence is longer than any in the text', () => {
  assert.equal(fenced('a\n````\nb'), '`````\na\n````\nb\n`````');
});

test('what memory made says that nothing was sent', () => {
  assert.match(sentText(TRACE), /Nothing was sent/);
  assert.match(sentText(null), /nothing was sent/);
});

test('what a model was sent stands there to the letter, and what came back', () => {
  const text = sentText({ ...TRACE, model: MODEL });
  assert.ok(text.includes(`\`\`\`\`\n${MODEL.prompt}\n\`\`\`\``), text);
  assert.ok(text.includes('that'));
  assert.ok(text.includes('$0.000020 (estimated), 2 secrets taken out'));
});

test('why a ghost came is told with its candidates', () => {
  const text = traceText(TRACE);
  assert.ok(text.includes('- 50\u00a0%, memory\n\n```\nls\n```'), text);
  assert.ok(text.includes('- recall: 4.0 ms'));
});

test('costs are told by span, and sessions that cost nothing are left out', () => {
  const text = costText([{ name: 'today', stats: STATS }], [SESSION, { ...SESSION, notebook: 'file:///w/free.md', costUsd: 0 }]);
  assert.match(text, /\| today \| \$0\.01 \| 1000 \| 100 \|/);
  assert.ok(text.includes('my book.md'));
  assert.ok(!text.includes('free.md'));
  assert.match(costText([], []), /None\./);
});

test('shares are of what came before them, and nothing is divided by nothing', () => {
  const text = learningText([{ name: 'today', stats: NONE }, { name: '7 days', stats: STATS }], 'You ran ![x](https://a.example/b) twice.\n\nAnd more.\n');
  const lines = ['|  | today | 7 days |', '| suggested | 0 | 40 |', '| read | – | 20, 50\u00a0% |', '| accepted | – | 10, 50\u00a0% |', '| run unchanged | – | 8, 80\u00a0% |'];
  for (const line of lines) {
    assert.ok(text.includes(line), `${line} in ${text}`);
  }
  assert.ok(text.includes('12 examples'));
  assert.ok(text.includes('You ran \\!\\[x\\]\\(https\\://a.example/b\\) twice.\n\nAnd more.'), 'nothing of it is fetched');
});
