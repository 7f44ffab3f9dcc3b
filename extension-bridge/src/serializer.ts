/** Our Markdown notebook in the editor: files to cells and back, without ghosts, and the kernel for its shell cells. */

import * as vscode from 'vscode';
import type { Books } from './books';
import { OWN_TYPE } from './cells';
import { ShellKernel } from './kernel';
import { type MarkdownCell, parse, type Source, serialize } from './markdown';
import { GHOST_LANGUAGE } from './plan';
import { record } from './record';

const KINDS = { 1: vscode.NotebookCellKind.Markup, 2: vscode.NotebookCellKind.Code } as const;
const SOURCE = 'ghostcellsSource';

interface Marked {
  readonly ghostcells?: { readonly id?: unknown; readonly ghost?: unknown };
  readonly [SOURCE]?: Source;
}

export function registerMarkdown(books: Books, log: vscode.LogOutputChannel): vscode.Disposable[] {
  return [
    vscode.workspace.registerNotebookSerializer(OWN_TYPE, new MarkdownSerializer(books), { transientOutputs: true }),
    new ShellKernel(books, log),
  ];
}

class MarkdownSerializer implements vscode.NotebookSerializer {
  constructor(private readonly books: Books) {}

  deserializeNotebook(content: Uint8Array): vscode.NotebookData {
    const { lead, cells } = parse(decoded(content));
    const data = new vscode.NotebookData(
      cells.map((cell) => {
        const made = new vscode.NotebookCellData(KINDS[cell.kind], cell.value, cell.language);
        made.metadata = { [SOURCE]: cell.source };
        return made;
      }),
    );
    data.metadata = { lead };
    return data;
  }

  serializeNotebook(data: vscode.NotebookData): Uint8Array {
    const cells = data.cells.flatMap((cell) => this.saved(cell));
    record('serialized', { cells: data.cells.length, saved: cells.length });
    const lead: unknown = data.metadata?.['lead'];
    return new TextEncoder().encode(serialize(typeof lead === 'string' ? lead : '', cells));
  }

  /** The cell as it is saved; nothing of a ghost. */
  private saved(cell: vscode.NotebookCellData): MarkdownCell[] {
    const marked = (cell.metadata ?? {}) as Marked;
    const id = marked.ghostcells?.id;
    const ledger = typeof id === 'string' ? this.ledgerOf(id) : undefined;
    if (ledger === undefined && (marked.ghostcells?.ghost === true || cell.languageId === GHOST_LANGUAGE)) {
      return [];
    }
    // An acceptance under way has still the ghost's language.
    const language = cell.languageId === GHOST_LANGUAGE ? (ledger?.ghost(String(id))?.languageId ?? 'plaintext') : cell.languageId;
    return [{ kind: cell.kind, language, value: cell.value, source: marked[SOURCE] }];
  }

  /** The ledger in which this id is the user's. */
  private ledgerOf(id: string): import('./ledger').Ledger | undefined {
    return [...this.books].find((book) => book.ledger.isTaken(id))?.ledger;
  }
}

function decoded(content: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    throw new Error('This file is not UTF-8 text, and would not be saved as it was: open it in the text editor.');
  }
}
