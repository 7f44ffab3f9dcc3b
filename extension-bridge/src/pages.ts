/**
 * The pages that answer four questions: why this ghost, what was sent, what did it cost, is it learning. Imports no vscode.
 *
 * They are Markdown, which the editor renders. What comes from elsewhere is fenced or escaped: nothing in it becomes a link or an
 * image that would be fetched.
 */

import type { Session, Stats, Trace } from './protocol';

/** Counts over a span of time, with the words for the span. */
export interface Span {
  readonly name: string;
  readonly stats: Stats;
}

export function traceText(trace: Trace | null): string {
  if (trace === null) {
    return 'Nothing has been suggested in this window yet.\n';
  }
  const stages = Object.entries(trace.stagesMs).map(([name, ms]) => `- ${name}: ${ms.toFixed(1)} ms`);
  const candidates = trace.candidates.map((one) => {
    const about = `${percent(one.confidence)}, ${one.source}${one.example == null ? '' : `, example ${one.example}`}`;
    return `- ${about}\n\n${fenced(one.text)}`;
  });
  return paragraphs(
    `# Suggestion ${trace.suggestion}`,
    `Because of: ${trace.trigger}. Outcome: ${trace.outcome}. ${plain(trace.why)}`,
    '## Candidates',
    ...(candidates.length > 0 ? candidates : ['None.']),
    ...(trace.dropped.length > 0 ? ['## Left out', trace.dropped.map((one) => `- ${plain(one)}`).join('\n')] : []),
    '## Times, from the moment you rested',
    stages.join('\n'),
    ...exchange(trace),
  );
}

/** What left this computer for a suggestion, to the letter. */
export function sentText(trace: Trace | null): string {
  if (trace === null) {
    return 'Nothing has been suggested in this window yet, and nothing was sent for it.\n';
  }
  const nothing = 'Nothing was sent: it was made from memory, on this computer.';
  return paragraphs('# What was sent for the last suggestion', ...(trace.model == null ? [nothing] : exchange(trace)));
}

function exchange(trace: Trace): string[] {
  const { model } = trace;
  if (model == null) {
    return [];
  }
  const cost = `${dollars(model.costUsd)}${model.estimated ? ' (estimated)' : ''}`;
  return [
    `## Model: ${model.provider} ${model.name}`,
    `${String(model.inputTokens)} tokens in, ${String(model.outputTokens)} out, ${cost}, ${String(trace.redactions)} secrets taken out`,
    '### What was sent',
    fenced(model.prompt),
    '### What came back',
    fenced(model.answer),
  ];
}

/** `sessions` newest first; those that cost nothing are left out. */
export function costText(spans: readonly Span[], sessions: readonly Session[]): string {
  const rows = spans.map(({ name, stats }) => [name, dollars(stats.costUsd), String(stats.inputTokens), String(stats.outputTokens)]);
  const paid = sessions.filter((session) => session.costUsd > 0);
  return paragraphs(
    '# What models cost',
    table(['', 'cost', 'tokens in', 'tokens out'], rows),
    'Caps: the settings ghostcells.budget.notebookUsd and ghostcells.budget.dayUsd.',
    '## The last cells that a model was asked about',
    paid.length === 0
      ? 'None.'
      : table(
          ['when', 'notebook', 'cost', 'asked', 'accepted'],
          paid.map((one) => [moment(one.startMs), plain(named(one.notebook)), dollars(one.costUsd), String(one.completions), String(one.accepted)]),
        ),
  );
}

/** `learned` is what the daemon says of the last week, a sentence a line. */
export function learningText(spans: readonly Span[], learned: string): string {
  const row = (name: string, of: (stats: Stats) => string): string[] => [name, ...spans.map(({ stats }) => of(stats))];
  const rows = [
    row('suggested', (stats) => String(stats.suggested)),
    row('read', (stats) => share(stats.read, stats.suggested)),
    row('accepted', (stats) => share(stats.accepted, stats.read)),
    row('run unchanged', (stats) => share(stats.executedAsSuggested, stats.accepted)),
    row('cells run', (stats) => String(stats.executed)),
  ];
  const examples = Math.max(0, ...spans.map(({ stats }) => stats.examples));
  return paragraphs(
    '# Is it learning?',
    table(['', ...spans.map(({ name }) => name)], rows),
    'Each share is of the line above it.',
    `It knows ${String(examples)} examples. If it learns, the shares grow with the days.`,
    '## This week',
    ...learned.split('\n').filter((line) => line.trim() !== '').map(plain),
  );
}

/** Text in which nothing is Markdown. */
export function plain(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+!|<>~&:-]/g, '\\$&');
}

/** A fence longer than any that the text holds. */
export function fenced(text: string): string {
  const longest = Math.max(2, ...(text.match(/`{3,}/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}

/** An amount with what can be told of it: a single suggestion may cost some millionths. */
export function dollars(usd: number): string {
  if (usd === 0) {
    return '$0';
  }
  return usd < 0.000001 ? 'less than $0.000001' : `$${usd.toFixed(usd < 0.0001 ? 6 : usd < 0.01 ? 4 : 2)}`;
}

function percent(part: number): string {
  return `${(part * 100).toFixed(0)}\u00a0%`;
}

function share(part: number, whole: number): string {
  return whole === 0 ? '–' : `${String(part)}, ${percent(part / whole)}`;
}

function moment(ms: number): string {
  return new Date(ms).toLocaleString();
}

/** The last part of a URI, as it was before it was encoded. */
function named(uri: string): string {
  const last = uri.split('/').at(-1) ?? uri;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function paragraphs(...parts: string[]): string {
  return `${parts.join('\n\n')}\n`;
}
