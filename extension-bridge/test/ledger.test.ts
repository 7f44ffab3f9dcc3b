/** Which cells are ghosts: the id decides, and the newest publish says which ids. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ledger } from '../src/ledger';
import type { Ghost, PublishGhosts } from '../src/protocol';

const ghost = (id: string): Ghost => ({ id, kind: 2, languageId: 'shellscript', text: 'ls', source: 'memory' });

function publish(revision: number, ids: string[], more: Partial<PublishGhosts> = {}): PublishGhosts {
  return {
    epoch: 'E1',
    notebook: { uri: 'n', version: 1 },
    session: 's',
    revision,
    after: 'a',
    ghosts: ids.map(ghost),
    accepted: [],
    final: true,
    candidates: { index: 0, count: 1 },
    ...more,
  };
}

const marks = (id: string | undefined, flagged = true, language = 'ghostcell', uri = `cell ${String(id)}`) => ({ uri, id, flagged, language });

test('a publish that is not newer changes nothing, unless the daemon is a new one', () => {
  const ledger = new Ledger();
  assert.ok(ledger.take(publish(4, ['g1'])));
  assert.ok(!ledger.take(publish(4, ['g2'])));
  assert.ok(!ledger.take(publish(3, [])));
  assert.deepEqual(ledger.wanted.ghosts.map((one) => one.id), ['g1']);
  assert.ok(ledger.take(publish(1, ['g3'], { epoch: 'E2' })));
  assert.deepEqual(ledger.wanted.ghosts.map((one) => one.id), ['g3']);
});

/** A ledger of one ghost, and of the cell that was inserted for it. */
function inserted(): Ledger {
  const ledger = new Ledger();
  ledger.take(publish(1, ['g1']));
  ledger.expect(['g1']);
  ledger.added(marks('g1'));
  return ledger;
}

test('an accepted cell is no ghost, whatever its metadata says', () => {
  const ledger = inserted();
  assert.equal(ledger.ghostId('cell g1'), 'g1');
  ledger.take(publish(2, [], { accepted: ['g1'] }));
  assert.equal(ledger.ghostId('cell g1'), undefined);
  assert.ok(!ledger.isLeak(marks('g1', true)));
});

test('an acceptance that is undone makes it a ghost again', () => {
  const ledger = inserted();
  ledger.claim('g1');
  assert.equal(ledger.ghostId('cell g1'), undefined);
  ledger.release('g1');
  assert.equal(ledger.ghostId('cell g1'), 'g1');
});

test('a cell is a ghost because it was inserted for one, not because its metadata says so', () => {
  const ledger = inserted();
  const copy = marks('g1', true, 'python', 'of the user');
  ledger.added(copy);
  assert.equal(ledger.ghostId(copy.uri), undefined);
  assert.ok(!ledger.isLeak(copy), 'it is not taken away');
  assert.ok(ledger.isMistaken(copy), 'it is put right');
  assert.ok(!ledger.isMistaken(marks('g1')));
  assert.ok(ledger.isLeak(marks('g1', true, 'ghostcell', 'a copy of the ghost')));
});

test('a cell that looks like a ghost and was inserted by nobody here is a leak', () => {
  const ledger = inserted();
  assert.ok(ledger.isLeak(marks('unknown')));
  assert.ok(ledger.isLeak(marks('unknown', true, 'markdown')));
  assert.ok(ledger.isLeak(marks(undefined, false)));
  assert.ok(!ledger.isLeak(marks('unknown', false, 'python')));
  assert.ok(!ledger.isLeak(marks('g1')));
});

test('what was withdrawn is not wanted until the daemon publishes again', () => {
  const ledger = new Ledger();
  ledger.take(publish(1, ['g1']));
  ledger.withdraw();
  assert.deepEqual(ledger.wanted.ghosts, []);
  assert.ok(ledger.take(publish(2, ['g1'])));
  assert.equal(ledger.wanted.ghosts.length, 1);
});
