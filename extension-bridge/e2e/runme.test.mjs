// Ghosts in Runme's notebooks, as far as its stand-in in the companion goes.
import assert from 'node:assert/strict';
import { intend } from './accepting.mjs';
import { isGhost, LETTERS, pause, until } from './editor.mjs';
import { DISK, EVERYTHING, LINES, UPTIME } from './memory.mjs';
import { scenes } from './scenes.mjs';

const scene = scenes({ name: 'runme', learn: EVERYTHING });
let number = 0;
const begin = (editor) => editor.open(`runme-${++number}.md`, '# Today\n\n```sh\necho first\n```\n\nto do\n\n```sh\necho before; exit 3\n```\n', 'runme');
const read = (editor) => editor.bench.read(`runme-${number}.md`);

scene('a suggestion is accepted, made better and run by its kernel, and comes back better', async (editor) => {
  const notebook = await begin(editor);
  const { cell } = await intend(notebook, 2, UPTIME);
  assert.equal(cell.metadata.excludeFromRunAll, 'true');
  await editor.press('ArrowDown');
  await notebook.next('accepted');
  await editor.press('Control+End');
  await editor.type(' -p');
  const better = `${UPTIME[1]} -p`;
  await until(async () => (await notebook.cells()).some((one) => one.uri === cell.uri && one.text === better && one.language === 'shellscript'), 'the text');
  await editor.press('Meta+Enter');
  const ran = await notebook.next('executed', (one) => one.text === better);
  assert.equal(ran.success, true);
  assert.match(JSON.stringify(ran.outputs), /up /);
  assert.doesNotMatch(JSON.stringify(ran.outputs), /initialRows/, 'the text of the terminal, and not what describes it');
  const accepted = (await notebook.cells()).find((one) => one.uri === cell.uri);
  assert.equal(accepted.metadata.excludeFromRunAll, undefined);
  assert.equal(typeof accepted.metadata['runme.dev/id'], 'string');
  await editor.press('Control+s');
  await until(async () => !(await notebook.state()).dirty, 'the save');
  assert.match(read(editor), new RegExp(better));
  assert.doesNotMatch(read(editor), /ghost|excludeFromRunAll/);
  await editor.discard();
  const again = await begin(editor);
  const { index } = await intend(again, 2, [UPTIME[0], better]);
  await until(async () => /you ran this/.test(await again.label(index)), 'what the suggestion comes from');
}, { anew: true });

scene('a cell that fails: that it failed is told, and no status, which the kernel keeps to itself', async (editor) => {
  const notebook = await begin(editor);
  await notebook.run(3);
  const ran = await notebook.next('executed');
  assert.deepEqual([ran.success, ran.exitCode], [false, undefined]);
  assert.match(JSON.stringify(ran.outputs), /before/);
});

scene('Run All with a ghost showing: the kernel declares the language of ghosts with all others, and does not run it', async (editor) => {
  const notebook = await begin(editor);
  await intend(notebook, 2, LINES);
  const companion = editor.bench.companionLog;
  const before = companion.mark();
  await editor.execute('notebook.execute');
  await notebook.next('executed', (one) => one.text.startsWith('echo before'));
  const ran = companion.since(before, 'execute').flatMap((one) => one.cells.map(({ language, text }) => [language, text]));
  assert.deepEqual(ran, [['shellscript', 'echo first'], ['shellscript', 'echo before; exit 3']]);
  assert.deepEqual(notebook.since('ghost-ran'), []);
});

scene('ghosts accepted while typing, while ids are written to cells by index: a second later none of them is one', async (editor) => {
  const notebook = await editor.open(`runme-${++number}.md`, 'first\n\n```sh\ntrue\n```\n\nsecond\n\n```sh\ntrue\n```\n', 'runme');
  const taken = [];
  const intents = (await notebook.cells()).filter((cell) => cell.kind === 1).map((cell) => cell.uri);
  for (const [place, task] of [LINES, DISK].entries()) {
    const { cell } = await intend(notebook, intents[place], task);
    await editor.press('ArrowDown');
    await editor.type(LETTERS, 25);
    await until(async () => (await notebook.cells()).some((one) => one.uri === cell.uri && one.text === LETTERS + task[1] && one.language === 'shellscript'), 'the cell');
    taken.push(cell.uri);
  }
  await pause(1000);
  const cells = await notebook.cells();
  const accepted = cells.filter((cell) => taken.includes(cell.uri)); // There may be a next step below.
  assert.deepEqual(accepted.filter(isGhost), []);
  assert.doesNotMatch(JSON.stringify(accepted.map((cell) => cell.metadata)), /"ghost":true|excludeFromRunAll/);
  const ids = cells.filter((cell) => cell.kind === 2).map((cell) => cell.metadata['runme.dev/id']);
  assert.equal(new Set(ids).size, ids.length, 'each has an id of its own');
});
