/**
 * Which ids are ghosts in one notebook: what was published, what the user took. Imports no vscode.
 *
 * The id decides. The flag in a cell's metadata is a hint that other extensions write back when it is out of date; it counts
 * only for ids that are unknown here, which makes such a cell a leak.
 */

import { GHOST_LANGUAGE, NOTHING, type Wanted } from './plan';
import type { Ghost, PublishGhosts } from './protocol';

/** What a cell says of itself. */
export interface Marks {
  readonly id: string | undefined;
  readonly flagged: boolean;
  readonly language: string;
}

export class Ledger {
  private readonly issued = new Map<string, Ghost>();
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

  isWanted(id: string): boolean {
    return this.list.ghosts.some((ghost) => ghost.id === id);
  }

  ghost(id: string): Ghost | undefined {
    return this.issued.get(id);
  }

  /** The id under which a cell is a ghost: suggested in this window and not taken. */
  ghostId(marks: Marks): string | undefined {
    return marks.id !== undefined && !this.taken.has(marks.id) && this.issued.has(marks.id) ? marks.id : undefined;
  }

  /** A cell that looks like a ghost and was suggested by nobody here: from a file, or pasted from another window. */
  isLeak(marks: Marks): boolean {
    if (this.isTaken(marks.id) || (marks.id !== undefined && this.issued.has(marks.id))) {
      return false;
    }
    return marks.flagged || marks.language === GHOST_LANGUAGE;
  }
}
