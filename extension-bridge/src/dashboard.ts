/** The dashboard: a child that serves it on loopback, as long as this window lives, and its page in the user's browser. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import * as vscode from 'vscode';
import { daemonSettings } from './config';
import type { Daemon } from './daemon';
import { record } from './record';

/** What it answers on: it refuses a page that came here by another name. */
const LOCAL = ['127.0.0.1', 'localhost'];

export class Dashboard implements vscode.Disposable {
  private child: ChildProcess | undefined;

  constructor(private readonly daemon: Daemon) {}

  /** Opens the page. Its link works once, so there is a new server each time; the one before ends. */
  async open(): Promise<void> {
    const program = this.daemon.found?.command;
    if (program === undefined) {
      throw new Error('the daemon is not running');
    }
    this.dispose();
    const link = vscode.Uri.parse(await this.serve(program), true);
    const outside = await vscode.env.asExternalUri(link);
    record('dashboard', { pid: this.child?.pid, authority: outside.authority });
    if (!LOCAL.some((name) => outside.authority === `${name}:${portOf(link)}`)) {
      await offerLink(link);
      return;
    }
    await vscode.env.openExternal(outside);
  }

  /** Starts the server and waits for its link. */
  private async serve(program: string): Promise<string> {
    // It ends when its standard input does, also where nobody is left to end it.
    const child = spawn(program, ['dashboard', '--no-browser', '--until-eof', '--json'], {
      env: daemonSettings().env,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child = child;
    const complaints: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (text: string) => complaints.push(text));
    child.stdin.on('error', () => undefined); // Its end is what is told.
    return await new Promise((resolve, reject) => {
      createInterface(child.stdout).on('line', (line) => {
        resolve((JSON.parse(line) as { link: string }).link);
      });
      child.on('error', reject);
      child.on('close', () => {
        reject(new Error(complaints.join('').trim() || 'the dashboard did not start'));
      });
    });
  }

  dispose(): void {
    this.child?.stdin?.end();
    this.child?.kill();
    this.child = undefined;
  }
}

/** For windows that would pass the page on under another name, such as a workbench in a browser. */
async function offerLink(link: vscode.Uri): Promise<void> {
  const copy = 'Copy the Link';
  const said = `The dashboard answers only as ${link.authority}: open its link, which works once, in a browser for which that is the machine with your files.`;
  if ((await vscode.window.showInformationMessage(said, copy)) === copy) {
    await vscode.env.clipboard.writeText(link.toString(true));
    record('dashboard-link', {});
  }
}

function portOf(uri: vscode.Uri): string {
  return uri.authority.split(':').at(-1) ?? '';
}
