/** Keeps the selection of each editor on its cell while cells come and go: the editor itself keeps an index. */

import * as vscode from 'vscode';
import { focusedCell, select } from './cells';
import { disturbs, givenBack, movedTo, type Replacement } from './plan';
import { record } from './record';

function editorsOf(notebook: vscode.NotebookDocument): vscode.NotebookEditor[] {
  return vscode.window.visibleNotebookEditors.filter((editor) => editor.notebook === notebook);
}

/**
 * Notes on which cell each editor's selection is while cells at or above it are being replaced; what is returned puts it back there.
 *
 * The user may go to another cell while the edit is on its way: what is told before the edit's own change counts cells as they were,
 * and counts. What is told after it may be the editor's confusion about its index.
 */
export function keep(notebook: vscode.NotebookDocument, structure: readonly Replacement[]): () => void {
  const kept = new Map<vscode.NotebookEditor, vscode.NotebookCell>();
  const note = (editor: vscode.NotebookEditor): void => {
    const cell = focusedCell(editor);
    if (cell !== undefined && disturbs(cell.index, structure) && movedTo(cell.index, structure) !== undefined) {
      kept.set(editor, cell);
    } else {
      kept.delete(editor);
    }
  };
  editorsOf(notebook).forEach(note);
  const moves = vscode.window.onDidChangeNotebookEditorSelection(({ notebookEditor }) => {
    if (notebookEditor.notebook === notebook) {
      note(notebookEditor);
    }
  });
  const changes = vscode.workspace.onDidChangeNotebookDocument((change) => {
    if (change.notebook === notebook && change.contentChanges.length > 0) {
      moves.dispose();
    }
  });
  return () => {
    moves.dispose();
    changes.dispose();
    for (const [editor, cell] of kept) {
      if (cell.index >= 0) {
        select(editor, cell.index);
      }
    }
  };
}

/** Whether the user is in the text of a cell. */
export function edits(notebook: vscode.NotebookDocument): boolean {
  const document = vscode.window.activeTextEditor?.document;
  return document !== undefined && notebook.getCells().some((cell) => cell.document === document);
}

/**
 * Whoever inserts or clicks a cell in the instant in which ghosts come to the same place has selected what is a ghost by then: nobody
 * can have meant a cell that was not there. The user's own is the next below; who was in a text goes on in that one's, since a ghost
 * that is just being drawn takes no click into its text, and keys would be commands.
 */
export async function letGo(
  notebook: vscode.NotebookDocument,
  ids: readonly (string | undefined)[],
  inserted: ReadonlySet<string>,
  edited: boolean,
): Promise<void> {
  for (const editor of editorsOf(notebook)) {
    const cell = focusedCell(editor);
    const to = cell === undefined ? undefined : givenBack(cell.index, ids, inserted);
    if (to !== undefined) {
      record('let-go', { notebook: notebook.uri.toString(), from: cell?.index, to });
      select(editor, to);
      if (edited && editor === vscode.window.activeNotebookEditor) {
        await vscode.commands.executeCommand('notebook.cell.edit');
      }
    }
  }
}
