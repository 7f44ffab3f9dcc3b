// Ghosts in a Jupyter notebook, whose type and file are another extension's.
import assert from 'node:assert/strict';
import { commonScenes, intend } from './accepting.mjs';
import { CODE, ipynb, isGhost, LETTERS, MARKUP, pause, until } from './editor.mjs';
import { BACKUP, CERTIFICATE, DISK, EVERYTHING, LINES, RESTART } from './memory.mjs';
import { figure, scenes } from './scenes.mjs';

const scene = scenes({ name: 'jupyter', learn: EVERYTHING });
let number = 0;

const begin = (editor) => editor.open(`notebook-${++number}.ipynb`, ipynb([MARKUP, '# Today'], [MARKUP, 'to do'], [CODE, 'last = 1']));

commonScenes(scene, begin);

scene('five ghosts accepted while typing: a second later none of them is one', async (editor) => {
  const tasks = [LINES, DISK, BACKUP, CERTIFICATE, RESTART];
  const notebook = await editor.open(`notebook-${++number}.ipynb`, ipynb(...tasks.map(() => [MARKUP, 'to do'])));
  const intents = (await notebook.cells()).map((cell) => cell.uri);
  const taken = [];
  for (const [place, task] of tasks.entries()) {
    const { cell } = await intend(notebook, intents[place], task);
    await editor.press('ArrowDown');
    await editor.type(LETTERS, 25);
    taken.push(cell.uri);
  }
  await pause(1000);
  for (const [place, uri] of taken.entries()) {
    const index = await notebook.indexOf(uri);
    const cell = (await notebook.cells())[index];
    await editor.ask('reveal', index);
    await notebook.row(index).locator('.view-line').first().waitFor();
    assert.equal(cell.text, LETTERS + tasks[place][1]);
    assert.equal(cell.language, 'shellscript');
    assert.doesNotMatch(JSON.stringify(cell.metadata), /"ghost":|"languageId":"ghostcell"/);
    assert.ok((await notebook.drawn(index)).plain, 'it is not grey');
    assert.doesNotMatch(await notebook.label(index), /suggested/);
  }
  await editor.press('Control+s');
  await until(async () => !(await notebook.state()).dirty, 'the save');
  assert.doesNotMatch(editor.bench.read(`notebook-${number}.ipynb`), /"ghost":|ghostcell"/);
});

scene('an old flag that another extension writes back is put right', async (editor) => {
  const notebook = await begin(editor);
  const { index, cell } = await intend(notebook, 1, LINES);
  await editor.press('ArrowDown');
  await notebook.next('accepted');
  await until(async () => (await notebook.cells())[index].language === 'shellscript', 'the real language');
  await pause(500);
  const { metadata } = (await notebook.cells())[index];
  await editor.ask('writeMetadata', index, { ...metadata, other: 1, ghostcells: cell.metadata.ghostcells });
  await until(async () => {
    const now = (await notebook.cells())[index].metadata;
    return now.other === 1 && now.ghostcells.ghost === undefined && now.ghostcells.id === cell.metadata.ghostcells.id;
  }, 'the flag to go and what others wrote to stay');
  assert.ok((await notebook.drawn(index)).plain);
});

for (const kernel of ['declared', 'undeclared']) {
  scene(`Run All with a ghost showing, with a kernel whose languages are ${kernel}: no run of a ghost is told`, async (editor) => {
    const notebook = await editor.open(
      `run-all-${kernel}-${++number}.ipynb`,
      ipynb([CODE, 'print("one")'], [CODE, 'print("two")'], [MARKUP, 'to do']),
    );
    const { cell } = await intend(notebook, 2, LINES);
    const mark = notebook.log.mark();
    const companion = editor.bench.companionLog;
    const before = companion.mark();
    await editor.page.locator('.notebook-toolbar-container').getByText('Run All').click();
    await until(() => notebook.since('executed', () => true, mark).length >= 2, 'both runs');
    await pause(1000);
    const told = notebook.since('executed', () => true, mark).map((one) => one.text);
    assert.deepEqual(told.toSorted(), ['print("one")', 'print("two")']);
    const events = editor.bench.events().filter((event) => event.type === 'EXECUTED' && event.cell === cell.metadata.ghostcells.id);
    assert.deepEqual(events, []);
    const ran = companion.since(before, 'execute').flatMap((one) => one.cells.map((it) => it.language));
    assert.equal(ran.includes('ghostcell'), kernel === 'undeclared', 'only a kernel that declares nothing is given a ghost');
    if (kernel === 'undeclared') {
      await editor.page.locator('.notification-toast', { hasText: /kernel/i }).first().waitFor();
      await editor.execute('notifications.clearAll');
    }
  });
}

scene('a language that the user changes is no event', async (editor) => {
  const notebook = await begin(editor);
  await notebook.edit(2);
  await pause(500);
  const mark = notebook.log.mark();
  await editor.ask('setLanguage', (await notebook.own())[2].uri, 'shellscript');
  await pause(2500); // Longer than a removed cell may be away.
  const told = ['focus', 'executed', 'accepted', 'restored', 'dismiss', 'real'].flatMap((what) => notebook.since(what, () => true, mark));
  assert.deepEqual(told, []);
  const { uri } = (await notebook.cells())[2];
  assert.deepEqual(editor.bench.events().filter((event) => event.type === 'DELETED' && event.cell === uri), []);
});

scene('what ran is told, though the cell was edited while it ran', async (editor) => {
  const notebook = await editor.open(`slow-${++number}.ipynb`, ipynb([CODE, 'import time; time.sleep(1.5); print("slow")']));
  await notebook.edit(0);
  const mark = notebook.log.mark();
  await notebook.run(0);
  await editor.bench.companionLog.next(notebook.companionMark, 'execute');
  await pause(300);
  await editor.press('Control+End');
  await editor.type(' # later');
  const ran = await notebook.next('executed', () => true, mark);
  assert.equal(ran.text, 'import time; time.sleep(1.5); print("slow")');
  assert.ok(ran.durationMs >= 1400);
});

scene('300 cells: a ghost in the middle, greyed when scrolled to, and little work at each key', async (editor, t) => {
  const notebook = await editor.open(`large-${++number}.ipynb`, ipynb(...Array.from({ length: 300 }, (_, at) => (at === 150 ? [MARKUP, 'to do'] : [CODE, `x${at} = ${at}`]))));
  const { index } = await intend(notebook, 150, LINES);
  assert.equal(index, 151);
  const mark = notebook.log.mark();
  await notebook.edit(150);
  await editor.type(` ${LETTERS}`.repeat(4), 10);
  await until(async () => (await notebook.texts())[150].length > LINES[0].length + 100, 'the text');
  const times = notebook.since('keystroke-ms', () => true, mark).flatMap((one) => one.ms);
  assert.ok(figure(t, 'a key in a notebook of 300 cells, in the extension', times) <= 1);
  await editor.ask('reveal', 0);
  await notebook.row(0).locator('.view-line').first().waitFor();
  await editor.ask('reveal', 150);
  await notebook.greyed(await notebook.indexOf((await notebook.cells()).find(isGhost).uri));
  assert.equal((await notebook.cells()).filter((one) => !isGhost(one)).length, 300);
});

scene('split views show a ghost grey in both', async (editor) => {
  const notebook = await begin(editor);
  const { cell } = await intend(notebook, 1, LINES);
  await editor.execute('workbench.action.splitEditorRight');
  await pause(1000);
  assert.equal((await notebook.own()).length, 3, 'a split accepts nothing');
  assert.ok((await notebook.cells()).some((one) => one.uri === cell.uri && isGhost(one)), 'the ghost is still one');
  const grey = () => editor.page.evaluate(() => {
    const lines = [...document.querySelectorAll('.notebookOverlay .cell-list-container .view-line')];
    return lines.filter((line) => line.textContent.includes('access.log') && getComputedStyle(line.querySelector('span span')).fontStyle === 'italic').length;
  });
  await until(async () => (await grey()) === 2, 'the ghost twice');
});

scene('from the daemon to the screen, and from the key to the real language', async (editor, t) => {
  const notebook = await begin(editor);
  await editor.page.evaluate(watchPaint);
  const painted = [];
  const real = [];
  for (const task of [LINES, DISK, BACKUP, CERTIFICATE, RESTART, LINES, DISK]) {
    const mark = notebook.log.mark();
    const { index, cell } = await intend(notebook, 1, task);
    const published = notebook.since('publish', (one) => one.ghosts.some((ghost) => ghost.text === task[1]), mark).at(-1);
    const seen = await until(() => editor.page.evaluate((text) => globalThis.painted[text], task[1]), 'the ghost on the screen');
    painted.push(seen - published.t);
    const pressed = Date.now();
    await editor.press('ArrowDown');
    const turned = await editor.bench.companionLog.next(notebook.companionMark, 'language', (one) => one.cell === cell.uri && one.language === 'shellscript');
    real.push(turned.t - pressed);
    await notebook.next('accepted', () => true, mark);
    await pause(300);
    await editor.press('Escape');
    await editor.execute('notebook.cell.delete');
    await until(async () => !(await notebook.cells()).some((one) => one.uri === cell.uri), 'the cell to go');
    await editor.page.evaluate((text) => delete globalThis.painted[text], task[1]);
    assert.ok(index > 0);
  }
  // A shared machine can be ten times slower than a person's; what is asserted is that nothing waits for a timer.
  assert.ok(figure(t, 'publish received to painted', painted) < 1000);
  assert.ok(figure(t, 'key that accepts to the real language', real) < 1000);
});

/** Notes, frame by frame, when a grey line first shows. */
function watchPaint() {
  globalThis.painted = {};
  const look = () => {
    for (const line of document.querySelectorAll('.notebookOverlay .cell-list-container .view-line')) {
      const span = line.querySelector('span span');
      const text = line.textContent.replace(/\u00a0/g, ' ');
      if (span !== null && !(text in globalThis.painted) && getComputedStyle(span).fontStyle === 'italic') {
        globalThis.painted[text] = Date.now();
      }
    }
    requestAnimationFrame(look);
  };
  look();
}
