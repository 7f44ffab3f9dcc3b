/** What the user can ask for: by key, from the palette, from the status bar's menu. */

import * as vscode from 'vscode';
import type { Book } from './book';
import type { Bridge } from './bridge';
import { select, uriOf } from './cells';
import { install, offerInstall } from './install';
import { showMenu } from './menu';
import { record } from './record';
import { openTour } from './tour';

export function registerCommands(bridge: Bridge): vscode.Disposable[] {
  const { daemon, context, reports, runbooks } = bridge;
  const storage = context.globalStorageUri;
  const commands: Record<string, (argument?: unknown) => unknown> = {
    suggest: () => suggest(bridge),
    accept: () => accept(bridge),
    dismiss: () => dismiss(bridge),
    cycleNext: () => cycle(bridge, 1),
    cyclePrevious: () => cycle(bridge, -1),
    undoAccept: (how) => bridge.undo.run((how as { edits?: boolean } | undefined)?.edits === true),
    undo: () => step(bridge, 'undo'),
    redo: () => step(bridge, 'redo'),
    menu: () => showMenu(bridge),
    showLog: () => {
      daemon.log.show(true);
    },
    showTrace: () => reports.trace(),
    showSent: () => reports.sent(),
    showCost: () => reports.cost(),
    showLearning: () => reports.learning(),
    showExamples: () => reports.examples(),
    openDashboard: () => bridge.dashboard.open(),
    install: () => install(storage, daemon),
    tour: () => openTour(storage),
    learn: () => runbooks.learnChosen(),
    learnWorkspace: () => runbooks.learnWorkspace(),
    restart: () => daemon.restart(),
  };
  return Object.entries(commands).map(([name, run]) =>
    vscode.commands.registerCommand(`ghostcells.${name}`, async (argument?: unknown) => {
      try {
        await run(argument);
      } catch (error) {
        complain(bridge, name, error);
      }
    }),
  );
}

function complain(bridge: Bridge, command: string, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  bridge.log(`${command}: ${message}`);
  record('command-failed', { command, message });
  if (bridge.daemon.running) {
    void vscode.window.setStatusBarMessage(`Ghostcells: ${message}`, 5000);
  } else if (bridge.status.needsInstall) {
    void offerInstall(bridge.context, bridge.daemon);
  } else {
    void vscode.window.showWarningMessage(`Ghostcells: ${bridge.status.summary.why || message}`, 'Show the Log').then((choice) => {
      if (choice !== undefined) {
        bridge.daemon.log.show(true);
      }
    });
  }
}

async function suggest(bridge: Bridge): Promise<void> {
  const book = bridge.books.active;
  const cell = book?.focused();
  if (book !== undefined && cell !== undefined) {
    await bridge.focus.now();
    await bridge.daemon.request('ghostcells/suggest', { notebook: { uri: book.uri }, cell: uriOf(cell) });
  }
}

/** Moves to the first ghost, which accepts it; a preview becomes a cell first. */
async function accept(bridge: Bridge): Promise<void> {
  const book = bridge.books.active;
  const editor = vscode.window.activeNotebookEditor;
  if (book === undefined || editor?.notebook !== book.notebook) {
    return;
  }
  const cell = await target(book);
  if (cell !== undefined) {
    select(editor, cell.index);
    editor.revealRange(new vscode.NotebookRange(cell.index, cell.index + 1), vscode.NotebookEditorRevealType.Default);
    if (cell.kind === vscode.NotebookCellKind.Code) {
      await vscode.commands.executeCommand('notebook.cell.edit');
    }
  }
}

async function target(book: Book): Promise<vscode.NotebookCell | undefined> {
  const preview = book.previewed[0];
  return preview === undefined ? book.ghostCells[0] : await book.materialise(preview);
}

async function dismiss(bridge: Bridge): Promise<void> {
  const book = bridge.books.active;
  if (book !== undefined) {
    record('dismiss', { notebook: book.uri });
    await bridge.daemon.request('ghostcells/dismiss', { notebook: { uri: book.uri } });
  }
}

async function step(bridge: Bridge, command: 'undo' | 'redo'): Promise<void> {
  const book = bridge.books.active;
  await (book === undefined ? vscode.commands.executeCommand(command) : bridge.undo.step(book, command));
}

async function cycle(bridge: Bridge, step: 1 | -1): Promise<void> {
  const book = bridge.books.active;
  if (book === undefined) {
    return;
  }
  const { index, count } = await bridge.daemon.request('ghostcells/cycle', { notebook: { uri: book.uri }, step });
  record('cycled', { notebook: book.uri, index, count });
  const said = count > 1 ? `suggestion ${String(index + 1)} of ${String(count)}` : 'no other suggestion';
  void vscode.window.setStatusBarMessage(`$(sparkle) ${said}`, 3000);
}
