/** For the first minutes: a notebook to try in, and reading the runbooks that are there already. */

import { mkdir, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { OWN_TYPE } from './cells';
import { daemonSettings } from './config';
import type { Daemon } from './daemon';
import { run } from './process';

const TOUR = `# A tour of ghostcells

\`orders.log\` is a file beside this notebook. Run the cell below: put the cursor into it and press Shift+Enter.

How many orders failed today?

\`\`\`bash
grep -c FAILED orders.log
\`\`\`

## The next morning

You want to know it again. Add a Markdown cell below this one, and write in it: How many orders failed today?

The cell that you ran appears in grey. Move onto it with the arrow key, and it is yours; run it.
So soon it may not be sure enough to come by itself: then press Control, Alt and the space bar together.
`;

const ORDERS = ['1001 OK', '1002 FAILED card', '1003 OK', '1004 FAILED address', '1005 OK'].join('\n');

/** Opens a notebook of the extension's own, made anew each time. */
export async function openTour(storage: vscode.Uri): Promise<void> {
  const folder = path.join(storage.fsPath, 'tour');
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'orders.log'), `${ORDERS}\n`);
  const file = vscode.Uri.file(path.join(folder, 'tour.md'));
  await writeFile(file.fsPath, TOUR);
  await vscode.commands.executeCommand('vscode.openWith', file, OWN_TYPE);
}

/** Lets the daemon read files or folders that the user chooses. Nothing in them is run. */
export async function learn(daemon: Daemon): Promise<void> {
  const program = daemon.found?.command;
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
  daemon.log.info(stdout + stderr);
  const said = (code === 0 ? stdout : stderr).trim().split('\n').at(-1) ?? '';
  if (code === 0) {
    void vscode.window.showInformationMessage(`Ghostcells: ${said}`);
  } else {
    throw new Error(said === '' ? 'the runbooks could not be read; the log says why' : said);
  }
}
