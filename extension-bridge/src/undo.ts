/**
 * Undo, where ghosts are in the way of it. Right after an acceptance it gives the ghost back: the notebook's own undo would take
 * the whole cell away. And in command mode it passes over the steps that were ours alone: in which ghosts came and went.
 */

import * as vscode from 'vscode';
import type { Book } from './book';
import { select, uriOf } from './cells';
import type { Daemon } from './daemon';
import { record } from './record';

/** More suggestions than this do not come and go between two steps of a user. */
const MOST_STEPS = 100;

export class Undo {
  private last: { book: Book; id: string; cell: vscode.NotebookCell; text: string } | undefined;

  constructor(
    private readonly daemon: Daemon,
    private readonly available: (value: boolean) => void,
  ) {}

  /** `text` is the cell's at that moment; what was typed since is not for this undo to take away. */
  accepted(book: Book, id: string, text: string): void {
    const cell = book.cellOf(id);
    this.last = cell?.document.getText() === text ? { book, id, cell, text } : undefined;
    this.available(this.last !== undefined);
  }

  /** Something else has become the last change. */
  typed(): void {
    this.last = undefined;
    this.available(false);
  }

  moved(book: Book | undefined): void {
    const cell = book?.focused();
    if (this.last !== undefined && cell !== this.last.cell) {
      this.typed();
    }
  }

  forget(notebook: string): void {
    if (this.last?.book.uri === notebook) {
      this.typed();
    }
  }

  /** Undoes or redoes the last step of the user's: those of ours are passed over. */
  async step(book: Book, command: 'undo' | 'redo'): Promise<void> {
    await book.step(() => this.pass(book, command));
  }

  private async pass(book: Book, command: 'undo' | 'redo'): Promise<void> {
    for (let count = 0; count < MOST_STEPS; count++) {
      const touched = new Set<boolean>();
      const look = (cells: readonly vscode.NotebookCell[], comes: boolean): void => {
        cells.forEach((cell) => touched.add(book.ledger.isOurStep(uriOf(cell), comes, command)));
      };
      const listening = vscode.workspace.onDidChangeNotebookDocument((change) => {
        if (change.notebook === book.notebook) {
          for (const { addedCells, removedCells } of change.contentChanges) {
            look(addedCells, true);
            look(removedCells, false);
          }
        }
      });
      try {
        await vscode.commands.executeCommand(command);
      } finally {
        listening.dispose();
      }
      if (touched.size === 0 || touched.has(false)) {
        return;
      }
    }
  }

  /** Makes the accepted cell a ghost again, in place, with the focus on the cell above it: in its text, if the user edits. */
  async run(edits: boolean): Promise<void> {
    const { last } = this;
    if (last === undefined || last.cell.document.getText() !== last.text) {
      await vscode.commands.executeCommand('undo');
      return;
    }
    this.typed();
    const { book, id } = last;
    const { restored } = await this.daemon.request('ghostcells/restore', { notebook: { uri: book.uri }, id });
    record('restored', { notebook: book.uri, id, restored });
    if (!restored) {
      return;
    }
    const cell = book.cellOf(id);
    const editor = vscode.window.activeNotebookEditor;
    if (cell !== undefined && cell.index > 0 && editor?.notebook === book.notebook) {
      if (edits) {
        await editAbove();
      } else {
        select(editor, cell.index - 1);
      }
    }
    await book.acceptance.makeGhost(id);
    book.show();
  }
}

/** Selecting a cell would leave the caret where it is, in the ghost. */
async function editAbove(): Promise<void> {
  await vscode.commands.executeCommand('notebook.focusPreviousEditor');
  await vscode.commands.executeCommand('cursorEnd');
}
