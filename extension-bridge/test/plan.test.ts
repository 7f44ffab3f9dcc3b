/** What a plan does to any notebook: exactly the declared ghosts, and not one cell of the user's. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Cell, disturbs, form, givenBack, isEmpty, movedTo, type Plan, plan, summary, type Wanted } from '../src/plan';
import type { Ghost } from '../src/protocol';
import { runs } from './properties';

const IDS = ['g1', 'g2', 'g3', 'g4', 'g5'];

const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '😀'), maxLength: 6 });
const ghost: fc.Arbitrary<Ghost> = fc.record({
  id: fc.constantFrom(...IDS),
  kind: fc.constantFrom(1 as const, 2 as const),
  languageId: fc.constant('shellscript'),
  text,
  source: fc.constant('memory'),
});
const wantedGhosts = fc.uniqueArray(ghost, { selector: (one) => one.id, maxLength: 4 });

const cellKinds = fc.record({
  kind: fc.constantFrom(1 as const, 2 as const),
  text,
  ghost: fc.option(fc.constantFrom(...IDS), { nil: undefined, freq: 1 }),
  held: fc.boolean(),
});
/** Cells in any order: the user's, ghosts (some twice, as after a paste), and ghosts that have the focus. */
const cells: fc.Arbitrary<Cell[]> = fc.array(cellKinds, { maxLength: 8 }).map((made) => {
  const held = new Set<string>();
  return made.map((one, index): Cell => {
    const id = one.ghost;
    const isHeld = id !== undefined && one.held && !held.has(id);
    if (isHeld) {
      held.add(id);
    }
    return {
      uri: `cell${String(index)}`,
      kind: one.kind,
      text: one.text,
      ghost: isHeld ? undefined : id,
      held: isHeld ? id : undefined,
    };
  });
});
const situation = fc
  .record({ cells, ghosts: wantedGhosts, after: fc.option(fc.nat(8), { nil: null }) })
  .map(({ cells: list, ghosts, after }) => ({
    list,
    wanted: { ghosts, after: after === null ? null : `cell${String(after)}` } satisfies Wanted,
  }));

function applied(list: readonly Cell[], todo: Plan): Cell[] {
  const result = [...list];
  let below = Infinity;
  for (const { start, remove, insert } of todo.structure) {
    assert.ok(start + remove <= below, 'from the last to the first, without overlap');
    below = start;
    const made = insert.map((one): Cell => ({ uri: `new ${one.id}`, kind: one.kind, text: one.text, ghost: one.id }));
    result.splice(start, remove, ...made);
  }
  return result.map((cell) => {
    const change = todo.texts.find((one) => one.uri === cell.uri);
    return change === undefined ? cell : { ...cell, text: cell.text.slice(0, change.keep) + change.text };
  });
}

const own = (list: readonly Cell[]): Cell[] => list.filter((cell) => cell.ghost === undefined);

/** The ghosts that can be shown: those not held, and none at all where the anchor is not a cell of the user's. */
function expected(list: readonly Cell[], wanted: Wanted): Ghost[] {
  const anchored = wanted.after === null || own(list).some((cell) => cell.uri === wanted.after);
  return anchored ? wanted.ghosts.filter((one) => !list.some((cell) => cell.held === one.id)) : [];
}

test('a plan leaves every cell of the user as it was, in its order', () => {
  fc.assert(
    fc.property(situation, ({ list, wanted }) => {
      assert.deepEqual(own(applied(list, plan(list, wanted))), own(list));
    }),
    runs(3000),
  );
});

test('a plan shows exactly the declared ghosts, in their order, with their text', () => {
  fc.assert(
    fc.property(situation, ({ list, wanted }) => {
      const shown = applied(list, plan(list, wanted)).filter((cell) => cell.ghost !== undefined);
      const brief = (one: { kind: number; text: string }, id: string | undefined): unknown[] => [id, one.kind, one.text];
      const wantedNow = expected(list, wanted).map((one) => brief(one, one.id));
      assert.deepEqual(
        shown.map((cell) => brief(cell, cell.ghost)).toSorted(),
        wantedNow.toSorted(),
      );
      const neverHeld = !list.some((cell) => cell.held !== undefined);
      if (neverHeld) {
        assert.deepEqual(shown.map((cell) => cell.ghost), expected(list, wanted).map((one) => one.id));
      }
    }),
    runs(3000),
  );
});

test('ghosts stand directly below their anchor', () => {
  fc.assert(
    fc.property(situation, ({ list, wanted }) => {
      const after = applied(list, plan(list, wanted));
      const count = expected(list, wanted).length;
      if (count === 0 || list.some((cell) => cell.held !== undefined)) {
        return;
      }
      const anchor = wanted.after === null ? -1 : after.findIndex((cell) => cell.uri === wanted.after);
      assert.ok(after.slice(anchor + 1, anchor + 1 + count).every((cell) => cell.ghost !== undefined));
    }),
    runs(1000),
  );
});

test('a ghost below one that has the focus stays below it', () => {
  const list: Cell[] = [
    { uri: 'a', kind: 2, text: 'x', ghost: undefined },
    { uri: 'b', kind: 2, text: 'one', ghost: undefined, held: 'g1' },
    { uri: 'c', kind: 2, text: 'two', ghost: 'g2' },
  ];
  const two = (id: string, it: string): Ghost => ({ id, kind: 2, languageId: 'shellscript', text: it, source: 'memory' });
  assert.ok(isEmpty(plan(list, { after: 'a', ghosts: [two('g1', 'longer one'), two('g2', 'two')] })));
});

test('what a plan has done it does not do again', () => {
  fc.assert(
    fc.property(situation, ({ list, wanted }) => {
      assert.ok(isEmpty(plan(applied(list, plan(list, wanted)), wanted)));
    }),
    runs(1000),
  );
});

test('a text that grows is edited in place and only at its end', () => {
  const list: Cell[] = [
    { uri: 'a', kind: 2, text: '', ghost: undefined },
    { uri: 'b', kind: 2, text: 'kubectl get', ghost: 'g1' },
  ];
  const grown: Ghost = { id: 'g1', kind: 2, languageId: 'shellscript', text: 'kubectl get pods', source: 'model' };
  assert.deepEqual(plan(list, { after: 'a', ghosts: [grown] }), {
    structure: [],
    texts: [{ uri: 'b', keep: 11, text: ' pods' }],
  });
});

test('the selection is put back on the cell that it was on', () => {
  fc.assert(
    fc.property(situation, fc.nat(7), ({ list, wanted }, index) => {
      const cell = list[index];
      if (cell === undefined) {
        return;
      }
      const todo = plan(list, wanted);
      const moved = movedTo(index, todo.structure);
      const after = applied(list, todo);
      assert.equal(moved === undefined ? undefined : after[moved]?.uri, after.find((one) => one.uri === cell.uri)?.uri);
      if (!disturbs(index, todo.structure)) {
        assert.equal(moved, index);
      }
    }),
    runs(2000),
  );
});

test('a selection on a cell that was just inserted goes to the next that was there; any other stays', () => {
  const inserted = new Set(['a', 'b']);
  assert.equal(givenBack(1, ['x', 'a', 'b', undefined, 'y'], inserted), 3);
  assert.equal(givenBack(0, ['x', 'a'], inserted), undefined);
  assert.equal(givenBack(3, ['x', 'a', 'b', undefined], inserted), undefined);
  assert.equal(givenBack(1, ['x', 'a'], inserted), undefined, 'there is none');
});

test('a clean foreign notebook and one that saves by itself get a preview', () => {
  const base = { ours: false, dirty: true, autoSave: false, readOnly: false, undone: false };
  assert.equal(form(base), 'cell');
  assert.equal(form({ ...base, dirty: false }), 'preview');
  assert.equal(form({ ...base, autoSave: true }), 'preview');
  assert.equal(form({ ...base, ours: true, dirty: false, autoSave: true }), 'cell');
  assert.equal(form({ ...base, ours: true, readOnly: true }), 'preview');
  assert.equal(form({ ...base, ours: true, undone: true }), 'preview', 'a new cell would leave nothing to redo');
});

test('a preview says the first line and how many more there are', () => {
  const one = (it: string): Ghost => ({ id: 'g', kind: 2, languageId: 'shellscript', text: it, source: 'memory' });
  assert.equal(summary([one('ls -la')]), 'ls -la');
  assert.equal(summary([one('\ncd /tmp\nls\n')]), 'cd /tmp  +1 line');
  assert.equal(summary([one('a\nb'), one('c')]), 'a  +2 lines');
});
