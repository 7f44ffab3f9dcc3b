// What a user asks of it: why, what was sent, what it cost, whether it learns; and what it offers to learn from.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { ghostWith, intend } from './accepting.mjs';
import { openWindow, OWN, pause, until } from './editor.mjs';
import { LINES, runbook } from './memory.mjs';
import { Model } from './model.mjs';
import { figure, scenes } from './scenes.mjs';

const model = await new Model().start();
after(() => model.stop());
const scene = scenes({
  name: 'questions',
  config: model.config().replace('[memory]', '[memory]\nminConfidence = 0'),
  env: { OPENAI_API_KEY: 'not-a-real-key' },
  files: { 'runbooks/logs.md': runbook(LINES) },
  offered: true,
});
/** A person's patience, from the click on the status bar to the answer. */
const SECONDS_MS = 10_000;
let number = 0;
const begin = (editor) => editor.open(`notebook-${++number}.md`, '# Today\n\n## Task\n\nto do\n\n```bash\ntrue\n```\n', OWN);
const toast = (editor, words) => editor.page.locator('.notification-toast', { hasText: words });
const button = (where, words) => where.locator('.monaco-button', { hasText: words }).first();

scene('the runbooks of a workspace are offered once, shown, and learned', async (editor) => {
  const notebook = await begin(editor);
  const offer = toast(editor, 'Ghostcells can learn');
  await offer.waitFor();
  await editor.shot('offer');
  await button(offer, 'Show Them First').click();
  const page = await until(async () => (await editor.ask('texts')).find((one) => one.text.includes('# What would be learned'))?.text, 'the preview');
  assert.ok(page.includes(LINES[0]) && page.includes(LINES[1]), page); // Neither has anything that would be escaped.
  await rendered(editor);
  await editor.shot('offer-preview');
  await button(toast(editor, /^.*Learn \d+ command/), /^Learn$/).click();
  const { agreed, learned } = await notebook.next('runbooks-answered');
  assert.equal(agreed, true);
  assert.ok(learned >= 1);
  await editor.execute('notifications.clearAll');
  await editor.discard();
  const mark = notebook.log.mark();
  await editor.execute('ghostcells.restart');
  await notebook.log.next(mark, 'condition', (one) => one.condition === 'running');
  await pause(4000); // The offer comes three seconds after the start.
  assert.deepEqual(notebook.log.since(mark, 'runbooks'), [], 'nothing is read a second time to ask');
  assert.equal(await offer.count(), 0);
  const after = await begin(editor);
  model.dismiss();
  await intend(after, 1, LINES);
}, { anew: true });

scene('four questions, each answered from the status bar within ten seconds', async (editor, t, attempt) => {
  const notebook = await begin(editor);
  model.dismiss();
  const intent = `Compress the access log, attempt ${attempt}`;
  await notebook.edit(1);
  await editor.press('Control+a');
  await editor.type(intent, 5);
  (await model.take(intent)).say('```bash\ngzip access.log\n```\n').end();
  const { index } = await ghostWith(notebook, 'gzip access.log');
  await until(async () => /gpt-4o-mini/.test(await notebook.label(index)), 'the end of the stream');
  const waits = [];
  const ask = async (question, fits) => {
    const began = Date.now();
    await editor.page.locator('.statusbar-item', { hasText: 'Ghosts' }).click();
    await editor.page.locator('.quick-input-list .monaco-list-row', { hasText: question }).click();
    const { text } = await until(async () => (await editor.ask('texts')).find((one) => one.uri.startsWith('ghostcells:') && fits(one.text)), question);
    await rendered(editor);
    waits.push(Date.now() - began);
    await editor.shot(question.toLowerCase().replace(/\W+/g, '-'));
    await editor.ask('closePages');
    return text;
  };
  const why = await ask('Why this ghost?', (text) => text.includes('# Suggestion') && text.includes('gzip access.log'));
  assert.match(why, /Because of: \w+/);
  const sent = await ask('What was sent?', (text) => text.includes('# What was sent') && text.includes(intent));
  const request = JSON.parse(model.bodies.findLast((body) => body.includes(intent)));
  const last = [request.messages.at(-1).content].flat().map((part) => part.text ?? part).join('');
  assert.ok(sent.includes(last.trim()), `to the letter: ${last}`);
  const cost = await ask('What did it cost?', (text) => text.includes('# What models cost'));
  assert.match(cost, /today \| \$0\.\d*[1-9]/);
  assert.ok(cost.includes(`notebook\\-${number}.md`), cost);
  const learning = await ask('Is it learning?', (text) => text.includes('# Is it learning?'));
  assert.match(learning, /It knows [1-9]\d* examples/);
  assert.ok(figure(t, 'a question, from the status bar to the answer', waits) < SECONDS_MS);
  assert.ok(Math.max(...waits) < SECONDS_MS);
});

scene('the dashboard opens from the menu, and its server ends with the window', async (editor) => {
  const second = await openWindow(editor.bench);
  let server;
  try {
    await begin(second);
    const mark = editor.bench.log.mark();
    await second.page.locator('.statusbar-item', { hasText: 'Ghosts' }).click();
    await second.page.locator('.quick-input-list .monaco-list-row', { hasText: 'Open the dashboard' }).click();
    server = (await editor.bench.log.next(mark, 'dashboard')).pid;
    await second.page.mouse.click(700, 600); // As long as the focus is on the status bar, its words cover the question.
    // A window in a browser is not sent to the page: it is given the link.
    await button(toast(second, 'The dashboard answers only as'), 'Copy the Link').click();
    await editor.bench.log.next(mark, 'dashboard-link');
    const page = await editor.bench.context.newPage();
    await page.goto(await second.page.evaluate(() => navigator.clipboard.readText()));
    await page.locator('h1', { hasText: 'Overview' }).waitFor();
    await page.screenshot({ path: editor.bench.at('shots', 'dashboard.png') });
    await page.close();
    await second.discard();
  } finally {
    await second.shot('dashboard-from-here');
    await second.page.close();
  }
  assert.ok(server > 0);
  await until(() => !alive(server), 'the server to end', 30_000);
});

/** A page is Markdown that the editor shows in a frame within a frame, which it uncovers when all is there. */
async function rendered(editor) {
  await until(async () => {
    const found = await Promise.all(editor.page.frames().map((frame) => uncovered(frame).catch(() => false)));
    return found.includes(true);
  }, 'the page to be drawn');
}

async function uncovered(frame) {
  for (let outer = frame; outer.parentFrame() !== null; outer = outer.parentFrame()) {
    if (!(await (await outer.frameElement()).isVisible())) {
      return false;
    }
  }
  return await frame.locator('.markdown-body h1').first().isVisible();
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
