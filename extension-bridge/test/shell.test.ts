/** The shell of a notebook: what one run sets the next one has, and nothing of one run's output is taken for another's. */

import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, test } from 'node:test';
import { type Ran, Shell } from '../src/shell';

let shell: Shell | undefined;
const started = (cwd = tmpdir()): Shell => (shell = new Shell('bash', cwd, process.env));

async function run(it: Shell, script: string): Promise<Ran & { out: string; err: string }> {
  const text = { stdout: '', stderr: '' };
  const ran = await it.run(script, (stream, part) => {
    text[stream] += part;
  });
  return { ...ran, out: text.stdout, err: text.stderr };
}

afterEach(() => {
  shell?.dispose();
});

test('output, errors and the exit status of a run', async () => {
  const it = started();
  assert.deepEqual(await run(it, 'echo out; echo err >&2; (exit 3)'), { code: 3, ended: false, out: 'out\n', err: 'err\n' });
  assert.deepEqual(await run(it, 'true'), { code: 0, ended: false, out: '', err: '' });
});

test('the directory and the variables persist', async () => {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'ghostcells-')));
  const it = started(folder);
  assert.equal((await run(it, 'pwd; X=7; mkdir sub; cd sub')).out, `${folder}\n`);
  assert.equal((await run(it, 'echo $X; pwd')).out, `7\n${folder}/sub\n`);
});

test('an error of syntax is that run’s own', async () => {
  const it = started();
  const ran = await run(it, 'if then');
  assert.notEqual(ran.code, 0);
  assert.match(ran.err, /syntax error/);
  assert.equal((await run(it, 'echo on')).out, 'on\n');
});

test('quotes, here-documents and functions are a script like any other', async () => {
  const it = started();
  const script = `f() { echo "it's $1"; }\nf 'a "b"'\ncat <<X\n$(echo inner)\nX`;
  assert.equal((await run(it, script)).out, 'it\'s a "b"\ninner\n');
});

test('a run that reads its input finds it empty', async () => {
  assert.equal((await run(started(), 'cat; read x; echo "[$x]"')).out, '[]\n');
});

test('`exit` ends the shell, and the next run begins in a new one', async () => {
  const it = started();
  assert.deepEqual(await run(it, 'X=1; echo a; exit 4'), { code: 4, ended: true, out: 'a\n', err: '' });
  assert.equal((await run(it, 'echo "[$X]"')).out, '[]\n');
});

test('an interrupt stops the run, not the shell, and nothing after it runs', async () => {
  const it = started();
  await run(it, 'X=5');
  let begun: () => void = () => undefined;
  const running = new Promise<void>((resolve) => {
    begun = resolve;
  });
  let out = '';
  const ran = it.run('echo begun; sleep 60; echo after', (_, text) => {
    out += text;
    begun();
  });
  await running;
  it.interrupt();
  const { code, ended } = await ran;
  assert.deepEqual([code, ended, out], [130, false, 'begun\n']);
  assert.equal((await run(it, 'echo $X')).out, '5\n');
});

test('much output arrives whole and in order', async () => {
  const { out } = await run(started(), 'seq 1 20000');
  assert.equal(out, `${Array.from({ length: 20000 }, (_, index) => String(index + 1)).join('\n')}\n`);
});

test('output arrives while the run goes on', async () => {
  const it = started();
  const folder = mkdtempSync(path.join(tmpdir(), 'ghostcells-'));
  await run(it, `mkfifo ${folder}/go`);
  let seen: () => void = () => undefined;
  const first = new Promise<void>((resolve) => {
    seen = resolve;
  });
  const ran = it.run(`echo first; read x < ${folder}/go; echo $x`, () => {
    seen();
  });
  await first;
  const other = new Shell('bash', folder, process.env);
  await run(other, 'echo second > go');
  other.dispose();
  assert.equal((await ran).code, 0);
});
