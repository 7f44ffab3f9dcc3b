// Back and forth through everything that was done in a notebook: what is the user's is whole in the end, and a ghost is never taken for it.
import assert from 'node:assert/strict';
import { CONTEXTS_MS } from './accepting.mjs';
import { isGhost, MARKUP, pause, until } from './editor.mjs';

/** More steps than any scene takes. */
const STEPS = 6;
const BETWEEN_MS = 60;

export const texts = async (notebook) => (await notebook.own()).map((cell) => cell.text);

/** Every cell that calls itself a ghost is one: grey, or gone soon. */
export async function honest(notebook) {
  await until(async () => {
    const cells = await notebook.cells();
    const drawn = await Promise.all(cells.map(async (cell, index) => !isGhost(cell) || cell.kind === MARKUP || (await notebook.drawn(index)).grey));
    return drawn.every(Boolean);
  }, 'ghosts to be drawn as ghosts', 15_000);
}

/** Undoes all steps in command mode, and redoes them: the cells of the user's are then those of before. */
export async function backAndForth(notebook) {
  const { editor } = notebook;
  const before = await texts(notebook);
  await editor.execute('notebook.cell.quitEdit'); // In command mode the notebook's own steps are undone, else the text's.
  await pause(CONTEXTS_MS);
  for (let step = 0; step < STEPS; step++) {
    await editor.press('Control+z');
    await pause(BETWEEN_MS);
  }
  await honest(notebook);
  for (let step = 0; step < 2 * STEPS; step++) {
    await editor.press('Control+Shift+z');
    await pause(BETWEEN_MS);
  }
  let seen;
  await until(async () => {
    seen = await texts(notebook);
    return JSON.stringify(seen) === JSON.stringify(before);
  }, () => `the cells ${JSON.stringify(before)}; there are ${JSON.stringify(seen)}`, 15_000);
  await honest(notebook);
}

/** Saves the notebook: the file has all that is the user's, and nothing of ours. */
export async function saved(notebook) {
  const own = await texts(notebook);
  await notebook.editor.press('Control+s');
  await until(async () => !(await notebook.state()).dirty, 'the save');
  const file = notebook.editor.bench.read(notebook.uri.split('/').at(-1));
  assert.doesNotMatch(file, /ghost/);
  for (const text of own) {
    assert.ok(file.includes(text.split('\n')[0]), `${text} in ${file}`);
  }
}
