// Bundles the tests and runs them in plain Node, with vscode.ts in place of the editor; arguments are parts of file names.
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';

const here = import.meta.dirname;
const wanted = process.argv.slice(2);
const files = readdirSync(here).filter((name) => name.endsWith('.test.ts') && (wanted.length === 0 || wanted.some((one) => name.includes(one))));
const outdir = path.join(here, '..', 'dist', 'test');
await build({
  entryPoints: files.map((name) => path.join(here, name)),
  outdir,
  bundle: true,
  alias: { vscode: path.join(here, 'vscode.ts') },
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  sourcemap: 'inline',
  logLevel: 'warning',
});
const built = files.map((name) => path.join(outdir, name.replace(/\.ts$/, '.js')));
process.exit(spawnSync(process.execPath, ['--enable-source-maps', '--test', '--test-reporter=spec', ...built], { stdio: 'inherit' }).status ?? 1);
