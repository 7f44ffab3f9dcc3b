/** Markdown to cells and back: to the byte where nothing was edited, and without harm to the rest where something was. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { type MarkdownCell, parse, serialize } from '../src/markdown';
import { runs } from './properties';

const RUNBOOKS = process.env['GHOSTCELLS_RUNBOOKS'] ?? '';

const again = (text: string): string => {
  const { lead, cells } = parse(text);
  return serialize(lead, cells);
};
const brief = (cells: readonly MarkdownCell[]): [number, string, string][] =>
  cells.map((cell) => [cell.kind, cell.language, cell.value]);

/** Lines of the kinds that Markdown is made of; together they nest fences, break lists, leave comments open. */
const line = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('', '', ' ', '\t', 'text', '# Head', '## Deep', 'Title', '===', '---', '+++', 'key: value') },
  { weight: 4, arbitrary: fc.constantFrom('```', '```bash', '````', '~~~', '~~~sh', '  ```py', '    ```', '\t```', '``` `x`', '```{.bash}', '> ```') },
  { weight: 3, arbitrary: fc.constantFrom('- item', '  - nested', '1. one', '   ```sh', '> quote', '    indented', '\tcode', '| a | b |', 'a  ') },
  { weight: 2, arbitrary: fc.constantFrom('<!--', '-->', '<pre>', '</pre>', '<details>', '</details>', '<b>', '[x]: y', '\\```', '\ufeff', '\0', '\u2028') },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 8 }) },
);
const eol = fc.oneof({ weight: 8, arbitrary: fc.constant('\n') }, { weight: 3, arbitrary: fc.constant('\r\n') }, { weight: 1, arbitrary: fc.constant('\r') });
const mixed = fc
  .tuple(fc.array(fc.tuple(line, eol), { maxLength: 25 }), fc.option(line, { nil: '' }))
  .map(([lines, last]) => lines.map((one) => one.join('')).join('') + last);
const uniform = fc
  .tuple(fc.array(line, { maxLength: 25 }), fc.constantFrom('\n', '\r\n'))
  .map(([lines, end]) => lines.map((one) => one.replace(/[\r\n]/g, '')).join(end));

test('a file that was not edited is saved byte for byte as it was', () => {
  fc.assert(
    fc.property(fc.oneof(mixed, uniform), (text) => {
      assert.equal(again(text), text);
    }),
    runs(6000),
  );
});

for (const [name, text] of Object.entries({
  nothing: '',
  'one blank line': '\n',
  'no newline at the end': '# A\n\n```bash\nls',
  'windows line ends': '# A\r\n\r\n```bash\r\nls\r\n```\r\ntext\r\n',
  'front matter': '---\ntitle: x\n---\n\n# A\n',
  'a fence in a list': '- do\n\n  ```bash\n  ls\n  ```\n\n- then\n',
  'a fence in a comment': '<!--\n```bash\nls\n```\n-->\n',
  'a byte order mark': '\ufeff# A\n\ntext\n',
  'a fence within a fence': '````md\n```bash\nls\n```\n````\n',
})) {
  test(`the same after saving: ${name}`, () => {
    assert.equal(again(text), text);
  });
}

test('fences become code cells, headings begin prose cells', () => {
  const text = '# Deploy\nfirst\n\n```bash {name=x}\nls\n\ncd /\n```\nmiddle\n\n## Next\n\n~~~py\n1\n~~~\n';
  assert.deepEqual(brief(parse(text).cells), [
    [1, 'markdown', '# Deploy\nfirst'],
    [2, 'shellscript', 'ls\n\ncd /'],
    [1, 'markdown', 'middle'],
    [1, 'markdown', '## Next'],
    [2, 'python', '1'],
  ]);
});

test('fences in lists, quotes and comments stay prose', () => {
  for (const text of ['- do\n\n  ```bash\n  ls\n  ```\n', '> ```bash\n> ls\n> ```\n', '<!--\n```bash\nls\n```\n-->\n', '    ```\n    x\n']) {
    assert.ok(parse(text).cells.every((cell) => cell.kind === 1), text);
  }
});

test('front matter is a cell of its own', () => {
  assert.deepEqual(brief(parse('---\na: 1\n---\n\ntext\n').cells), [
    [2, 'yaml', '---\na: 1\n---'],
    [1, 'markdown', 'text'],
  ]);
});

test('an edited cell keeps its fence, its indentation and the blank lines after it; the others are not touched', () => {
  const text = 'intro  \n\n  ```bash {interactive=false}\n  ls\n  ```\n\n\n* odd   list\n';
  const { lead, cells } = parse(text);
  const edited = cells.map((cell) => (cell.kind === 2 ? { ...cell, value: 'ls -la\n  pwd' } : cell));
  assert.equal(
    serialize(lead, edited),
    'intro  \n\n  ```bash {interactive=false}\n  ls -la\n    pwd\n  ```\n\n\n* odd   list\n',
  );
});

test('another language changes only the name in the fence', () => {
  const { lead, cells } = parse('```sh {a=b}\nx\n```\n');
  assert.equal(serialize(lead, cells.map((cell) => ({ ...cell, language: 'python' }))), '```python {a=b}\nx\n```\n');
});

test('a new cell is set off by blank lines, with the line ends of the file', () => {
  const { lead, cells } = parse('# A\r\ntext');
  const added: MarkdownCell = { kind: 2, language: 'shellscript', value: 'ls\npwd' };
  assert.equal(serialize(lead, [...cells, added]), '# A\r\ntext\r\n\r\n```bash\r\nls\r\npwd\r\n```\r\n');
});

test('a cell added below a fence that was never closed is not swallowed by it', () => {
  const { lead, cells } = parse('```bash\nls');
  const saved = serialize(lead, [...cells, { kind: 1, language: 'markdown', value: 'text' }]);
  assert.deepEqual(brief(parse(saved).cells), [
    [2, 'shellscript', 'ls'],
    [1, 'markdown', 'text'],
  ]);
});

test('an edited code cell comes back from the file as it was edited, and every other cell as it was', () => {
  const value = fc.array(fc.constantFrom('ls', '  x', '```', '~~~~', '', '# not a heading', '\t'), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(uniform, fc.nat(), value, (text, pick, lines) => {
      const { lead, cells } = parse(text);
      const codes = cells.filter((cell) => cell.kind === 2 && !cell.value.startsWith('---') && !cell.value.startsWith('+++'));
      const chosen = codes[pick % Math.max(1, codes.length)];
      if (chosen === undefined) {
        return;
      }
      const edited = cells.map((cell) => (cell === chosen ? { ...cell, value: lines.join('\n') } : cell));
      const reread = parse(serialize(lead, edited));
      assert.deepEqual(brief(reread.cells), brief(edited));
    }),
    runs(3000),
  );
});

test('removing a cell removes its text and no other', () => {
  const { lead, cells } = parse('one\n\n```bash\nls\n```\n\ntwo\n');
  assert.equal(serialize(lead, cells.filter((cell) => cell.kind === 1)), 'one\n\ntwo\n');
});

const missing = existsSync(RUNBOOKS) ? false : 'the collection of runbooks is not on this machine';
test('runbooks that people wrote are the same after saving', { skip: missing }, () => {
  const rows = gunzipSync(readFileSync(RUNBOOKS)).toString('utf8').split('\n').filter(Boolean);
  let count = 0;
  for (const row of rows) {
    const { markdown } = JSON.parse(row) as { markdown?: string };
    if (markdown !== undefined) {
      count++;
      assert.ok(again(markdown) === markdown, row.slice(0, 200));
    }
  }
  assert.ok(count > 0);
});
