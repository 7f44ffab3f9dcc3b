/** The status bar: whether ghosts appear, why not, and what today cost. */

import * as vscode from 'vscode';
import type { Condition, Daemon } from './daemon';
import { dollars, plain } from './pages';
import { summary } from './plan';
import type { Ghost, PublishGhosts, Status } from './protocol';
import { record } from './record';

const COST_EVERY_MS = 60_000;
const PREVIEW_CHARS = 60;

const ICONS: Record<string, string> = {
  ready: '$(sparkle)',
  thinking: '$(loading~spin)',
  degraded: '$(warning)',
  off: '$(circle-slash)',
};

const CONDITIONS: Record<Condition, [icon: string, text: string]> = {
  idle: ['$(circle-slash)', 'not started'],
  starting: ['$(loading~spin)', 'starting'],
  running: ['$(sparkle)', 'ready'],
  waiting: ['$(warning)', 'starting again'],
  missing: ['$(circle-slash)', 'not installed'],
  failed: ['$(error)', 'not running'],
};

export class StatusItem implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem('ghostcells.status', vscode.StatusBarAlignment.Right, 90);
  private current: Status | undefined;
  private state: Condition = 'idle';
  private why = '';
  private todayUsd: number | undefined;
  private asked = 0;
  private previewed = '';
  /** A cell of the last suggestion, under which the daemon finds its trace. */
  lastSuggestion: string | undefined;

  constructor(private readonly daemon: Daemon) {
    this.item.name = 'Ghostcells';
    this.item.command = 'ghostcells.menu';
  }

  /** What is the matter, in a word and in a sentence. */
  get summary(): { state: string; why: string } {
    const running = this.state === 'running';
    return {
      state: running ? (this.current?.state ?? 'ready') : CONDITIONS[this.state][1],
      why: (running ? this.current?.message : this.why) ?? '',
    };
  }

  /** What models have cost today, in words; empty where that is not known. */
  get today(): string {
    return this.todayUsd === undefined ? '' : `Today: ${dollars(this.todayUsd)}`;
  }

  get needsInstall(): boolean {
    return this.state === 'missing';
  }

  show(status: Status): void {
    this.current = status;
    this.draw();
    if (Date.now() - this.asked > COST_EVERY_MS) {
      void this.refreshCost();
    }
  }

  condition(state: Condition, why: string): void {
    this.state = state;
    this.why = why;
    if (state !== 'running') {
      this.current = undefined;
    }
    this.draw();
  }

  suggested(publish: PublishGhosts): void {
    this.lastSuggestion = publish.ghosts[0]?.id ?? this.lastSuggestion;
  }

  /** Ghosts that are not in view; and previews, for which there is no line below a rendered Markdown cell. */
  preview(ghosts: readonly Ghost[]): void {
    const text = ghosts.length === 0 ? '' : summary(ghosts);
    const shown = text.length > PREVIEW_CHARS ? `${text.slice(0, PREVIEW_CHARS - 1)}…` : text;
    if (shown !== this.previewed) {
      this.previewed = shown;
      this.item.command = shown === '' ? 'ghostcells.menu' : 'ghostcells.accept';
      this.draw();
    }
  }

  async refreshCost(): Promise<void> {
    this.asked = Date.now();
    try {
      const stats = await this.daemon.request('ghostcells/stats', { sinceMs: new Date().setHours(0, 0, 0, 0) });
      this.todayUsd = stats.costUsd;
      this.draw();
    } catch {
      // It is asked again at the next change.
    }
  }

  private draw(): void {
    const { state, why } = this.summary;
    const icon = this.state === 'running' ? (ICONS[state] ?? '$(sparkle)') : CONDITIONS[this.state][0];
    this.item.text = this.previewed === '' ? `${icon} Ghosts` : `${icon} ${this.previewed}`;
    this.item.tooltip = new vscode.MarkdownString(this.lines(state, why).join('\n\n'));
    this.item.accessibilityInformation = { label: `Ghostcells: ${state}${why === '' ? '' : `, ${why}`}` };
    this.item.backgroundColor =
      this.state === 'failed' ? new vscode.ThemeColor('statusBarItem.errorBackground') : undefined;
    record('status-bar', { text: this.item.text, state, why, todayUsd: this.todayUsd });
    this.item.show();
  }

  private lines(state: string, why: string): string[] {
    const lines = [`**Ghostcells: ${state}**`];
    if (this.previewed !== '') {
      lines.push('Click to accept the suggested cell.');
    }
    if (why !== '') {
      lines.push(plain(why));
    }
    if (this.current !== undefined) {
      const { provider, model } = this.current;
      lines.push(provider === 'none' || provider === '' ? 'From memory; no model is asked' : plain(`${provider} ${model}`));
    }
    if (this.today !== '') {
      lines.push(this.today);
    }
    return lines;
  }

  dispose(): void {
    this.item.dispose();
  }
}
