// Ghosts that a model writes, while it writes them.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { CONTEXTS_MS, ghostWith } from './accepting.mjs';
import { CODE, ipynb, isGhost, LETTERS, MARKUP, OWN, pause, until } from './editor.mjs';
import { Model } from './model.mjs';
import { scenes } from './scenes.mjs';

const model = await new Model().start();
const scene = scenes({ name: 'stream', config: model.config(), env: { OPENAI_API_KEY: 'not-a-real-key' } });
after(() => model.stop());

let number = 0;
const jupyter = (editor) => editor.open(`notebook-${++number}.ipynb`, ipynb([MARKUP, '# Today'], [MARKUP, 'to do'], [CODE, 'last = 1']));
const markdown = (editor) => editor.open(`notebook-${++number}.md`, '# Today\n\n## Task\n\nto do\n\n```bash\ntrue\n```\n', OWN);

/** Types an intent and gives the answer that the model is asked for, still open. */
async function ask(notebook, intent) {
  model.dismiss();
  await notebook.edit(1);
  await notebook.editor.press('Control+a');
  await notebook.editor.type(intent, 5);
  return await model.take(intent);
}

async function ghostTexts(notebook) {
  return (await notebook.cells()).filter(isGhost).map((cell) => cell.text);
}

/** Three ghosts: code, prose, code. */
const THREE = '```bash\ngzip access.log\n```\n\nCompressed logs are kept for a year.\n\n```bash\nls -l access.log.gz\n```\n';

for (const [kind, open] of [['Jupyter', jupyter], ['our own', markdown]]) {
  scene(`${kind}: a stream that is open while its ghost is accepted and edited never writes into the cell`, async (editor) => {
    const notebook = await open(editor);
    const answer = await ask(notebook, `Compress the access log ${number}`);
    answer.say('```bash\ngzip access.log\n');
    const { index, cell } = await ghostWith(notebook, 'gzip access.log');
    await pause(CONTEXTS_MS);
    await editor.press('ArrowDown');
    for (const [place, letter] of [...LETTERS].entries()) {
      if (place % 5 === 0) {
        answer.say(`rm copy-${place}.log\n`);
      }
      await editor.type(letter);
    }
    answer.say('```\n').end();
    await notebook.next('accepted');
    await pause(1000);
    const now = (await notebook.cells())[index];
    assert.equal(now.uri, cell.uri);
    assert.equal(now.text, `${LETTERS}gzip access.log`);
    assert.equal(now.language, 'shellscript');
  });

  scene(`${kind}: skipping ghosts in edit mode: the next key lands right`, async (editor) => {
    const notebook = await open(editor);
    const answer = await ask(notebook, `Compress the access log ${number}`);
    answer.say(THREE).end();
    const { index, cell } = await ghostWith(notebook, 'ls -l access.log.gz');
    assert.equal((await ghostTexts(notebook)).length, 3);
    assert.match(await notebook.label(index - 2), /1 of 3/);
    await pause(CONTEXTS_MS);
    const mark = notebook.log.mark();
    await notebook.row(index).locator('.view-line').first().click();
    await editor.type(LETTERS, 15);
    await notebook.next('accepted', () => true, mark);
    await until(async () => (await ghostTexts(notebook)).length === 0, 'the skipped ghosts to go');
    await editor.type('!');
    await pause(500);
    const now = (await notebook.cells()).find((one) => one.uri === cell.uri);
    assert.equal(now.text.replace(`${LETTERS}!`, ''), 'ls -l access.log.gz');
    assert.equal(now.language, 'shellscript');
    assert.deepEqual(notebook.since('focus', () => true, mark).map((one) => one.cell), [cell.uri], 'no neighbour is named');
    const [focused] = notebook.since('focused', () => true, mark);
    assert.equal(focused.rejected.length, 2);
  });

  scene(`${kind}: skipping ghosts in command mode: the selection stays on the accepted cell`, async (editor) => {
    const notebook = await open(editor);
    const answer = await ask(notebook, `Compress the access log ${number}`);
    answer.say(THREE).end();
    const { index, cell } = await ghostWith(notebook, 'ls -l access.log.gz');
    await pause(CONTEXTS_MS);
    const mark = notebook.log.mark();
    // Beside the text, which selects a cell without editing it.
    await notebook.row(index).locator('.cell-focus-indicator-left').click({ force: true });
    await notebook.next('accepted', () => true, mark);
    await until(async () => (await ghostTexts(notebook)).length === 0, 'the skipped ghosts to go');
    await pause(500);
    const state = await notebook.state();
    assert.equal(state.cells[state.selected[0][0]].uri, cell.uri);
    assert.deepEqual(notebook.since('focus', () => true, mark).map((one) => one.cell), [cell.uri], 'no neighbour is named');
    await editor.press('Enter');
    await until(async () => (await editor.focus()).edits, 'the cell to be edited');
    await editor.type('x');
    await until(async () => (await notebook.cells()).find((one) => one.uri === cell.uri).text.includes('x'), 'the key in the accepted cell');
  });
}

scene('200 characters in a burst, while a stream is drawn below and automatic saves prune: nothing is lost', async (editor) => {
  const notebook = await jupyter(editor);
  const answer = await ask(notebook, 'Compress the access log');
  answer.say('```bash\ngzip access.log\n');
  await ghostWith(notebook, 'gzip access.log');
  await editor.configure('files.autoSaveDelay', 300);
  await editor.configure('files.autoSave', 'afterDelay');
  try {
    const saves = editor.bench.companionLog.mark();
    const burst = Array.from({ length: 200 }, (_, place) => LETTERS[place % 26]).join('');
    for (let place = 0; place < burst.length; place += 10) {
      answer.say(`echo line-${place}\n`);
      await editor.type(burst.slice(place, place + 10), 8);
    }
    answer.say('```\n').end();
    await until(async () => (await notebook.texts())[1].length === 'Compress the access log'.length + 200, 'all characters');
    assert.equal((await notebook.texts())[1], `Compress the access log${burst}`);
    await editor.bench.companionLog.next(saves, 'saved', (one) => one.notebook === notebook.uri);
    await pause(1500);
    assert.deepEqual((await notebook.own()).map((cell) => cell.text), ['# Today', `Compress the access log${burst}`, 'last = 1']);
    assert.doesNotMatch(editor.bench.read(`notebook-${number}.ipynb`), /gzip|ghostcell/);
  } finally {
    await editor.configure('files.autoSave', 'off');
  }
});

for (const [kind, open] of [['Jupyter', jupyter], ['our own', markdown]]) {
  scene(`${kind}: suggested prose is drawn grey as rendered Markdown, with code below it`, async (editor) => {
    const notebook = await open(editor);
    const answer = await ask(notebook, `Explain how to compress the access log ${number}`);
    answer.say('Compression replaces the file by a smaller one.\n\n```bash\ngzip access.log\n```\n').end();
    const { index } = await ghostWith(notebook, 'gzip access.log');
    const above = (await notebook.cells())[index - 1];
    assert.equal(above.kind, MARKUP);
    assert.equal(above.metadata.ghostcells.ghost, true);
    const frames = () => editor.page.frames().map((frame) => frame.locator('.ghostcells-suggested'));
    await until(async () => {
      for (const found of frames()) {
        if ((await found.count().catch(() => 0)) > 0) {
          return (await found.first().evaluate((element) => getComputedStyle(element).fontStyle)) === 'italic';
        }
      }
      return false;
    }, 'grey prose');
  });
}

scene('a ghost grows line by line under one cell, and its label names the model', async (editor) => {
  const notebook = await markdown(editor);
  const answer = await ask(notebook, 'Compress the access log slowly');
  answer.say('```bash\ngzip access.log\n');
  const { index, cell } = await ghostWith(notebook, 'gzip access.log');
  answer.say('ls -l access.log.gz\n');
  await until(async () => (await notebook.cells())[index].text === 'gzip access.log\nls -l access.log.gz', 'the second line');
  assert.equal((await notebook.cells())[index].uri, cell.uri);
  answer.say('```\n').end();
  await until(async () => /gpt-4o-mini/.test(await notebook.label(index)), 'the model in the label');
  assert.equal((await notebook.state()).dirty, true);
});
