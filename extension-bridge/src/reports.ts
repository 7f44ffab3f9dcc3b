/** Read-only pages: how the last suggestion was made, and what was learned. */

import * as vscode from 'vscode';
import type { Bridge } from './bridge';
import { daemonSettings } from './config';
import { run } from './process';
import type { Trace } from './protocol';
import { dollars } from './status';

const SCHEME = 'ghostcells';

export class Reports implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly pages = new Map<string, string>();
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);

  constructor(private readonly bridge: Bridge) {}

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.pages.get(uri.path) ?? '';
  }

  async trace(): Promise<void> {
    const id = this.bridge.status.lastSuggestion;
    const found = id === undefined ? null : await this.bridge.daemon.request('ghostcells/trace', { id });
    await this.open('Last suggestion.md', found === null ? 'Nothing has been suggested in this window yet.\n' : traceText(found));
  }

  async examples(): Promise<void> {
    const { daemon } = this.bridge;
    if (daemon.found === undefined) {
      throw new Error('the daemon is not running');
    }
    const { code, stdout, stderr } = await run(daemon.found.command, ['examples', 'list', '--limit', '500'], daemonSettings().env);
    if (code !== 0) {
      throw new Error(stderr.trim() || `ghostcells examples ended with ${String(code)}`);
    }
    const head = `What ghostcells has learned, newest first. To remove something for good: ghostcells examples forget ID\n\n`;
    await this.open('Learned examples.txt', head + stdout);
  }

  private async open(name: string, text: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name}` });
    this.pages.set(uri.path, text);
    this.changed.fire(uri);
    await vscode.window.showTextDocument(uri, { preview: true, viewColumn: vscode.ViewColumn.Beside });
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
  }
}

function traceText(trace: Trace): string {
  const stages = Object.entries(trace.stagesMs).map(([name, ms]) => `- ${name}: ${ms.toFixed(1)} ms`);
  const candidates = trace.candidates.map((one) => {
    const about = `${(one.confidence * 100).toFixed(0)} %, ${one.source}${one.example == null ? '' : `, example ${one.example}`}`;
    return `- ${about}\n\n${fenced(one.text)}`;
  });
  return [
    `# Suggestion ${trace.suggestion}`,
    `Because of: ${trace.trigger}. Outcome: ${trace.outcome}. ${trace.why}`,
    '## Candidates',
    ...(candidates.length > 0 ? candidates : ['None.']),
    ...(trace.dropped.length > 0 ? ['## Left out', trace.dropped.map((one) => `- ${one}`).join('\n')] : []),
    '## Times, from the moment you rested',
    stages.join('\n'),
    ...modelText(trace),
    '',
  ].join('\n\n');
}

function modelText(trace: Trace): string[] {
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

/** A fence longer than any that the text holds. */
function fenced(text: string): string {
  const longest = Math.max(2, ...(text.match(/`{3,}/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}
