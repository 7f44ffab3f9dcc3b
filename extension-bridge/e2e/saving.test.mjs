// Files: what is saved, what is not, what makes a notebook dirty, what comes back.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { CONTEXTS_MS, ended, ghostWith, intend } from './accepting.mjs';
import { CODE, ipynb, isGhost, MARKUP, OWN, pause, until } from './editor.mjs';
import { DISK, EVERYTHING, LINES } from './memory.mjs';
import { scenes } from './scenes.mjs';

const scene = scenes({ name: 'saving', learn: EVERYTHING, settings: { 'files.simpleDialog.enable': true } });
let number = 0;
const fresh = () => `notebook-${++number}.ipynb`;
const content = () => ipynb([MARKUP, '# Today'], [MARKUP, 'to do'], [CODE, 'last = 1']);
const jupyter = (editor) => editor.open(fresh(), content());
const file = () => `notebook-${number}.ipynb`;

async function clean(notebook) {
  await until(async () => !(await notebook.state()).dirty, 'the notebook to be saved');
}

scene('a save takes ghosts out, the file has none, and nothing puts them back', async (editor) => {
  const notebook = await jupyter(editor);
  const { cell } = await intend(notebook, 1, LINES);
  await editor.press('Control+s');
  await clean(notebook);
  await notebook.ghosts();
  await ended(editor, cell, 'SUPERSEDED', 'withdrawn');
  const saved = JSON.parse(editor.bench.read(file()));
  assert.deepEqual(saved.cells.map((one) => one.source.join('')), ['# Today', LINES[0], 'last = 1']);
  assert.doesNotMatch(JSON.stringify(saved), /ghost/);
  await pause(2000);
  await notebook.ghosts();
  assert.equal((await notebook.state()).dirty, false);
  assert.equal((await editor.focus()).index, 1, 'the focus is where it was');
});

scene('undo after a save that took ghosts out brings no ghost that nobody can get rid of', async (editor) => {
  const notebook = await jupyter(editor);
  await intend(notebook, 1, LINES);
  await editor.press('Control+s');
  await clean(notebook);
  await editor.press('Escape');
  await pause(CONTEXTS_MS);
  await editor.press('Control+z');
  await pause(1500);
  for (const [index, cell] of (await notebook.cells()).entries()) {
    if (isGhost(cell)) {
      await notebook.greyed(index);
    }
  }
  await editor.press('Control+s');
  await clean(notebook);
  assert.doesNotMatch(editor.bench.read(file()), /ghost|access\.log\b(?!")/);
});

scene('Save As writes no ghost to the other file', async (editor) => {
  const notebook = await jupyter(editor);
  await intend(notebook, 1, LINES);
  const other = editor.bench.at('workspace', `copy-${number}.ipynb`);
  void editor.execute('workbench.action.files.saveAs').catch(() => undefined);
  const input = editor.page.locator('.quick-input-widget input[type="text"]');
  await until(async () => (await input.inputValue()).endsWith(file()), 'the dialog');
  await pause(300);
  await input.fill(other);
  await pause(300);
  await editor.press('Enter');
  await until(() => fs.existsSync(other), 'the other file');
  await until(() => fs.readFileSync(other, 'utf8').includes(LINES[0]), 'its content');
  assert.doesNotMatch(fs.readFileSync(other, 'utf8'), /ghost|wc -l/);
});

scene('automatic saves at one second: a suggestion is a preview, and ten idle seconds bring no further save', async (editor) => {
  await editor.configure('files.autoSaveDelay', 1000);
  await editor.configure('files.autoSave', 'afterDelay');
  try {
    const notebook = await jupyter(editor);
    await notebook.edit(1);
    await editor.press('Control+a');
    await editor.type(LINES[0], 20);
    await until(async () => /wc -l access\.log/.test(await notebook.label(1)), 'the preview');
    await clean(notebook);
    const companion = editor.bench.companionLog;
    const mark = companion.mark();
    await pause(10_000);
    assert.deepEqual(companion.since(mark, 'saved'), []);
    assert.equal((await notebook.state()).dirty, false);
    assert.match(await notebook.label(1), /wc -l access\.log/, 'it is still there');
    assert.deepEqual((await notebook.cells()).filter(isGhost), []);
    assert.equal((await notebook.texts())[1], LINES[0]);
    // Asked for, it becomes a cell of the user's.
    await pause(CONTEXTS_MS);
    await editor.press('Control+Alt+Enter');
    await notebook.next('accepted');
    await until(async () => (await notebook.cells())[2].language === 'shellscript', 'the accepted cell');
    await editor.type('x');
    await until(async () => (await notebook.texts())[2].includes('x'), 'a key in it');
    await clean(notebook);
    assert.match(editor.bench.read(file()), /access\.log/);
    assert.doesNotMatch(editor.bench.read(file()), /"ghost":|ghostcell"/);
  } finally {
    await editor.configure('files.autoSave', 'off');
  }
});

scene('a clean notebook of a foreign type: a suggestion, its dismissal, and closing asks nothing', async (editor) => {
  const notebook = await editor.open(fresh(), ipynb([MARKUP, '# Today'], [CODE, `# ${LINES[0]}`]));
  const before = editor.bench.read(file());
  await notebook.edit(1);
  await pause(CONTEXTS_MS);
  await editor.press('Control+Alt+Space');
  await until(async () => /wc -l access\.log/.test(await notebook.label(1)), 'the preview');
  assert.equal((await notebook.state()).dirty, false);
  await editor.shot('preview');
  await pause(CONTEXTS_MS);
  await editor.press('Escape');
  await until(async () => !/wc -l/.test(await notebook.label(1)), 'the preview to go');
  assert.equal((await notebook.state()).dirty, false);
  await editor.execute('workbench.action.closeActiveEditor');
  await until(async () => (await editor.ask('state')) === null, 'the notebook to close');
  assert.equal(await editor.asked(), false);
  assert.equal(editor.bench.read(file()), before);
});

scene('a preview that is clicked becomes a cell with the focus', async (editor) => {
  const notebook = await editor.open(fresh(), ipynb([MARKUP, '# Today'], [CODE, `# ${DISK[0]}`]));
  await notebook.edit(1);
  await pause(CONTEXTS_MS);
  await editor.press('Control+Alt+Space');
  const item = notebook.row(1).locator('.cell-status-item', { hasText: 'du -sh build' });
  await item.click();
  await notebook.next('accepted');
  await until(async () => (await notebook.cells())[2]?.language === 'shellscript', 'the cell');
  await until(async () => (await editor.focus()).index === 2, 'the focus on it');
});

scene('a ghost that was saved by something else is a leak: it goes when the file is opened, and that is said', async (editor) => {
  const flagged = { ghostcells: { id: '01J00000000000000000000000', ghost: true } };
  const noted = { vscode: { languageId: 'ghostcell' } };
  const notebook = await editor.open(fresh(), ipynb([MARKUP, '# Today'], [CODE, 'rm -r everything', flagged], [CODE, 'rm -r more', noted], [CODE, 'last = 1']));
  await until(async () => JSON.stringify(await notebook.texts()) === JSON.stringify(['# Today', 'last = 1']), 'the leaks to go');
  await editor.page.locator('.notification-toast', { hasText: 'suggested cells had been saved' }).waitFor();
  await editor.shot('leak-said');
  await editor.press('Control+s');
  await clean(notebook);
  assert.doesNotMatch(editor.bench.read(file()), /rm -r|ghost/);
  await editor.execute('notifications.clearAll');
});

scene('our own notebook: a ghost in a saved notebook leaves it clean, and the file as it was, byte for byte', async (editor) => {
  const text = `---\ntitle: "x"\n---\n# Today\n\n* list\n   * odd\n\n${LINES[0]}\n\n\n\`\`\`sh  {name=a}\necho 1\n\`\`\`\ntail without an end`;
  const path = `clean-${++number}.md`;
  const notebook = await editor.open(path, text, OWN);
  const before = await notebook.own();
  const at = before.findIndex((cell) => cell.text.includes(LINES[0]));
  await notebook.edit(at);
  await pause(CONTEXTS_MS);
  await editor.press('Control+Alt+Space');
  await ghostWith(notebook, LINES[1]);
  await clean(notebook);
  assert.equal(editor.bench.read(path), text);
  await editor.press('Control+s');
  await pause(1000);
  assert.equal(editor.bench.read(path), text);
  assert.equal((await notebook.cells()).filter(isGhost).length, 1, 'a save leaves the ghost where it is');
  await editor.execute('workbench.action.closeActiveEditor');
  await until(async () => (await editor.ask('state')) === null, 'the notebook to close');
  assert.equal(await editor.asked(), false);
});

/** Notebooks with a place for an intent. */
const RELOADED = {
  Jupyter: [1, jupyter],
  'our own': [2, (editor) => editor.open(`own-${++number}.md`, '# Today\n\n```bash\necho first\n```\n\nto do\n\n```bash\ntrue\n```\n', OWN)],
};

for (const [kind, [place, begin]] of Object.entries(RELOADED)) {
  scene(`${kind}: a window that is loaded again has the user's cells and no ghost, nor has the file`, async (editor) => {
    const notebook = await begin(editor);
    await intend(notebook, place, LINES);
    await editor.press('Control+s');
    await clean(notebook);
    const before = (await notebook.own()).map((cell) => cell.text);
    await pause(CONTEXTS_MS);
    await editor.press('Control+Alt+Space'); // In Jupyter's the save has taken it away.
    await until(async () => (await notebook.cells()).some(isGhost) || /wc -l/.test(await notebook.label(place)), 'a ghost in the saved notebook');
    const mark = notebook.log.mark();
    await editor.reload();
    await until(async () => (await editor.ask('state', notebook.uri))?.cells.length > 0, 'the notebook');
    await notebook.next('condition', (one) => one.condition === 'running', mark);
    await pause(1500); // Longer than leaks and old ghosts take to be noticed.
    assert.deepEqual((await notebook.own()).map((cell) => cell.text), before);
    const there = (await notebook.cells()).filter(isGhost).map((cell) => cell.metadata.ghostcells.id);
    const fresh = notebook.since('publish', () => true, mark).flatMap((one) => one.ghosts.map(({ id }) => id));
    assert.ok(there.every((id) => fresh.includes(id)), 'a ghost can only be one that the new daemon suggests');
    await clean(notebook); // A ghost that has just come makes it unsaved until the extension has saved the same bytes.
    assert.doesNotMatch(editor.bench.read(notebook.uri.split('/').at(-1)), /ghost|wc -l/);
    assert.deepEqual(notebook.since('leaks'), []);
    await notebook.edit(place); // What it knows is as before.
    await editor.type('.');
    await until(async () => (await notebook.cells()).some((cell) => isGhost(cell) && cell.text === LINES[1]), 'the ghost');
  });
}
