// A new user: a bare workbench with the packed extension, and nothing to go by but its walkthrough.
// The pictures of the extension's README are taken here.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { attempted } from './scenes.mjs';
import { daemon, launch, pause, until } from './workbench.mjs';

/** With GHOSTCELLS_EDITOR_INSTALL=1 the daemon is installed by the walkthrough, from a registry; else it is on PATH. */
const installs = process.env.GHOSTCELLS_EDITOR_INSTALL === '1';
const INSTALL_MS = 600_000;
const images = path.join(import.meta.dirname, '..', 'images');
const INTENT = 'How many orders failed today?';
let bench;
let page;

/** @returns a bare workbench; a new one each time. */
async function bareWorkbench() {
  bench = await launch({
    name: 'newuser',
    companion: false,
    files: { 'README.md': '# My project\n' },
    config: '',
    settings: { 'editor.quickSuggestions': {}, 'workbench.colorTheme': 'Default Light Modern' },
    machine: { 'ghostcells.daemon.path': '' },
    profile: installs ? '' : `export PATH="${path.dirname(daemon)}:$PATH"\n`,
  });
  ({ page } = await bench.page());
}

const row = (index) => page.locator(`.notebookOverlay .cell-list-container .monaco-list-row[data-index="${index}"]`);
const link = (words) => page.locator('.getting-started-step.expanded').locator('a, .monaco-button').filter({ hasText: words }).last();

async function palette(words) {
  await page.keyboard.press('F1');
  await page.locator('.quick-input-widget input[type="text"]').waitFor();
  await page.keyboard.type(words);
  await page.locator('.quick-input-list .monaco-list-row', { hasText: words }).first().click();
}

async function walkthrough(step) {
  await palette('Welcome: Open Walkthrough...');
  await page.keyboard.type('Ghostcells');
  await page.locator('.quick-input-list .monaco-list-row.focused[aria-setsize="1"]', { hasText: 'Ghostcells' }).waitFor();
  await page.keyboard.press('Enter'); // A click can meet the hover that the row before it has left.
  await page.locator('.getting-started-step', { hasText: step }).click();
}

async function shot(name) {
  await page.screenshot({ path: bench.at('shots', `${name}.png`) });
}

/** A picture for the README, of the part of the window that `part` finds. */
async function picture(name, part) {
  if (process.env.GHOSTCELLS_EDITOR_IMAGES !== '1') {
    return;
  }
  fs.mkdirSync(images, { recursive: true });
  await page.screenshot({ path: path.join(images, `${name}.png`), clip: await part() });
}

/** From the top of a cell to the bottom of another, as wide as the notebook. */
async function cells(first, last) {
  const [top, bottom] = [await row(first).boundingBox(), await row(last).boundingBox()];
  return { x: top.x, y: top.y - 24, width: top.width, height: bottom.y + bottom.height - top.y + 32 };
}

attempted('following the walkthrough leads to a ghost that is accepted and run, and comes back better', installs ? INSTALL_MS + 120_000 : 120_000, async () => {
  try {
    await bareWorkbench();
    await follow();
  } catch (error) {
    await shot('failed').catch(() => undefined);
    throw error;
  } finally {
    await bench?.close();
  }
});

async function follow() {
  await walkthrough('Install the daemon');
  await shot('1-walkthrough');
  await picture('walkthrough', () => ({ x: 353, y: 36, width: 920, height: 600 }));
  if (installs) {
    await link('Install the daemon').click();
    await bench.log.next(0, 'installed', () => true, INSTALL_MS);
    await shot('2-installed');
  }

  await page.locator('.getting-started-step', { hasText: 'Show it something' }).click();
  await link('Open the tour notebook').click();
  await row(0).waitFor({ state: 'attached', timeout: 90_000 });
  await bench.log.next(0, 'condition', (one) => one.condition === 'running');
  await shot('3-tour');
  const code = await until(async () => {
    const found = page.locator('.notebookOverlay .monaco-list-row', { hasText: 'grep -c FAILED' });
    return (await found.count()) > 0 ? Number(await found.first().getAttribute('data-index')) : undefined;
  }, 'the shell cell');
  await row(code).locator('.view-line').first().click();
  await page.keyboard.press('Shift+Enter');
  const first = await bench.log.next(0, 'executed');
  assert.equal(first.success, true);
  await shot('4-ran');

  // "At the end of the tour notebook, write what you are about to do."
  const label = await ghost(INTENT, 'grep -c FAILED orders.log');
  assert.match(label, /you ran this/);
  await shot('5-ghost');
  await picture('ghost', () => cells(3, 4));
  await pause(400);
  const accepted = bench.log.mark();
  await page.keyboard.press('ArrowDown');
  await bench.log.next(accepted, 'accepted');
  await shot('6-accepted');
  // Made better than what was suggested, and run.
  await page.keyboard.press('Control+End');
  await page.keyboard.type(' && grep FAILED orders.log', { delay: 20 });
  await page.keyboard.press('Shift+Enter');
  const second = await bench.log.next(accepted, 'executed', (one) => one.text.includes('&&'));
  assert.equal(second.success, true);
  await shot('7-run');

  await walkthrough('Show it something');
  await link('Open the tour notebook').click();
  await pause(1000);
  await ghost(INTENT, 'grep -c FAILED orders.log && grep FAILED orders.log');
  await shot('8-the-next-time');
}

/** Adds a Markdown cell at the end, writes into it, asks as the tour says if nothing comes; what stands below the ghost. */
async function ghost(intent, command) {
  await page.locator('.notebookOverlay .monaco-list-row').first().waitFor({ state: 'attached' });
  await page.keyboard.press('Control+End');
  await page.locator('.notebook-toolbar-container').getByText('Markdown', { exact: true }).click();
  await page.keyboard.type(intent, { delay: 30 });
  const found = page.locator('.notebookOverlay .monaco-list-row', { hasText: /suggested cell/ });
  await page.mouse.move(800, 500);
  const shows = async () => {
    const texts = (await found.allInnerTexts()).map((text) => text.replace(/\u00a0/g, ' '));
    // A ghost below the edge of the window is said in the status bar.
    return texts.some((text) => text.includes(command)) || (await page.locator('.statusbar-item', { hasText: command }).count()) > 0;
  };
  await until(shows, 'a ghost that comes by itself', 2000).catch(() => page.keyboard.press('Control+Alt+Space'));
  await until(shows, `the ghost of ${command}`);
  if ((await found.count()) === 0) {
    await page.mouse.wheel(0, 200); // No further: what is edited has to stay in view, or the keys after it are commands.
  }
  return await found.first().locator('.cell-statusbar-container').innerText({ timeout: 2000 }).catch(() => '');
}
