/**
 * Where the user's focus is, told to the daemon once for each move, and what follows where it is on a ghost.
 *
 * A move counts when it has settled: events come in pairs of which the first is out of date, and arrow keys that are held down
 * pass over cells. While the bridge edits, selections jump by themselves; they are looked at when it is done.
 */

import * as vscode from 'vscode';
import type { Book } from './book';
import type { Books } from './books';
import { focusedCell, uriOf } from './cells';
import type { Daemon } from './daemon';
import { record } from './record';

/** Longer than a key that is held down takes to repeat, which is 33 ms on most systems. */
const SETTLE_MS = 40;
/**
 * An editor that has just come up says first that its first cell is selected, and then, by an event, which one is. A second
 * editor on a notebook takes over the selection of the first, so that its event comes for certain, if late.
 */
const ARRIVE_MS = 400;
const SPLIT_MS = 2000;

interface Place {
  readonly notebook: string;
  readonly cell: string | null;
}

/** An acceptance, with the text that the cell had at that moment. */
export interface Accepted {
  readonly id: string;
  readonly text: string;
}

const same = (one: Place | undefined, other: Place | undefined): boolean =>
  one?.notebook === other?.notebook && one?.cell === other?.cell;

export class Focus implements vscode.Disposable {
  private reported: Place | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly known = new WeakSet<vscode.NotebookEditor>();
  private arriving = 0;
  private readonly subscriptions: vscode.Disposable[] = [];

  constructor(
    private readonly books: Books,
    private readonly daemon: Daemon,
    private readonly moved: (book: Book | undefined, accepted: Accepted | undefined) => void,
  ) {
    const look = (): void => {
      this.look();
    };
    this.subscriptions.push(
      vscode.window.onDidChangeNotebookEditorSelection(({ notebookEditor }) => {
        if (this.known.has(notebookEditor)) {
          this.arriving = 0;
        }
        this.look();
      }),
      vscode.window.onDidChangeActiveNotebookEditor(look),
    );
  }

  /** Look at where the focus is as soon as it has settled. */
  look(): void {
    const editor = vscode.window.activeNotebookEditor;
    if (editor !== undefined && !this.known.has(editor)) {
      this.known.add(editor);
      this.arriving = Date.now() + (this.isSecond(editor) ? SPLIT_MS : ARRIVE_MS);
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => {
        void this.settled();
      },
      Math.max(SETTLE_MS, this.arriving - Date.now()),
    );
  }

  private isSecond(editor: vscode.NotebookEditor): boolean {
    return vscode.window.visibleNotebookEditors.some((one) => one !== editor && one.notebook === editor.notebook);
  }

  /** The daemon is a new one: it is told again. */
  reset(): void {
    this.reported = undefined;
    this.look();
  }

  /** Reports now, so that a request that depends on it can follow. */
  async now(): Promise<void> {
    clearTimeout(this.timer);
    await this.settled();
  }

  private async settled(): Promise<void> {
    const editor = vscode.window.activeNotebookEditor;
    const book = editor === undefined ? undefined : this.books.of(editor.notebook);
    if (book?.busy === true) {
      return; // `idle` of the book looks again.
    }
    const cell = focusedCell(editor);
    const place = this.place(book, cell);
    if (place === undefined || same(place, this.reported) || !this.daemon.running) {
      this.moved(book, undefined);
      return;
    }
    this.reported = place;
    const ghost = book !== undefined && cell !== undefined ? book.ghostId(cell) : undefined;
    await this.report(place, book, ghost);
  }

  private place(book: Book | undefined, cell: vscode.NotebookCell | undefined): Place | undefined {
    if (book !== undefined && cell !== undefined) {
      return { notebook: book.uri, cell: uriOf(cell) };
    }
    const left = this.reported?.notebook;
    return left === undefined || this.books.at(left) === undefined ? undefined : { notebook: left, cell: null };
  }

  private async report(place: Place, book: Book | undefined, ghost: string | undefined): Promise<void> {
    const text = ghost === undefined ? undefined : book?.cellOf(ghost)?.document.getText();
    if (ghost !== undefined) {
      book?.ledger.claim(ghost);
    }
    record('focus', { ...place, ghost });
    this.moved(book, undefined);
    try {
      const params = { notebook: { uri: place.notebook }, cell: place.cell };
      const result = await this.daemon.request('ghostcells/focus', params);
      record('focused', { ...place, ...result });
      if (ghost !== undefined) {
        await book?.acceptance.makeReal(ghost);
      }
      this.moved(book, ghost !== undefined && text !== undefined && result.accepted.includes(ghost) ? { id: ghost, text } : undefined);
    } catch (error) {
      record('focus-failed', { ...place, error: String(error) });
      this.failed(place, book, ghost);
    }
  }

  /** What could not be written down did not happen: the ghost is one still. Without a daemon it is simply the user's cell. */
  private failed(place: Place, book: Book | undefined, ghost: string | undefined): void {
    if (same(this.reported, place)) {
      this.reported = undefined;
    }
    if (ghost === undefined || book === undefined) {
      return;
    }
    if (this.daemon.running) {
      book.ledger.release(ghost);
      this.moved(book, undefined);
    } else {
      void book.acceptance.makeReal(ghost);
    }
  }

  closed(notebook: string): void {
    if (this.reported?.notebook === notebook) {
      this.reported = undefined;
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const one of this.subscriptions) {
      one.dispose();
    }
  }
}
