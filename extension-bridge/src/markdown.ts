/**
 * Markdown as cells and back. What was not edited is written as it was read, to the byte; what was edited is written anew,
 * with the fence, the indentation and the blank lines that it had. Imports no vscode.
 *
 * Where a fence begins and ends is decided by markdown-it; fences in lists, quotes and comments belong to the prose around them.
 */

import MarkdownIt from 'markdown-it';
import { infoFor, languageOf } from './languages';

/** A cell; `source` is where it came from: its exact text with the blank lines after it, and its place in the file. */
export interface MarkdownCell {
  readonly kind: 1 | 2;
  readonly language: string;
  readonly value: string;
  readonly source?: Source | undefined;
}

export interface Source {
  readonly raw: string;
  readonly at: number;
}

/** `lead` is what stands before the first cell: a byte order mark, blank lines. */
export interface MarkdownDocument {
  readonly lead: string;
  readonly cells: readonly MarkdownCell[];
}

interface Fence {
  readonly indent: string;
  readonly mark: string;
  readonly info: string;
  readonly value: string;
  readonly closing: string | undefined;
  readonly trail: string;
}

const FRONT_MATTER = /^(---|\+\+\+)[ \t]*(?:\r\n|\r|\n)(?:[^\r\n]*(?:\r\n|\r|\n))*?\1[ \t]*(?=\r|\n|$)/;
const LINE = /[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g;
const OPENING = /^( {0,3})(`{3,}|~{3,})([^\r\n]*)$/;

const BOM = '\ufeff';

let parser: MarkdownIt | undefined;

export function parse(text: string): MarkdownDocument {
  const mark = text.startsWith(BOM) ? BOM : '';
  const lines = text.slice(mark.length).match(LINE) ?? [];
  const blank = lines.findIndex((line) => line.trim() !== '');
  const starts = boundaries(lines, blank);
  const cells = starts.map((start, at) => cellOf({ raw: lines.slice(start, starts[at + 1] ?? lines.length).join(''), at }));
  return { lead: mark + lines.slice(0, starts[0] ?? lines.length).join(''), cells };
}

/** The cell that a piece of source is. A pure function of the text, so that a cell can be compared with what it was. */
function cellOf(source: Source): MarkdownCell {
  const { raw } = source;
  const front = source.at === 0 ? FRONT_MATTER.exec(raw) : null;
  if (front !== null && raw.slice(front[0].length).trim() === '') {
    return { kind: 2, language: front[1] === '---' ? 'yaml' : 'toml', value: lf(front[0]), source };
  }
  const fence = fenceOf(raw);
  return fence === undefined
    ? { kind: 1, language: 'markdown', value: lf(withoutTrail(raw)), source }
    : { kind: 2, language: languageOf(fence.info), value: fence.value, source };
}

/** The numbers of the lines with which cells begin, in order. `first` is the first line that is not blank, or -1. */
function boundaries(lines: readonly string[], first: number): number[] {
  if (first < 0) {
    return [];
  }
  const start = frontMatterEnd(lines);
  const found = new Set([first, start]);
  parser ??= new MarkdownIt('commonmark');
  for (const token of parser.parse(lines.slice(start).join(''), {})) {
    if (token.level === 0 && token.map !== null) {
      if (token.type === 'heading_open') {
        found.add(start + token.map[0]);
      } else if (token.type === 'fence') {
        found.add(start + token.map[0]);
        found.add(start + token.map[1]);
      }
    }
  }
  // Blank lines belong to the cell before them.
  const filled = [...found].map((from) => lines.findIndex((line, index) => index >= from && line.trim() !== ''));
  return [...new Set(filled)].filter((from) => from >= 0).toSorted((one, other) => one - other);
}

/** The number of lines that front matter takes; 0 where there is none. */
function frontMatterEnd(lines: readonly string[]): number {
  const front = FRONT_MATTER.exec(lines.join(''));
  return front === null ? 0 : (front[0].match(LINE) ?? []).length;
}

function fenceOf(raw: string): Fence | undefined {
  const lines = raw.match(LINE) ?? [];
  const opening = OPENING.exec(chomp(lines[0] ?? ''));
  const [, indent = '', mark = '', info = ''] = opening ?? [];
  if (opening === null || (mark.startsWith('`') && info.includes('`'))) {
    return undefined;
  }
  const closes = new RegExp(`^ {0,3}\\${mark.charAt(0)}{${String(mark.length)},}[ \\t]*$`);
  const end = lines.findIndex((line, index) => index > 0 && closes.test(chomp(line)));
  const body = lines.slice(1, end < 0 ? lines.length : end).map((line) => outdented(chomp(line), indent.length));
  if (end < 0) {
    return { indent, mark, info, value: body.join('\n'), closing: undefined, trail: '' };
  }
  return { indent, mark, info, value: body.join('\n'), closing: chomp(lines[end] ?? ''), trail: lines.slice(end).join('').slice(chomp(lines[end] ?? '').length) };
}

function outdented(line: string, most: number): string {
  let spaces = 0;
  while (spaces < most && line[spaces] === ' ') {
    spaces++;
  }
  return line.slice(spaces);
}

export function serialize(lead: string, cells: readonly MarkdownCell[]): string {
  const eol = eolOf(lead, cells);
  const full = cells.filter((cell) => cell.kind === 2 || cell.value.trim() !== '' || cell.source !== undefined);
  let out = lead;
  let before: MarkdownCell | undefined;
  for (const [index, cell] of full.entries()) {
    const text = written(cell, eol, index === full.length - 1);
    if (text === '') {
      continue;
    }
    if (before === undefined ? out.trim() !== '' : !adjacent(before, cell)) {
      out = withBlankLine(out, eol);
    }
    out += text;
    before = cell;
  }
  return out;
}

function adjacent(one: MarkdownCell, other: MarkdownCell): boolean {
  return one.source !== undefined && other.source !== undefined && one.source.at + 1 === other.source.at;
}

function withBlankLine(text: string, eol: string): string {
  if (text === '' || /(?:\r\n|\r|\n)[ \t]*(?:\r\n|\r|\n)$/.test(text)) {
    return text;
  }
  return /[\r\n]$/.test(text) ? text + eol : text + eol + eol;
}

function written(cell: MarkdownCell, eol: string, last: boolean): string {
  const { source } = cell;
  if (source !== undefined && unchanged(cell, source)) {
    const fence = cell.kind === 2 ? fenceOf(source.raw) : undefined;
    if (last || fence === undefined || fence.closing !== undefined) {
      return source.raw;
    }
  }
  return cell.kind === 2 ? code(cell, eol) : prose(cell, eol);
}

function unchanged(cell: MarkdownCell, source: Source): boolean {
  const was = cellOf(source);
  return was.kind === cell.kind && was.language === cell.language && was.value === lf(cell.value);
}

function prose(cell: MarkdownCell, eol: string): string {
  const trail = cell.source === undefined ? eol : trailOf(cell.source.raw);
  const text = lf(cell.value);
  return text.trim() === '' ? '' : text.replace(/\n/g, eol) + trail;
}

function code(cell: MarkdownCell, eol: string): string {
  const { source } = cell;
  const text = lf(cell.value);
  if (source !== undefined && source.at === 0 && ['yaml', 'toml'].includes(cell.language) && fenceOf(source.raw) === undefined && FRONT_MATTER.test(text)) {
    return text.replace(/\n/g, eol) + trailOf(source.raw);
  }
  const was = source === undefined ? undefined : fenceOf(source.raw);
  const indent = was?.indent ?? '';
  const info = infoFor(cell.language, was?.info ?? '');
  const mark = longEnough(info.includes('`') ? '~~~' : (was?.mark ?? '```'), text);
  const lines = [`${mark}${info}`, ...(text === '' ? [] : text.split('\n')), mark];
  // Lines of the text are indented even where they are blank, so that the indentation they have of their own comes back.
  return lines.map((line) => indent + line).join(eol) + (was?.closing === undefined ? eol : was.trail);
}

/** A fence that nothing in the text can close. */
function longEnough(mark: string, text: string): string {
  const character = mark.charAt(0);
  const runs = text.match(new RegExp(`^ *\\${character}{3,}`, 'gm')) ?? [];
  const longest = Math.max(0, ...runs.map((run) => run.trim().length));
  return character.repeat(Math.max(mark.length, longest + 1, 3));
}

function chomp(line: string): string {
  return line.replace(/[\r\n]+$/, '');
}

function lf(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}

function trailOf(raw: string): string {
  return /(?:(?:\r\n|\r|\n)[ \t]*)*$/.exec(raw)?.[0] ?? '';
}

function withoutTrail(raw: string): string {
  return raw.slice(0, raw.length - trailOf(raw).length);
}

/** The line end that the file has most. */
function eolOf(lead: string, cells: readonly MarkdownCell[]): string {
  const text = lead + cells.map((cell) => cell.source?.raw ?? '').join('');
  const pairs = (text.match(/\r\n/g) ?? []).length;
  const feeds = (text.match(/\n/g) ?? []).length - pairs;
  return pairs > feeds ? '\r\n' : '\n';
}
