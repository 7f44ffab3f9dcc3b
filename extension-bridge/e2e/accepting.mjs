// The scenes that hold in every notebook alike: a ghost appears, is taken in different ways, is refused. Shared by the files
// that run them in a notebook of our own type and in a Jupyter notebook.
import assert from 'node:assert/strict';
import { isGhost, LETTERS, pause, until } from './editor.mjs';
import { AMBIGUOUS, BACKUP, DISK, LINES, UPTIME } from './memory.mjs';
import { figure } from './scenes.mjs';

/** setContext takes a while to reach the keyboard, and nobody presses a key so soon. */
export const CONTEXTS_MS = 350;

/**
 * Types an intent over the text of a cell, by its place among the user's or by URI, and waits for its ghost, as long as a person
 * does before doing something with it; the ghost's cell and its index.
 */
export async function intend(notebook, place, [text, command]) {
  const uri = typeof place === 'number' ? (await notebook.own())[place].uri : place;
  await notebook.edit(place);
  await notebook.editor.press('Control+a');
  await notebook.editor.type(text, 5);
  await until(async () => (await notebook.cells()).find((cell) => cell.uri === uri)?.text === text, 'the intent');
  for (let seen = await ghostWith(notebook, command); ; ) {
    await pause(CONTEXTS_MS);
    const now = await ghostWith(notebook, command);
    if (now.cell.uri === seen.cell.uri) {
      return now;
    }
    seen = now; // One for half of the text was there first.
  }
}

export async function ghostWith(notebook, command) {
  return await until(async () => {
    const cells = await notebook.cells();
    const index = cells.findIndex((cell) => cell.language === 'ghostcell' && cell.text === command);
    return index >= 0 && (await notebook.drawn(index)).grey ? { index, cell: cells[index] } : undefined;
  }, `the ghost of ${command}, drawn grey`);
}

/** Waits until what was typed has arrived: in this cell, whole, and nowhere else. */
async function arrived(notebook, uri, command) {
  let cell;
  await until(async () => {
    cell = (await notebook.cells()).find((one) => one.uri === uri);
    const real = cell?.language === 'shellscript' && cell.metadata.ghostcells.ghost === undefined;
    return real && cell.text.length >= command.length + LETTERS.length;
  }, () => `all letters in the accepted cell: ${JSON.stringify(cell)}`, 15_000);
  assert.ok(cell.text.includes(LETTERS), `the letters are in one piece in ${JSON.stringify(cell.text)}`);
  assert.equal(cell.text.replace(LETTERS, ''), command);
}

export const WAYS = {
  'the arrow': (notebook) => notebook.editor.press('ArrowDown'),
  'a click': (notebook, index) => notebook.row(index).locator('.view-line').first().click(),
  'the key': (notebook) => notebook.editor.press('Control+Alt+Enter'),
  Tab: (notebook) => notebook.editor.press('Tab'),
};

/** @param begin opens a notebook whose second cell is empty prose. */
export function commonScenes(scene, begin) {
  scene('an intent brings a ghost within a second of rest; focus, caret and scroll stay', async (editor, t) => {
    const notebook = await begin(editor);
    const waits = [];
    for (const task of [LINES, DISK, BACKUP]) {
      await notebook.edit(1);
      await editor.press('Control+a', 'Delete');
      await notebook.ghosts();
      const focus = await editor.focus();
      const scroll = await notebook.scroll();
      await editor.type(task[0], 5);
      const rested = Date.now();
      await notebook.drawnFirst(task[1]);
      waits.push(Date.now() - rested);
      await notebook.ghosts(task[1]);
      assert.deepEqual(await editor.focus(), focus);
      assert.deepEqual((await notebook.state()).selected, [[1, 2]]);
      assert.deepEqual(await notebook.scroll(), scroll);
      await editor.type('!');
      await until(async () => (await notebook.texts())[1] === `${task[0]}!`, 'the next key where the caret was');
    }
    assert.ok(figure(t, 'rest to ghost on the screen', waits) < 1000);
    await until(async () => /suggested cell/.test(await notebook.label(2)), 'the label');
  });

  for (const [way, take] of Object.entries(WAYS)) {
    for (const delay of way === 'Tab' ? [15] : [0, 15, 60]) {
      scene(`accepting by ${way}, then 26 keys at ${delay} ms: every key lands in the cell`, async (editor) => {
        const notebook = await begin(editor);
        const { index } = await intend(notebook, 1, LINES);
        const before = await notebook.own();
        await take(notebook, index);
        await editor.type(LETTERS, delay);
        // The cell as it was when it was taken: where the machine is slow, a newer suggestion may have come to the same place.
        const { cell: uri } = await notebook.next('focus', (one) => one.ghost !== undefined);
        await arrived(notebook, uri, LINES[1]);
        const after = (await notebook.own()).filter((one) => one.uri !== uri);
        assert.deepEqual(after.map((one) => [one.uri, one.text]), before.map((one) => [one.uri, one.text]));
        assert.deepEqual((await editor.focus()).edits, true);
        assert.equal((await notebook.state()).selected[0][0], index);
        assert.equal(notebook.since('focused', (one) => one.accepted.length > 0).length, 1, 'accepted once');
      });
    }
  }

  scene('inserting a cell where the ghosts are rejects them', async (editor) => {
    const notebook = await begin(editor);
    const { cell } = await intend(notebook, 1, LINES);
    await editor.execute('notebook.cell.insertCodeCellBelow');
    await editor.type('true');
    await ended(editor, cell, 'REJECTED', 'inserted');
    assert.ok((await notebook.own()).some((one) => one.text === 'true'));
  });

  scene('moving away rejects', async (editor) => {
    const notebook = await begin(editor);
    const { cell } = await intend(notebook, 1, LINES);
    await notebook.row(3).locator('.view-line').first().click();
    await ended(editor, cell, 'REJECTED', 'moved');
    await notebook.ghosts();
  });

  scene('Escape dismisses, and the caret stays in the text', async (editor) => {
    const notebook = await begin(editor);
    const { cell } = await intend(notebook, 1, LINES);
    await editor.press('Escape');
    await ended(editor, cell, 'REJECTED', 'dismissed');
    await notebook.ghosts();
    await editor.type('!');
    await until(async () => (await notebook.texts())[1] === `${LINES[0]}!`, 'the next key where the caret was');
  });

  scene('cycling shows the other suggestion and back, without moving the focus', async (editor) => {
    const notebook = await begin(editor);
    await notebook.edit(1);
    await editor.press('Control+a');
    await editor.type(AMBIGUOUS[0][0], 5);
    const commands = AMBIGUOUS.map(([, command]) => command);
    const first = await until(async () => (await notebook.cells()).find((one) => one.language === 'ghostcell' && commands.includes(one.text))?.text, 'a ghost');
    const other = commands.find((command) => command !== first);
    await pause(CONTEXTS_MS);
    const focus = await editor.focus();
    await editor.press('Alt+]');
    const { cell } = await ghostWith(notebook, other);
    assert.deepEqual(await editor.focus(), focus);
    await editor.press('Alt+[');
    await ghostWith(notebook, first);
    await ended(editor, cell, 'SUPERSEDED', 'cycled');
  });

  scene('each move is told once', async (editor) => {
    const notebook = await begin(editor);
    const { index, cell } = await intend(notebook, 1, LINES);
    const cells = await notebook.cells();
    await pause(CONTEXTS_MS);
    const mark = notebook.log.mark();
    await editor.press('ArrowDown');
    await notebook.next('accepted', () => true, mark);
    await until(async () => (await notebook.cells())[index].language === 'shellscript', 'the real language');
    await pause(500);
    const told = notebook.since('focus', () => true, mark).map((one) => one.cell);
    assert.deepEqual(told, [cell.uri]);
    const again = notebook.log.mark();
    await editor.press('Control+End', 'Control+Home', 'ArrowUp'); // From the first character, where the editor lets the arrow leave.
    await notebook.next('focused', (one) => one.cell === cells[1].uri, again);
    await pause(500);
    assert.deepEqual(notebook.since('focus', () => true, again).map((one) => one.cell), [cells[1].uri]);
  });

  scene("Ctrl+Z right after accepting gives the ghost back, and redo leads nowhere it shouldn't", async (editor) => {
    const notebook = await begin(editor);
    const { index, cell } = await intend(notebook, 1, LINES);
    await editor.press('ArrowDown');
    await notebook.next('accepted');
    await until(async () => (await notebook.cells())[index].language === 'shellscript', 'the real language');
    await pause(CONTEXTS_MS);
    await editor.press('Control+z');
    await notebook.next('restored', (one) => one.restored);
    await until(async () => (await notebook.cells()).some((one) => one.uri === cell.uri && one.language === 'ghostcell' && one.text === LINES[1]), 'the ghost, in its cell');
    await notebook.greyed(index);
    assert.equal((await notebook.state()).selected[0][0], index - 1);
    // Taken again, it is the user's for good.
    await pause(CONTEXTS_MS);
    const mark = notebook.log.mark();
    await notebook.row(index).locator('.view-line').first().click();
    await notebook.next('accepted', () => true, mark);
    await editor.type('x');
    await until(async () => (await notebook.cells())[index].text.includes('x'), 'the letter');
    assert.equal((await notebook.cells())[index].language, 'shellscript');
  });

  scene('undo and redo of the own text around a ghost leave the text whole', async (editor) => {
    const notebook = await begin(editor);
    await intend(notebook, 1, LINES);
    await editor.type(' today');
    await pause(1000);
    const whole = (await notebook.texts())[1];
    for (let times = 0; times < 3; times++) {
      await editor.press('Control+z');
    }
    await pause(300);
    for (let times = 0; times < 6; times++) {
      await editor.press('Control+Shift+z');
    }
    await until(async () => (await notebook.texts())[1] === whole, 'the whole text again');
    assert.equal((await notebook.own()).length, 3, 'no cell of the own came or went');
  });

  scene('running teaches: the next step appears, and the next time the suggestion is what was run', async (editor, _, attempt) => {
    const notebook = await begin(editor);
    const colour = ['blue', 'green', 'red'][attempt - 1]; // What an attempt has taught is known to the next one.
    const task = [`Say that the ${colour} release is ready`, `echo release-${colour}`];
    const [, prose, code] = (await notebook.own()).map((cell) => cell.uri);
    await notebook.edit(prose);
    await editor.press('Control+a');
    await editor.type(task[0], 5);
    await notebook.edit(code);
    await editor.press('Control+a');
    await editor.type(task[1]);
    await editor.ask('setLanguage', code, 'shellscript');
    const mark = notebook.log.mark();
    await notebook.run(code);
    const ran = await notebook.next('executed', () => true, mark);
    assert.equal(ran.text, task[1]);
    assert.equal(ran.success, true);
    assert.match(JSON.stringify(ran.outputs), new RegExp(task[1].slice('echo '.length)));
    await until(async () => (await notebook.cells()).slice(3).some(isGhost), 'the next step, below the cell that ran');
    await editor.discard();
    const again = await begin(editor);
    const { index } = await intend(again, 1, task);
    await until(async () => /you ran this/.test(await again.label(index)), 'what the suggestion comes from');
  });

  scene('a ghost that is accepted, made better and run comes back better', async (editor) => {
    const notebook = await begin(editor);
    const { cell } = await intend(notebook, 1, UPTIME);
    await editor.press('ArrowDown');
    await notebook.next('accepted');
    await editor.press('Control+End');
    await editor.type(' -p');
    const better = `${UPTIME[1]} -p`;
    await until(async () => (await notebook.cells()).some((one) => one.uri === cell.uri && one.text === better && one.language === 'shellscript'), 'the text, in its language');
    const mark = notebook.log.mark();
    await editor.press('Meta+Enter');
    await notebook.next('executed', (one) => one.text === better, mark);
    await editor.discard();
    const again = await begin(editor);
    const { index } = await intend(again, 1, [UPTIME[0], better]);
    await until(async () => /you ran this/.test(await again.label(index)), 'what the suggestion comes from');
  }, { anew: true });
}

/** Waits for how the log says that a ghost ended. */
export async function ended(editor, cell, type, reason) {
  const { id } = cell.metadata.ghostcells;
  let end;
  await until(() => {
    end = editor.bench.cli('cell', id).end;
    return end !== null && end !== undefined;
  }, 'the end of a ghost in the log', 15_000);
  assert.deepEqual([end.type, end.reason], [type, reason]);
}
