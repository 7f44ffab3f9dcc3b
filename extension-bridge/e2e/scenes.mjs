// One workbench for the scenes of a file, one notebook for each scene, and a picture of how each ended.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openWindow } from './editor.mjs';
import { launch } from './workbench.mjs';

const LIMIT_MS = 180_000;

/** @returns a function that declares a scene; its body gets the window, and the test's context for figures. */
export function scenes(options) {
  const here = {};
  before(async () => {
    here.bench = await launch(options);
    here.editor = await openWindow(here.bench);
  });
  after(async () => {
    const { bench } = here;
    await bench?.close();
    assert.deepEqual(bench?.outside, [], 'the workbench asked for nothing outside this computer');
  });
  return (name, run) =>
    test(name, { timeout: LIMIT_MS }, async (t) => {
      try {
        await play(here.editor, name, run, t);
      } catch (error) {
        // A browser, a server and a daemon on two cores: what fails is tried once more, and that is said.
        t.diagnostic(`second try: ${name}: ${error.message}`);
        await play(here.editor, name, run, t);
      }
    });
}

async function play(editor, name, run, t) {
  const slug = name.replace(/[^a-z0-9]+/gi, '-').toLowerCase().slice(0, 80);
  try {
    await run(editor, t);
  } catch (error) {
    await editor.shot(`failed-${slug}`).catch(() => undefined);
    const state = await editor.ask('state').catch(String);
    t.diagnostic(`the notebook then: ${JSON.stringify(state?.cells?.map((cell) => [cell.language, cell.text, cell.metadata?.ghostcells]))}`);
    throw error;
  } finally {
    await editor.shot(slug).catch(() => undefined);
    await editor.discard();
  }
}

export function median(numbers) {
  const sorted = numbers.toSorted((one, other) => one - other);
  return sorted.length === 0 ? Number.NaN : sorted[Math.floor(sorted.length / 2)];
}

/** Says a figure in the run's output, and in the results. */
export function figure(t, what, values, unit = 'ms') {
  const round = (value) => (value < 10 ? value.toFixed(3) : value.toFixed(0));
  t.diagnostic(`figure: ${what}: median ${round(median(values))} ${unit}, most ${round(Math.max(...values))} ${unit}, of ${values.length}`);
  return median(values);
}
