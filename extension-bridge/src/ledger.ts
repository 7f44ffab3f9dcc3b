/**
 * Which cells are ghosts in one notebook: what was published, what was inserted for it, what the user took. Imports no vscode.
 *
 * The cell decides, by its URI, which it keeps through undo and redo. What its metadata claims is a hint: other extensions write
 * it back when it is out of date, and onto other cells. It counts only where it was written by nobody here: such a cell is a leak.
 */

import { GHOST_LANGUAGE, NOTHING, type Wanted } from './plan';
import type { Ghost, PublishGhosts } from './protocol';

/** What a cell says of itself. */
export interface Marks {
  readonly uri: string;
  readonly id: string | undefined;
  readonly flagged: boolean;
  readonly language: string;
}

export class Ledger {
  private readonly issued = new Map<string, Ghost>();
  /** The cells that were inserted for ghosts: URI to id. */
  private readonly cells = new Map<string, string>();
  private readonly expected = new Set<string>();
  /** Cells of the user's that an edit of ours has removed, and the copies that were put in their places. */
  private readonly originals = new Set<string>();
  private readonly copies = new Set<string>();
  /** Accepted, or about to be: the daemon's answer is on its way. */
  private readonly taken = new Set<string>();
  private epoch = '';
  private revision = -1;
  private published: PublishGhosts | undefined;
  private list: Wanted = NOTHING;

  /** What is to be shown now. */
  get wanted(): Wanted {
    return this.list;
  }

  get candidates(): { index: number; count: number } {
    return this.published?.candidates ?? { index: 0, count: 0 };
  }

  get suggestionId(): string | undefined {
    return [...this.issued.keys()].at(-1);
  }

  /** Takes in a publish; false if it is older than what was applied. */
  take(publish: PublishGhosts): boolean {
    if (publish.epoch === this.epoch && publish.revision <= this.revision) {
      return false;
    }
    this.epoch = publish.epoch;
    this.revision = publish.revision;
    this.published = publish;
    this.list = { after: publish.after, ghosts: publish.ghosts };
    for (const ghost of publish.ghosts) {
      this.issued.delete(ghost.id);
      this.issued.set(ghost.id, ghost);
    }
    for (const id of publish.accepted) {
      this.taken.add(id);
    }
    return true;
  }

  /** The editor removes all ghosts by itself: nothing puts them back until the daemon publishes again. */
  withdraw(): void {
    this.list = NOTHING;
  }

  claim(id: string): void {
    this.taken.add(id);
  }

  release(id: string): void {
    this.taken.delete(id);
  }

  isTaken(id: string | undefined): boolean {
    return id !== undefined && this.taken.has(id);
  }

  ghost(id: string): Ghost | undefined {
    return this.issued.get(id);
  }

  /** An edit that inserts cells for these ghosts is on its way. */
  expect(ids: readonly string[]): void {
    for (const id of ids) {
      this.expected.add(id);
    }
  }

  /** A cell has come into the notebook: it is a ghost's if one was expected, and a copy or a cell of the user's if not. */
  added({ uri, id }: Marks): void {
    if (id !== undefined && this.expected.delete(id)) {
      this.cells.set(uri, id);
    }
  }

  /** The id of the ghost that a cell was inserted for, whether or not it is the user's by now. */
  idOf(uri: string): string | undefined {
    return this.cells.get(uri);
  }

  /** The id under which a cell is a ghost: inserted for it and not taken. */
  ghostId(uri: string): string | undefined {
    const id = this.cells.get(uri);
    return this.isTaken(id) ? undefined : id;
  }

  /** A cell of the user's was removed by mistake, and a copy of it put back. */
  putBack(original: string, copy: string): void {
    this.originals.add(original);
    this.copies.add(copy);
  }

  /** Whether a cell that comes or goes with an undo or redo does so by a step of ours: a ghost, or a mistake and what mended it. */
  isOurStep(uri: string, comes: boolean, command: 'undo' | 'redo'): boolean {
    const mistakes = comes === (command === 'undo') ? this.originals : this.copies;
    return this.ghostId(uri) !== undefined || mistakes.has(uri);
  }

  /** A cell that looks like a ghost and was inserted by nobody here: from a file, or pasted from another window. */
  isLeak(marks: Marks): boolean {
    if (this.cells.has(marks.uri) || this.isTaken(marks.id)) {
      return false;
    }
    return marks.language === GHOST_LANGUAGE || (marks.flagged && !this.isIssued(marks.id));
  }

  /** A cell of the user's that carries the mark of a ghost of this window, which somebody has written onto the wrong cell. */
  isMistaken(marks: Marks): boolean {
    return marks.flagged && this.isIssued(marks.id) && this.cells.get(marks.uri) !== marks.id && marks.language !== GHOST_LANGUAGE;
  }

  private isIssued(id: string | undefined): boolean {
    return id !== undefined && this.issued.has(id);
  }
}
