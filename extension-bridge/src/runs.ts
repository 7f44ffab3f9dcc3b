/** What ran in a notebook, whichever kernel ran it: text, success, exit status, duration, outputs. */

import * as vscode from 'vscode';
import { uriOf } from './cells';
import type { ExecutedParams, Output } from './protocol';

/** More than any reader keeps of one run; a log of a hundred megabytes is not sent. */
const MAX_OUTPUT_CHARS = 100_000;
const TEXT = /^(?:text\/|application\/(?:json|x-ndjson|vnd\.code\.notebook\.(?:stdout|stderr|error))|application\/.*\+json)/;
const RUNME_TERMINAL = 'stateful.runme/terminal';
/** Our own kernel's note of the exit status, in an output's metadata. */
export const EXIT_CODE = 'exitCode';

type Fields = Record<string, unknown>;

export class Runs {
  /** Cells that are running, with the text that they had when they began. */
  private readonly running = new Map<string, string>();

  /** The run that this change ends, if it ends one. */
  ended(change: vscode.NotebookDocumentCellChange): Omit<ExecutedParams, 'notebook'> | undefined {
    const summary = change.executionSummary;
    const { cell } = change;
    if (summary === undefined || cell.kind !== vscode.NotebookCellKind.Code) {
      return undefined;
    }
    const uri = uriOf(cell);
    if (summary.success === undefined) {
      if (!this.running.has(uri)) {
        this.running.set(uri, cell.document.getText());
      }
      return undefined;
    }
    const text = this.running.get(uri);
    this.running.delete(uri);
    if (text === undefined) {
      return undefined; // Not seen running: told of again, loaded or copied.
    }
    return { cell: uri, text, success: summary.success, ...numbers(cell, summary), outputs: outputsOf(cell) };
  }

  closed(notebook: vscode.NotebookDocument): void {
    for (const cell of notebook.getCells()) {
      this.running.delete(uriOf(cell));
    }
  }
}

function numbers(cell: vscode.NotebookCell, summary: vscode.NotebookCellExecutionSummary): { exitCode?: number; durationMs?: number } {
  const exitCode = exitCodeOf(cell);
  const timing = summary.timing;
  const durationMs = timing === undefined ? undefined : Math.max(0, Math.round(timing.endTime - timing.startTime));
  return { ...(exitCode === undefined ? {} : { exitCode }), ...(durationMs === undefined ? {} : { durationMs }) };
}

/** Other kernels say no more than whether it succeeded: Runme's keeps the status for the file of a session. */
function exitCodeOf(cell: vscode.NotebookCell): number | undefined {
  for (const output of cell.outputs) {
    const code = fields(output.metadata)?.[EXIT_CODE];
    if (typeof code === 'number' && Number.isSafeInteger(code)) {
      return code;
    }
  }
  return undefined;
}

function fields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
}

function outputsOf(cell: vscode.NotebookCell): Output[] {
  const found: Output[] = [];
  let left = MAX_OUTPUT_CHARS;
  for (const item of cell.outputs.flatMap((output) => readable(output.items))) {
    const text = textOf(item).slice(0, left);
    left -= text.length;
    if (text !== '') {
      found.push({ mime: item.mime === RUNME_TERMINAL ? 'text/plain' : item.mime, text });
    }
  }
  return found;
}

/** The items with text; Runme's terminal only where nothing else says the same. */
function readable(items: readonly vscode.NotebookCellOutputItem[]): vscode.NotebookCellOutputItem[] {
  const plain = items.filter((item) => TEXT.test(item.mime));
  return plain.length > 0 ? plain : items.filter((item) => item.mime === RUNME_TERMINAL);
}

function textOf(item: vscode.NotebookCellOutputItem): string {
  const text = new TextDecoder().decode(item.data.subarray(0, MAX_OUTPUT_CHARS * 4));
  return item.mime === RUNME_TERMINAL ? terminalText(text) : text;
}

/** Runme keeps a terminal's content in a description of the terminal. */
function terminalText(description: string): string {
  try {
    const state = fields(JSON.parse(description));
    const content = state?.['content'] ?? fields(state?.['output'])?.['content'];
    return typeof content === 'string' ? content : '';
  } catch {
    return '';
  }
}
