/** Read-only pages: what the daemon says of the last suggestion, of costs, of learning. What is on them is decided in pages.ts. */

import * as vscode from 'vscode';
import { marksOf } from './cells';
import type { Books } from './books';
import { daemonSettings } from './config';
import type { Daemon } from './daemon';
import { costText, learningText, sentText, type Span, traceText } from './pages';
import { run } from './process';
import type { Trace } from './protocol';
import type { StatusItem } from './status';

const SCHEME = 'ghostcells';
const DAY_MS = 86_400_000;
const LAST_SESSIONS = 100;

export class Reports implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly pages = new Map<string, string>();
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);

  constructor(
    private readonly daemon: Daemon,
    private readonly status: StatusItem,
    private readonly books: Books,
  ) {}

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.pages.get(uri.path) ?? '';
  }

  async trace(): Promise<void> {
    await this.open('Why this ghost.md', traceText(await this.found()));
  }

  async sent(): Promise<void> {
    await this.open('What was sent.md', sentText(await this.found()));
  }

  async cost(): Promise<void> {
    const sessions = await this.daemon.request('ghostcells/sessions', { limit: LAST_SESSIONS });
    await this.open('What it cost.md', costText(await this.spans(), sessions));
  }

  async learning(): Promise<void> {
    await this.open('Is it learning.md', learningText(await this.spans(), await this.ask('learned')));
  }

  async examples(): Promise<void> {
    const head = 'What ghostcells has learned, newest first. To remove something for good: ghostcells examples forget ID\n\n';
    await this.open('Learned examples.txt', head + (await this.ask('examples', 'list', '--limit', '500')));
  }

  /** The trace of the suggestion that the focused cell came from, else of the last one. */
  private async found(): Promise<Trace | null> {
    const cell = this.books.active?.focused();
    for (const id of [cell === undefined ? undefined : marksOf(cell).id, this.status.lastSuggestion]) {
      const trace = id === undefined ? null : await this.daemon.request('ghostcells/trace', { id });
      if (trace !== null) {
        return trace;
      }
    }
    return null;
  }

  private async spans(): Promise<Span[]> {
    const today = new Date().setHours(0, 0, 0, 0);
    const since: [string, number][] = [['today', today], ['7 days', today - 6 * DAY_MS], ['30 days', today - 29 * DAY_MS], ['in all', 0]];
    return await Promise.all(
      since.map(async ([name, sinceMs]) => ({ name, stats: await this.daemon.request('ghostcells/stats', { sinceMs }) })),
    );
  }

  /** What the command line says, which reads the same memory. */
  private async ask(...args: string[]): Promise<string> {
    const program = this.daemon.found?.command;
    if (program === undefined) {
      throw new Error('the daemon is not running');
    }
    const { code, stdout, stderr } = await run(program, args, daemonSettings().env);
    if (code !== 0) {
      throw new Error(stderr.trim() || `ghostcells ${args[0] ?? ''} ended with ${String(code)}`);
    }
    return stdout;
  }

  /** Markdown is shown rendered, anything else as text. */
  async open(name: string, text: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name}` });
    this.pages.set(uri.path, text);
    this.changed.fire(uri);
    if (name.endsWith('.md')) {
      await vscode.commands.executeCommand('markdown.showPreviewToSide', uri);
    } else {
      await vscode.window.showTextDocument(uri, { preview: true, viewColumn: vscode.ViewColumn.Beside });
    }
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
  }
}
