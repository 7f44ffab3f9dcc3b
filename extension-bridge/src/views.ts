/** Which ghosts the user can see, told to the daemon whenever that changes: it counts how long each was read. */

import * as vscode from 'vscode';
import type { Book } from './book';
import type { Books } from './books';
import { uriOf } from './cells';
import type { Daemon } from './daemon';

const WAIT_MS = 50;

export class Views implements vscode.Disposable {
  private timer: NodeJS.Timeout | undefined;
  private readonly told = new Map<string, string>();
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly books: Books,
    private readonly daemon: Daemon,
    private readonly changed: () => void,
  ) {
    const look = (): void => {
      this.look();
    };
    this.subscriptions = [
      vscode.window.onDidChangeNotebookEditorVisibleRanges(look),
      vscode.window.onDidChangeVisibleNotebookEditors(look),
    ];
  }

  look(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.tell();
    }, WAIT_MS);
  }

  reset(): void {
    this.told.clear();
    this.look();
  }

  private tell(): void {
    this.changed();
    for (const book of this.books) {
      const ids = visible(book);
      const now = `${book.form} ${ids.join(' ')}`;
      const before = this.told.get(book.uri);
      if (before !== now && (before !== undefined || ids.length > 0)) {
        this.told.set(book.uri, now);
        this.daemon.visible({ notebook: { uri: book.uri }, ids, form: book.form });
      }
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const one of this.subscriptions) {
      one.dispose();
    }
  }
}

/** The ids of the ghosts of a notebook that are in some editor's view, as cells or below their anchor. */
export function visible(book: Book): string[] {
  const ranges = vscode.window.visibleNotebookEditors
    .filter((editor) => editor.notebook === book.notebook)
    .flatMap((editor) => editor.visibleRanges);
  const inView = (cell: vscode.NotebookCell): boolean =>
    ranges.some((range) => range.start <= cell.index && cell.index < range.end);
  const previewed = book.previewed;
  if (previewed.length > 0) {
    const anchor = book.notebook.getCells().find((cell) => uriOf(cell) === book.ledger.wanted.after);
    return anchor !== undefined && inView(anchor) ? previewed.map((ghost) => ghost.id) : [];
  }
  return book.ghostCells.filter(inView).flatMap((cell) => book.ghostId(cell) ?? []);
}
