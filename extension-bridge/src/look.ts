/** How ghosts look and what is said of them: grey text in every visible editor, a line below each, a preview below the anchor. */

import * as vscode from 'vscode';
import type { Book } from './book';
import type { Books } from './books';
import { uriOf } from './cells';
import { summary } from './plan';
import type { Ghost } from './protocol';
import { record } from './record';

const CELL_SCHEME = 'vscode-notebook-cell';

export class Look implements vscode.Disposable, vscode.NotebookCellStatusBarItemProvider {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCellStatusBarItems = this.changed.event;
  private readonly grey = vscode.window.createTextEditorDecorationType({
    color: new vscode.ThemeColor('ghostcells.foreground'),
    fontStyle: 'italic',
    isWholeLine: true,
    rangeBehavior: vscode.DecorationRangeBehavior.OpenOpen,
  });
  private painted = '';
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly books: Books) {
    this.subscriptions = [
      this.grey,
      this.changed,
      vscode.notebooks.registerNotebookCellStatusBarItemProvider('*', this),
      vscode.window.onDidChangeVisibleTextEditors(() => {
        this.paint();
      }),
    ];
  }

  refresh(): void {
    this.paint();
    this.changed.fire();
  }

  /** Cells have editors only while they are in view, and two of them in split views. */
  private paint(): void {
    const ghosts = new Map([...this.books].flatMap((book) => book.ghostCells.map((cell) => [cell.document, cell] as const)));
    const painted: string[] = [];
    for (const editor of vscode.window.visibleTextEditors) {
      if (editor.document.uri.scheme !== CELL_SCHEME) {
        continue;
      }
      const ghost = ghosts.has(editor.document);
      editor.setDecorations(this.grey, ghost ? [new vscode.Range(0, 0, editor.document.lineCount, 0)] : []);
      if (ghost) {
        painted.push(editor.document.uri.toString());
      }
    }
    const now = painted.join(' ');
    if (now !== this.painted) {
      this.painted = now;
      record('painted', { cells: painted });
    }
  }

  provideCellStatusBarItems(cell: vscode.NotebookCell): vscode.NotebookCellStatusBarItem[] {
    const book = this.books.at(cell.notebook.uri.toString());
    if (book === undefined) {
      return [];
    }
    const id = book.ghostId(cell);
    return id === undefined ? preview(book, cell) : label(book, id);
  }

  dispose(): void {
    for (const one of this.subscriptions) {
      one.dispose();
    }
  }
}

function label(book: Book, id: string): vscode.NotebookCellStatusBarItem[] {
  const cells = book.ghostCells;
  const position = cells.findIndex((cell) => book.ghostId(cell) === id);
  const ghost = book.ledger.ghost(id);
  const place = cells.length > 1 ? `, ${String(position + 1)} of ${String(cells.length)}` : '';
  const what = `suggested cell${place}`;
  const why = ghost?.label;
  // In a narrow view the end is cut off: that it is a ghost is seen, why it is there is not.
  const text = `${why == null ? '' : `${why} · `}${what}`;
  const item = new vscode.NotebookCellStatusBarItem(
    `$(sparkle) ${text}${position === 0 ? alternatives(book, why) : ''}`,
    vscode.NotebookCellStatusBarAlignment.Left,
  );
  const said = `${what}${why == null ? '' : `: ${why}`}`;
  item.tooltip = `${said}\nMove here or click to accept; Escape dismisses; Alt+] shows another`;
  item.accessibilityInformation = { label: said };
  return [item, ...warnings(ghost)];
}

/** That there are others to cycle through; after the first step the daemon's label says so itself. */
function alternatives(book: Book, label: string | null | undefined): string {
  const { index, count } = book.ledger.candidates;
  const isSaid = label?.startsWith(`${String(index + 1)} of ${String(count)}`) === true;
  return count > 1 && !isSaid ? `  ‹${String(index + 1)}/${String(count)}›` : '';
}

function warnings(ghost: Ghost | undefined): vscode.NotebookCellStatusBarItem[] {
  return (ghost?.warnings ?? []).map(({ message }) => {
    const said = message.replaceAll('`', ''); // No Markdown is drawn here.
    const item = new vscode.NotebookCellStatusBarItem(`$(warning) ${said}`, vscode.NotebookCellStatusBarAlignment.Left);
    item.accessibilityInformation = { label: `warning: ${said}` };
    return item;
  });
}

function preview(book: Book, cell: vscode.NotebookCell): vscode.NotebookCellStatusBarItem[] {
  const ghosts = book.previewed;
  if (ghosts.length === 0 || book.ledger.wanted.after !== uriOf(cell)) {
    return [];
  }
  const text = summary(ghosts);
  const why = ghosts[0]?.label;
  const item = new vscode.NotebookCellStatusBarItem(
    `$(sparkle) ${text}${why == null ? '' : `  · ${why}`}${alternatives(book, why)}`,
    vscode.NotebookCellStatusBarAlignment.Left,
  );
  item.command = 'ghostcells.accept';
  item.tooltip = `${ghosts.map((ghost) => ghost.text).join('\n\n')}${why == null ? '' : `\n${why}`}\nClick to insert this cell`;
  item.accessibilityInformation = { label: `suggested cell: ${text}`, role: 'button' };
  return [item, ...ghosts.flatMap(warnings)];
}
