// One workbench for the scenes of a file, one notebook for each scene, and a picture of how each ended.
//
// A browser, a server and a daemon share a machine that may build something else meanwhile, so what fails is tried again, the last
// time in a new workbench; the run says which scenes needed that. A scene has failed when no attempt passed.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openWindow } from './editor.mjs';
import { launch } from './workbench.mjs';

const ATTEMPTS = 3;
const ATTEMPT_MS = 120_000;
/** After this moment no scene begins: scripts/test-editor --minutes. */
const END_MS = Number(process.env.GHOSTCELLS_EDITOR_END_MS ?? Number.POSITIVE_INFINITY);

/**
 * @returns a function that declares a scene; its body gets the window, the test's context for figures, and which attempt it is: 1, 2,
 *   3. With `anew` each further attempt has a new workbench.
 */
export function scenes(options) {
  const room = new Room(options);
  after(() => room.close());
  return (name, run, { anew = false } = {}) =>
    attempted(name, ATTEMPT_MS, async (t, attempt, failure) => {
      if ((anew && attempt > 1) || attempt === ATTEMPTS || failure instanceof TooLong) {
        await room.leave();
      }
      await room.play(name, run, t, attempt);
    });
}

/** A test that has failed when none of its attempts passed. `ms` is for one of them. */
export function attempted(name, ms, run) {
  test(name, { timeout: ATTEMPTS * 2 * ms }, async (t) => {
    if (Date.now() > END_MS) {
      t.skip('the time that was given is over');
      return;
    }
    const failures = [];
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      try {
        await run(t, attempt, failures.at(-1));
        failures.forEach(({ message }) => t.diagnostic(`passed on retry: ${name}: ${message.split('\n')[0]}`));
        return;
      } catch (error) {
        failures.push(error);
        t.diagnostic(`attempt ${attempt} failed: ${error.stack}`);
      }
    }
    throw failures.at(-1);
  });
}

class TooLong extends Error {}

async function inTime(running) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(reject, ATTEMPT_MS, new TooLong(`it has not ended after ${String(ATTEMPT_MS / 1000)} s`));
  });
  await Promise.race([running, late]).finally(() => clearTimeout(timer));
}

/** The workbench of a file: made when the first scene needs it, and made anew when it is not to be trusted any more. */
class Room {
  outside = [];
  /** How many workbenches there have been. */
  count = 0;

  constructor(options) {
    this.options = options;
  }

  async enter() {
    if (this.editor === undefined) {
      this.count += 1;
      const name = this.count === 1 ? this.options.name : `${this.options.name}-${this.count}`;
      this.bench = await launch({ ...this.options, name, outside: this.outside });
      this.editor = await openWindow(this.bench);
    }
    return this.editor;
  }

  async leave() {
    const { bench } = this;
    this.editor = undefined;
    this.bench = undefined;
    await bench?.close().catch(() => undefined);
  }

  async play(name, run, t, attempt) {
    const editor = await this.enter();
    const slug = name.replace(/[^a-z0-9]+/gi, '-').toLowerCase().slice(0, 80);
    try {
      await inTime(run(editor, t, attempt));
    } catch (error) {
      await editor.shot(`failed-${slug}-${attempt}`).catch(() => undefined);
      const state = await editor.ask('state').catch(String);
      t.diagnostic(`the notebook then: ${JSON.stringify(state?.cells?.map((cell) => [cell.language, cell.text, cell.metadata?.ghostcells]))}`);
      throw error;
    } finally {
      await editor.shot(slug).catch(() => undefined);
      await editor.discard();
    }
  }

  async close() {
    await this.leave();
    assert.deepEqual(this.outside, [], 'the workbench asked for nothing outside this computer');
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
