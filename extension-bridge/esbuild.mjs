// Bundles the extension into dist/extension.js.
import { build } from 'esbuild';

await build({
  entryPoints: ['src/extension.ts'],
  outfile: 'dist/extension.js',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  mainFields: ['module', 'main'],
  external: ['vscode'],
  minify: true,
  sourcemap: process.argv.includes('--maps'),
  legalComments: 'none',
  logLevel: 'warning',
});
