/** Ctrl+Z right after an acceptance gives the ghost back: the notebook's own undo would take the whole cell away. */

import * as vscode from 'vscode';
import type { Book } from './book';
import { select, uriOf } from './cells';
import type { Daemon } from './daemon';
import { record } from './record';

export class Undo {
  private last: { book: Book; id: string; cell: string } | undefined;

  constructor(
    private readonly daemon: Daemon,
    private readonly available: (value: boolean) => void,
  ) {}

  accepted(book: Book, id: string): void {
    const cell = book.cellOf(id);
    this.last = cell === undefined ? undefined : { book, id, cell: uriOf(cell) };
    this.available(this.last !== undefined);
  }

  /** Something else has become the last change. */
  typed(): void {
    this.last = undefined;
    this.available(false);
  }

  moved(book: Book | undefined): void {
    const cell = book?.focused();
    if (this.last !== undefined && (cell === undefined || uriOf(cell) !== this.last.cell)) {
      this.typed();
    }
  }

  forget(notebook: string): void {
    if (this.last?.book.uri === notebook) {
      this.typed();
    }
  }

  /** Makes the accepted cell a ghost again, in place, with the focus on the cell above it. */
  async run(): Promise<void> {
    const { last } = this;
    if (last === undefined) {
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
      select(editor, cell.index - 1);
    }
    await book.makeGhost(id);
    book.show();
  }
}
