/** For the first minutes: a notebook to try in. */

import { mkdir, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { OWN_TYPE } from './cells';

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
