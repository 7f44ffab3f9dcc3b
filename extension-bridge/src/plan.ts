/**
 * What has to change in a notebook so that it shows what the daemon has published: a pure function of cells and ghosts.
 *
 * It decides about positions, texts and forms. Carrying edits out, and telling what the user did, is left to others; nothing
 * here knows of the editor.
 */

import type { Ghost } from './protocol';

/** The language of a code cell while it is a ghost: registered, so that kernels which declare their languages skip it. */
export const GHOST_LANGUAGE = 'ghostcell';

/** A cell as the notebook has it. `ghost` is the id under which it is a ghost now; a user's cell has none. */
export interface Cell {
  readonly uri: string;
  readonly kind: 1 | 2;
  readonly text: string;
  readonly ghost: string | undefined;
  /** The id of a ghost that the user has put the focus on, which makes it the user's before the daemon has said so. */
  readonly held?: string | undefined;
}

/** The part of a publish that says what is to be shown, and where. */
export interface Wanted {
  readonly after: string | null;
  readonly ghosts: readonly Ghost[];
}

/** Replaces `remove` cells from `start` on by new cells with these ghosts; indexes are those before the plan. */
export interface Replacement {
  readonly start: number;
  readonly remove: number;
  readonly insert: readonly Ghost[];
}

/** Replaces everything in a ghost's cell after its first `keep` UTF-16 units. */
export interface TextChange {
  readonly uri: string;
  readonly keep: number;
  readonly text: string;
}

/** `structure` is ordered from the last cell to the first, so that every index holds when its turn comes. */
export interface Plan {
  readonly structure: readonly Replacement[];
  readonly texts: readonly TextChange[];
}

export const NOTHING: Wanted = { after: null, ghosts: [] };

/** The edits after which exactly the wanted ghosts stand where they are wanted, and every other cell is as it was. */
export function plan(cells: readonly Cell[], wanted: Wanted): Plan {
  const places = placed(cells, wanted);
  const structure: Replacement[] = [];
  const texts: TextChange[] = [];
  let gap: Cell[] = [];
  for (let index = 0; index <= cells.length; index++) {
    const cell = cells[index];
    if (cell?.ghost !== undefined) {
      gap.push(cell);
      continue;
    }
    fill(gap, index - gap.length, places.get(index) ?? [], structure, texts);
    gap = [];
  }
  return { structure: structure.reverse(), texts };
}

export function isEmpty(it: Plan): boolean {
  return it.structure.length === 0 && it.texts.length === 0;
}

/** For each index of a cell of the user's (or the end): the ghosts that have to stand right above it. */
function placed(cells: readonly Cell[], wanted: Wanted): Map<number, Ghost[]> {
  const places = new Map<number, Ghost[]>();
  let cursor = wanted.after === null ? -1 : cells.findIndex((cell) => cell.uri === wanted.after && cell.ghost === undefined);
  if (cursor < 0 && wanted.after !== null) {
    return places; // The anchor is gone; the daemon will say so, and these ghosts belong nowhere until then.
  }
  const seen = new Set<string>();
  for (const ghost of wanted.ghosts) {
    if (seen.has(ghost.id)) {
      continue;
    }
    seen.add(ghost.id);
    const held = cells.findIndex((cell) => cell.held === ghost.id);
    if (held >= 0) {
      cursor = Math.max(cursor, held); // It is the user's already; what follows it stays below it.
      continue;
    }
    const next = nextOwn(cells, cursor + 1);
    places.set(next, [...(places.get(next) ?? []), ghost]);
  }
  return places;
}

function nextOwn(cells: readonly Cell[], from: number): number {
  const found = cells.findIndex((cell, index) => index >= from && cell.ghost === undefined);
  return found < 0 ? cells.length : found;
}

/** Makes the ghosts in one gap between cells of the user's the wanted ones; cells that fit stay and are edited in place. */
function fill(gap: readonly Cell[], start: number, wanted: readonly Ghost[], structure: Replacement[], texts: TextChange[]): void {
  const kept = common(gap, wanted);
  let from = 0;
  let next = 0;
  for (const [at, which] of [...kept, [gap.length, wanted.length] as const]) {
    const insert = wanted.slice(next, which);
    if (at > from || insert.length > 0) {
      structure.push({ start: start + from, remove: at - from, insert });
    }
    const cell = gap[at];
    const ghost = wanted[which];
    if (cell !== undefined && ghost !== undefined && cell.text !== ghost.text) {
      const keep = commonPrefix(cell.text, ghost.text);
      texts.push({ uri: cell.uri, keep, text: ghost.text.slice(keep) });
    }
    from = at + 1;
    next = which + 1;
  }
}

/** The longest run of pairs [index in gap, index in wanted] in order that can stay, by id and kind. */
function common(gap: readonly Cell[], wanted: readonly Ghost[]): [number, number][] {
  const best: [number, number][][] = [];
  let longest: [number, number][] = [];
  for (const [at, cell] of gap.entries()) {
    const which = wanted.findIndex((ghost) => ghost.id === cell.ghost && ghost.kind === cell.kind);
    let chain: [number, number][] = [];
    if (which >= 0) {
      for (const one of best) {
        const last = one.at(-1);
        if (last !== undefined && last[1] < which && one.length > chain.length) {
          chain = one;
        }
      }
      chain = [...chain, [at, which]];
      best.push(chain);
    }
    longest = chain.length > longest.length ? chain : longest;
  }
  return longest;
}

/** UTF-16 units that both texts begin with; a surrogate pair is not cut. */
function commonPrefix(one: string, other: string): number {
  let length = 0;
  while (length < one.length && length < other.length && one[length] === other[length]) {
    length++;
  }
  const last = length > 0 ? one.charCodeAt(length - 1) : 0;
  return last >= 0xd800 && last < 0xdc00 ? length - 1 : length;
}

/** Where the cell that was at `index` stands after the plan; undefined if the plan removes it. */
export function movedTo(index: number, structure: readonly Replacement[]): number | undefined {
  let shift = 0;
  for (const { start, remove, insert } of structure) {
    if (index >= start + remove) {
      shift += insert.length - remove;
    } else if (index >= start) {
      return undefined;
    }
  }
  return index + shift;
}

/** Whether the editor can lose the selected cell: it keeps an index, and this plan changes cells at or above it. */
export function disturbs(index: number, structure: readonly Replacement[]): boolean {
  return structure.some(({ start }) => start <= index);
}

/** Where a selection belongs that is on a cell that has just been inserted: on the next below that was there before. */
export function givenBack(index: number, ids: readonly (string | undefined)[], inserted: ReadonlySet<string>): number | undefined {
  const isNew = (id: string | undefined): boolean => id !== undefined && inserted.has(id);
  const next = ids.findIndex((id, at) => at > index && !isNew(id));
  return isNew(ids[index]) && next >= 0 ? next : undefined;
}

/** What decides between a real cell and a preview. */
export interface Surroundings {
  /** A notebook type whose serializer leaves ghosts out. */
  readonly ours: boolean;
  readonly dirty: boolean;
  readonly autoSave: boolean;
  readonly readOnly: boolean;
  /** The last step was an undo, and a new cell would leave nothing to redo. */
  readonly undone: boolean;
}

/** A real cell would make a clean notebook dirty, and an automatic save would take it away again: there it is a preview. */
export function form(it: Surroundings): 'cell' | 'preview' {
  if (it.readOnly || it.undone) {
    return 'preview';
  }
  return it.ours || (it.dirty && !it.autoSave) ? 'cell' : 'preview';
}

/** First line and size of what is suggested, for the line below the anchor. */
export function summary(ghosts: readonly Ghost[]): string {
  const lines = ghosts.flatMap((ghost) => ghost.text.split('\n'));
  const first = lines.findIndex((line) => line.trim() !== '');
  const line = (lines[first] ?? '').trim();
  const more = lines.slice(first + 1).filter((one) => one.trim() !== '').length;
  const shown = line.length > 80 ? `${line.slice(0, 79)}…` : line;
  return more === 0 ? shown : `${shown}  +${String(more)} ${more === 1 ? 'line' : 'lines'}`;
}
