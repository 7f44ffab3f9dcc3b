// Undo and redo around everything that ghosts do, and steps of the user's that meet edits of ours.
import assert from 'node:assert/strict';
import { CONTEXTS_MS, ghostWith, intend } from './accepting.mjs';
import { CODE, ipynb, MARKUP, OWN, pause, until } from './editor.mjs';
import { AMBIGUOUS, DISK, EVERYTHING, LINES } from './memory.mjs';
import { scenes } from './scenes.mjs';
import { backAndForth, honest, saved, texts } from './steps.mjs';

const scene = scenes({ name: 'backandforth', learn: EVERYTHING });
let number = 0;
const KINDS = {
  Jupyter: (editor) => editor.open(`notebook-${++number}.ipynb`, ipynb([MARKUP, '# Today'], [MARKUP, 'to do'], [CODE, 'last = 1'])),
  'our own': (editor) => editor.open(`notebook-${++number}.md`, '# Today\n\n## Task\n\nto do\n\n```bash\ntrue\n```\n', OWN),
};
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

for (const [kind, begin] of Object.entries(KINDS)) {
  for (const [act, carryOut] of Object.entries(ACTS)) {
    scene(`${kind}: undo and redo around ${act}`, async (editor) => {
      const notebook = await begin(editor);
      await carryOut(notebook);
      await backAndForth(notebook);
      await saved(notebook);
    });
  }
}

/** A suggestion in a saved notebook of another type; what is done with it. */
const PREVIEWS = {
  'a preview': async () => undefined,
  'a preview that is dismissed': async (notebook) => {
    await notebook.editor.press('Escape');
    await until(async () => !/wc -l/.test(await notebook.label(1)), 'the preview to go');
  },
  'a preview that has become a cell, and keys in it': async (notebook) => {
    await notebook.editor.press('Control+Alt+Enter');
    await notebook.next('accepted');
    await until(async () => (await notebook.cells())[2]?.language === 'shellscript', 'the accepted cell');
    await notebook.editor.press('Control+End');
    await notebook.editor.type(' | sort'); // Before that, an undo makes it a ghost again.
    await until(async () => (await notebook.texts()).includes(`${LINES[1]} | sort`), 'the keys');
  },
};

for (const [act, carryOut] of Object.entries(PREVIEWS)) {
  scene(`undo and redo around ${act}`, async (editor) => {
    const notebook = await editor.open(`notebook-${++number}.ipynb`, ipynb([MARKUP, '# Today'], [CODE, `# ${LINES[0]}`]));
    await notebook.edit(1);
    await pause(CONTEXTS_MS);
    await editor.press('Control+Alt+Space');
    await until(async () => /wc -l access\.log/.test(await notebook.label(1)), 'the preview');
    await pause(CONTEXTS_MS);
    await carryOut(notebook);
    await backAndForth(notebook);
    await saved(notebook);
  });
}

/** What moves cells while an edit of ours is on its way; the editor does not hold such an edit back. */
const MOVES = {
  'the user inserts a cell above': (editor) => editor.press('a'),
  'the user takes a step back, by the menu': (editor) => editor.execute('undo'),
  'another extension inserts a cell at the top': (editor) => editor.ask('insertAt', 0, 'x = 0'),
};

for (const [kind, begin] of Object.entries(KINDS)) {
  scene(`${kind}: a ghost goes in the instant in which cells move: none of the user's goes with it`, async (editor, t) => {
    const notebook = await begin(editor);
    await intend(notebook, 1, LINES);
    await editor.press('Escape');
    await notebook.ghosts();
    await editor.execute('notebook.cell.quitEdit');
    const kept = (await texts(notebook)).slice(1);
    for (const [name, move] of Object.entries(MOVES)) {
      for (const delay of [0, 3, 6, 9, 12, 16, 24]) {
        await editor.ask('select', (await notebook.cells()).find((cell) => cell.text === LINES[0]).uri);
        await editor.execute('ghostcells.suggest');
        await ghostWith(notebook, LINES[1]);
        const dismissing = editor.execute('ghostcells.dismiss');
        await pause(delay);
        await move(editor);
        await dismissing;
        await pause(100); // An edit is on its way no longer than that where nothing else runs.
        let seen;
        const there = (text) => seen.filter((one) => one === text).length === 1;
        await until(async () => {
          seen = await texts(notebook);
          return kept.every(there);
        }, () => `${JSON.stringify(kept)} after “${name}” at ${delay} ms; there are ${JSON.stringify(seen)}`, 5000);
      }
    }
    await honest(notebook);
    t.diagnostic(`figure: ${kind}: edits that met a cell of the user's on their way, which was put back: ${notebook.since('put-back').length}`);
  });
}

// Last, since what runs is learned, and is suggested from then on.
for (const [kind, begin] of Object.entries(KINDS)) {
  scene(`${kind}: undo and redo around a run of all cells while a ghost shows`, async (editor) => {
    const notebook = await begin(editor);
    const [, prose] = (await notebook.own()).map((cell) => cell.uri);
    await notebook.edit(prose);
    await editor.press('Control+a');
    await editor.type(DISK[0], 5);
    await notebook.ghostBelow(prose);
    await pause(CONTEXTS_MS);
    await editor.execute('notebook.execute');
    await notebook.next('executed');
    await backAndForth(notebook);
    await saved(notebook);
  });
}
