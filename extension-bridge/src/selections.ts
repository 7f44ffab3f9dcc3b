/** Keeps the selection of each editor on its cell while cells come and go: the editor itself keeps an index. */

import * as vscode from 'vscode';
import { focusedCell, select } from './cells';
import { disturbs, givenBack, movedTo, type Replacement } from './plan';
import { record } from './record';

function editorsOf(notebook: vscode.NotebookDocument): vscode.NotebookEditor[] {
  return vscode.window.visibleNotebookEditors.filter((editor) => editor.notebook === notebook);
}

/** What puts the selection of each editor back on its cell after cells at or above it were replaced. */
export function keepers(notebook: vscode.NotebookDocument, structure: readonly Replacement[]): (() => void)[] {
  return editorsOf(notebook).flatMap((editor) => {
    const cell = focusedCell(editor);
    if (cell === undefined || !disturbs(cell.index, structure) || movedTo(cell.index, structure) === undefined) {
      return [];
    }
    return [
      () => {
        if (cell.index >= 0) {
          select(editor, cell.index);
        }
      },
    ];
  });
}

/**
 * Whoever inserts a cell in the instant in which ghosts come to the same place has the index selected, which is a ghost's by
 * then: nobody can have meant a cell that was not there. The user's own is the next below.
 */
export function letGo(notebook: vscode.NotebookDocument, ids: readonly (string | undefined)[], inserted: ReadonlySet<string>): void {
  for (const editor of editorsOf(notebook)) {
    const cell = focusedCell(editor);
    const to = cell === undefined ? undefined : givenBack(cell.index, ids, inserted);
    if (to !== undefined) {
      record('let-go', { notebook: notebook.uri.toString(), from: cell?.index, to });
      select(editor, to);
    }
  }
}
