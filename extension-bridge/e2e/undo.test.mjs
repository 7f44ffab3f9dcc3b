// Undo and redo around everything that ghosts do: what is the user's is whole in the end, and a ghost is never taken for it.
import assert from 'node:assert/strict';
import { CONTEXTS_MS, ghostWith, intend } from './accepting.mjs';
import { CODE, ipynb, isGhost, MARKUP, OWN, pause, until } from './editor.mjs';
import { AMBIGUOUS, EVERYTHING, LINES } from './memory.mjs';
import { scenes } from './scenes.mjs';

const scene = scenes({ name: 'undo', learn: EVERYTHING });
let number = 0;
const KINDS = {
  Jupyter: (editor) => editor.open(`notebook-${++number}.ipynb`, ipynb([MARKUP, '# Today'], [MARKUP, 'to do'], [CODE, 'last = 1'])),
  'our own': (editor) => editor.open(`notebook-${++number}.md`, '# Today\n\n## Task\n\nto do\n\n```bash\ntrue\n```\n', OWN),
};
/** More steps than any of the acts takes. */
const STEPS = 6;

async function accepted(notebook) {
  const { cell } = await intend(notebook, 1, LINES);
  await notebook.editor.press('ArrowDown');
  await notebook.next('accepted');
  await until(async () => (await notebook.cells()).find((one) => one.uri === cell.uri)?.language === 'shellscript', 'the real language');
  return cell;
}

const ACTS = {
  'a ghost that shows': async (notebook) => {
    await intend(notebook, 1, LINES);
  },
  'a dismissal': async (notebook) => {
    await intend(notebook, 1, LINES);
    await notebook.editor.press('Escape');
    await notebook.ghosts();
  },
  cycling: async (notebook) => {
    await notebook.edit(1);
    await notebook.editor.press('Control+a');
    await notebook.editor.type(AMBIGUOUS[0][0], 5);
    const commands = AMBIGUOUS.map(([, command]) => command);
    const first = await until(async () => (await notebook.cells()).find((one) => one.language === 'ghostcell' && commands.includes(one.text))?.text, 'a ghost');
    await pause(CONTEXTS_MS);
    await notebook.editor.press('Alt+]');
    await ghostWith(notebook, commands.find((command) => command !== first));
  },
  'moving away': async (notebook) => {
    await intend(notebook, 1, LINES);
    await notebook.row(3).locator('.view-line').first().click();
    await notebook.ghosts();
  },
  'inserting a cell': async (notebook) => {
    await intend(notebook, 1, LINES);
    await notebook.editor.execute('notebook.cell.insertCodeCellBelow');
    await notebook.editor.type('echo mine');
    await until(async () => (await notebook.texts()).includes('echo mine'), 'the cell of the own');
  },
  'an acceptance and keys in the cell': async (notebook) => {
    await accepted(notebook);
    await notebook.editor.press('Control+End');
    await notebook.editor.type(' | sort');
    await until(async () => (await notebook.texts()).includes(`${LINES[1]} | sort`), 'the keys');
  },
  'an acceptance that was run': async (notebook) => {
    await accepted(notebook);
    await notebook.editor.press('Meta+Enter');
    await notebook.next('executed');
  },
  'a save': async (notebook) => {
    await intend(notebook, 1, LINES);
    await notebook.editor.press('Control+s');
    await until(async () => !(await notebook.state()).dirty, 'the save');
  },
};

const texts = async (notebook) => (await notebook.own()).map((cell) => cell.text);

/** Every cell that calls itself a ghost is one: grey, or gone soon. */
async function honest(notebook) {
  await until(async () => {
    const cells = await notebook.cells();
    const drawn = await Promise.all(cells.map(async (cell, index) => !isGhost(cell) || cell.kind === MARKUP || (await notebook.drawn(index)).grey));
    return drawn.every(Boolean);
  }, 'ghosts to be drawn as ghosts', 15_000);
}

for (const [kind, begin] of Object.entries(KINDS)) {
  for (const [act, carryOut] of Object.entries(ACTS)) {
    scene(`${kind}: undo and redo around ${act}`, async (editor) => {
      const notebook = await begin(editor);
      await carryOut(notebook);
      const before = await texts(notebook);
      await editor.press('Escape'); // Into command mode, in which the notebook's own steps are undone.
      await pause(CONTEXTS_MS);
      for (let step = 0; step < STEPS; step++) {
        await editor.press('Control+z');
        await pause(60);
      }
      await honest(notebook);
      for (let step = 0; step < 2 * STEPS; step++) {
        await editor.press('Control+Shift+z');
        await pause(60);
      }
      let seen;
      await until(async () => {
        seen = await texts(notebook);
        return JSON.stringify(seen) === JSON.stringify(before);
      }, () => `the cells ${JSON.stringify(before)}; there are ${JSON.stringify(seen)}`, 15_000);
      await honest(notebook);
      await editor.press('Control+s');
      await until(async () => !(await notebook.state()).dirty, 'the save');
      const file = editor.bench.read(notebook.uri.split('/').at(-1));
      assert.doesNotMatch(file, /ghost/);
      for (const text of before) {
        assert.ok(file.includes(text.split('\n')[0]), `${text} in ${file}`);
      }
    });
  }
}
