// Bundles the tests, which import no vscode, and runs them in plain Node; arguments are parts of file names.
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
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  sourcemap: 'inline',
  logLevel: 'warning',
});
const built = files.map((name) => path.join(outdir, name.replace(/\.ts$/, '.js')));
process.exit(spawnSync(process.execPath, ['--enable-source-maps', '--test', '--test-reporter=spec', ...built], { stdio: 'inherit' }).status ?? 1);
