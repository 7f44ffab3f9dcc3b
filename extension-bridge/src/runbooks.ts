/** Learning from runbooks that are there already: the workspace's, which is offered once, or any that the user chooses. Nothing in them is run. */

import * as vscode from 'vscode';
import { daemonSettings } from './config';
import type { Daemon } from './daemon';
import { fenced, plain } from './pages';
import { run } from './process';
import type { LearnPreview } from './protocol';
import { record } from './record';
import type { Reports } from './reports';

/** Kept for the workspace, so that the daemon need not read its files again only to say that it has been asked. */
const ASKED = 'ghostcells.askedAboutRunbooks';
/** The first seconds of a window belong to what the user opened it for. */
const WAIT_MS = 3000;

export class Runbooks implements vscode.Disposable {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly state: vscode.Memento,
    private readonly daemon: Daemon,
    private readonly reports: Reports,
  ) {}

  /** The daemon has started: where nobody has been asked about this workspace yet, that is done now. */
  offerSoon(): void {
    const { isTrusted, workspaceFolders } = vscode.workspace;
    if (isTrusted && workspaceFolders !== undefined && this.state.get<boolean>(ASKED) !== true) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.offer().catch(() => undefined), WAIT_MS); // The daemon is gone; the next one is asked.
    }
  }

  private async offer(): Promise<void> {
    const preview = await this.daemon.request('ghostcells/learnPreview', {});
    record('runbooks', { asked: preview.asked, fresh: preview.fresh, files: preview.files });
    if (preview.asked) {
      await this.state.update(ASKED, true);
    } else if (preview.fresh > 0) {
      await this.ask(preview);
    }
  }

  /** The same, whenever the user wants it. */
  async learnWorkspace(): Promise<void> {
    if (!vscode.workspace.isTrusted) {
      throw new Error('nothing is learned from a workspace that you do not trust');
    }
    const preview = await this.daemon.request('ghostcells/learnPreview', {});
    if (preview.fresh === 0) {
      void vscode.window.showInformationMessage(`Ghostcells: nothing new in the runbooks of this workspace; ${String(preview.known)} commands are known.`);
      return;
    }
    await this.ask(preview);
  }

  private async ask(preview: LearnPreview): Promise<void> {
    const what = `${count(preview.fresh, 'command')} from ${count(preview.files, 'runbook')} of this workspace`;
    let answer = await vscode.window.showInformationMessage(
      `Ghostcells can learn ${what}, so that there is something to suggest right away. Nothing in them is run.`,
      'Learn',
      'Show Them First',
      'No',
    );
    if (answer === 'Show Them First') {
      await this.reports.open('What would be learned.md', previewText(preview));
      answer = await vscode.window.showInformationMessage(`Learn ${what}?`, 'Learn', 'No');
    }
    const agreed = answer === 'Learn';
    const { learned } = await this.daemon.request('ghostcells/learn', { agreed });
    await this.state.update(ASKED, true);
    record('runbooks-answered', { agreed, learned });
    if (agreed) {
      void vscode.window.showInformationMessage(`Ghostcells: ${count(learned, 'command')} learned. They are suggested until you have run something better.`);
    }
  }

  /** Lets the daemon read files or folders that the user chooses. */
  async learnChosen(): Promise<void> {
    const program = this.daemon.found?.command;
    if (program === undefined) {
      throw new Error('the daemon is not running');
    }
    const start = vscode.workspace.workspaceFolders?.[0]?.uri;
    const chosen = await vscode.window.showOpenDialog({
      title: 'Learn from runbooks (Markdown, Jupyter)',
      openLabel: 'Learn',
      canSelectFiles: true,
      canSelectFolders: true,
      canSelectMany: true,
      ...(start === undefined ? {} : { defaultUri: start }),
    });
    if (chosen === undefined || chosen.length === 0) {
      return;
    }
    const options = { location: vscode.ProgressLocation.Notification, title: 'Reading runbooks', cancellable: true };
    const { code, stdout, stderr } = await vscode.window.withProgress(options, async (_, cancel) =>
      run(program, ['learn', ...chosen.map((uri) => uri.fsPath)], daemonSettings().env, undefined, cancel),
    );
    this.daemon.log.info(stdout + stderr);
    const said = (code === 0 ? stdout : stderr).trim().split('\n').at(-1) ?? '';
    if (code !== 0) {
      throw new Error(said === '' ? 'the runbooks could not be read; the log says why' : said);
    }
    void vscode.window.showInformationMessage(`Ghostcells: ${said}`);
  }

  dispose(): void {
    clearTimeout(this.timer);
  }
}

function count(number: number, thing: string): string {
  return `${String(number)} ${thing}${number === 1 ? '' : 's'}`;
}

function previewText(preview: LearnPreview): string {
  const { samples, fresh, problems } = preview;
  const some = fresh > samples.length ? `The first ${String(samples.length)} of ${String(fresh)}, each` : 'Each';
  return [
    '# What would be learned',
    `${some} with the words it would be suggested for. It is kept on this computer, without what looks like a secret; nothing is run.`,
    ...samples.map(({ notebook, intent, text }) => `## ${plain(vscode.workspace.asRelativePath(vscode.Uri.parse(notebook)))}\n\n${plain(intent)}\n\n${fenced(text)}`),
    ...(problems.length > 0 ? ['## Not readable', problems.map((one) => `- ${plain(one)}`).join('\n')] : []),
    '',
  ].join('\n\n');
}
