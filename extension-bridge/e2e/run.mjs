// Runs files of scenes, several at a time: node run.mjs WORKBENCHES REPORT FILE...; what takes longest comes first.
//
// `node --test` runs files in the order of their names, after which one workbench would be left with a long one alone.
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import closing from './closing.mjs';

/** The longest first, as measured; a file that is not named here is run after them. */
const LONGEST = ['backandforth', 'stream', 'saving', 'jupyter', 'lifecycle', 'markdown', 'newuser'];

const [workbenches, report, ...files] = process.argv.slice(2);
const place = (file) => {
  const at = LONGEST.indexOf(path.basename(file, '.test.mjs'));
  return at < 0 ? LONGEST.length : at;
};
const events = run({ files: files.toSorted((one, other) => place(one) - place(other)), concurrency: Number(workbenches) });
events.on('test:fail', () => {
  process.exitCode = 1;
});
events.compose(spec).pipe(process.stdout);
events.compose(closing).pipe(createWriteStream(report));
