/**
 * The only place from which cells are edited: each edit is held against what it has really hit.
 *
 * The editor applies an edit of cells by index, whatever the version of the notebook that it was made for: a cell that the user
 * inserts, removes or brings back while it is on its way moves it onto a neighbour. (Edits of a cell's text and language go by the
 * cell's URI and cannot miss.) Changes are told in order, so what an edit has hit is known when it is answered: a cell of the
 * user's that it removed is put back at once, metadata that it overwrote is written back. Cells are known by their URIs here,
 * which they keep when an undo brings them back, neither by index nor by what their metadata claims.
 */

import * as vscode from 'vscode';
import { cellData, copyOf, focusedCell, marksOf, select, uriOf } from './cells';
import type { Ledger } from './ledger';
import type { Replacement } from './plan';
import { record } from './record';

/** How often metadata is written again that has hit another cell; each time the user has to be faster than the editor. */
const ATTEMPTS = 40;

type Change = vscode.NotebookDocumentChangeEvent;
type Metadata = Record<string, unknown>;

/** A cell that an edit removed and should not have; the cells that stood above it, the nearest first, say where it belongs. */
interface Lost {
  readonly cell: vscode.NotebookCell;
  readonly above: readonly string[];
}

export class Edits {
  constructor(
    private readonly notebook: vscode.NotebookDocument,
    private readonly ledger: Ledger,
  ) {}

  /** Replaces cells, and puts back what else was hit; false if the editor refused. */
  async replace(pieces: readonly Replacement[]): Promise<boolean> {
    const doomed = new Set(pieces.flatMap(({ start, remove }) => this.uris(start, start + remove)));
    const focused = this.focused();
    const lost = new Map<string, Lost>(); // The user may have removed the cell before and brought it back: it is one cell all the same.
    this.ledger.expect(pieces.flatMap(({ insert }) => insert.map(({ id }) => id)));
    const edits = pieces.map(({ start, remove, insert }) =>
      vscode.NotebookEdit.replaceCells(new vscode.NotebookRange(start, start + remove), insert.map((ghost) => cellData(ghost, this.notebook.notebookType))),
    );
    const applied = await this.send(edits, (change) => {
      this.missed(change, pieces, doomed).forEach((one) => lost.set(uriOf(one.cell), one));
    });
    for (const one of [...lost.values()].filter(({ cell }) => this.at(uriOf(cell)) === undefined)) {
      await this.putBack(one, focused.get(uriOf(one.cell)));
    }
    return applied;
  }

  /** What this change has removed besides the cells that the edit was made for, if it can be that edit. */
  private missed(change: Change, pieces: readonly Replacement[], doomed: ReadonlySet<string>): Lost[] {
    return !canBe(change, pieces) ? [] : change.contentChanges.flatMap(({ range, removedCells }) => {
      const above = this.uris(0, range.start).toReversed();
      return removedCells
        .filter((cell) => !doomed.has(uriOf(cell)) && this.ledger.ghostId(uriOf(cell)) === undefined)
        .map((cell, at, all) => ({ cell, above: [...all.slice(0, at).map(uriOf).toReversed(), ...above] }));
    });
  }

  /** Inserts a copy where the cell was: to the user it is the same one, with the focus if it had it. */
  private async putBack({ cell, above }: Lost, editor: vscode.NotebookEditor | undefined): Promise<void> {
    record('put-back', { notebook: this.notebook.uri.toString(), cell: uriOf(cell) });
    const wasEdited = vscode.window.activeTextEditor?.document === cell.document;
    const index = 1 + (above.map((uri) => this.at(uri)?.index).find((one) => one !== undefined) ?? -1);
    let copy: string | undefined;
    await this.send([vscode.NotebookEdit.insertCells(index, [copyOf(cell, this.ledger.idOf(uriOf(cell)) !== undefined)])], ({ contentChanges }) => {
      const added = contentChanges.flatMap(({ addedCells }) => addedCells);
      copy ??= added.filter((one) => one.document.getText() === cell.document.getText()).map(uriOf)[0];
    });
    if (copy === undefined) {
      return; // The notebook is closed, or takes no edits any more.
    }
    this.ledger.putBack(uriOf(cell), copy);
    const now = this.at(copy);
    if (editor !== undefined && now !== undefined) {
      select(editor, now.index);
      if (wasEdited) {
        await vscode.commands.executeCommand('notebook.cell.edit'); // Else the next keys would be commands.
      }
    }
  }

  /** Changes the metadata of one cell and of no other; `change` gives undefined where there is nothing to do. */
  async metadata(uri: string, change: (cell: vscode.NotebookCell) => Metadata | undefined): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const cell = this.at(uri);
      const wanted = cell === undefined ? undefined : change(cell);
      if (cell === undefined || wanted === undefined) {
        return;
      }
      const before = new Map(this.notebook.getCells().map((one) => [uriOf(one), one.metadata]));
      const hit = new Set<string>();
      await this.send([vscode.NotebookEdit.updateCellMetadata(cell.index, wanted)], ({ contentChanges, cellChanges }) => {
        contentChanges.flatMap(({ addedCells }) => addedCells).forEach((one) => before.set(uriOf(one), one.metadata));
        cellChanges.filter(({ metadata }) => same(metadata, wanted)).forEach((one) => hit.add(uriOf(one.cell)));
      });
      hit.delete(uri);
      for (const other of hit) {
        record('put-back', { notebook: this.notebook.uri.toString(), metadata: other });
        await this.metadata(other, ({ metadata }) => (same(metadata, wanted) ? before.get(other) : undefined));
      }
    }
  }

  /** Sends an edit; `look` is given each change of the notebook until it is answered, which is its own and what came before. */
  private async send(edits: vscode.NotebookEdit[], look: (change: Change) => void): Promise<boolean> {
    const edit = new vscode.WorkspaceEdit();
    edit.set(this.notebook.uri, edits);
    const listening = vscode.workspace.onDidChangeNotebookDocument((change) => {
      if (change.notebook === this.notebook) {
        look(change);
      }
    });
    try {
      return await vscode.workspace.applyEdit(edit);
    } finally {
      listening.dispose();
    }
  }

  private at(uri: string): vscode.NotebookCell | undefined {
    return this.notebook.getCells().find((cell) => uriOf(cell) === uri);
  }

  private uris(start: number, end: number): string[] {
    return this.notebook.getCells(new vscode.NotebookRange(start, end)).map(uriOf);
  }

  /** The cells that have the focus, each with its editor. */
  private focused(): Map<string, vscode.NotebookEditor> {
    const editors = vscode.window.visibleNotebookEditors.filter((one) => one.notebook === this.notebook);
    return new Map(editors.flatMap((editor) => {
      const cell = focusedCell(editor);
      return cell === undefined ? [] : [[uriOf(cell), editor] as const];
    }));
  }
}

/** Whether a change is an edit's own: it brings the edit's cells, or where there are none, takes cells away in its places. */
function canBe({ contentChanges }: Change, pieces: readonly Replacement[]): boolean {
  const ids = pieces.flatMap(({ insert }) => insert.map(({ id }) => id));
  if (ids.length > 0) {
    return contentChanges.some(({ addedCells }) => addedCells.some((cell) => ids.includes(marksOf(cell).id ?? '')));
  }
  return contentChanges.every(({ range, addedCells }) => addedCells.length === 0 && pieces.some(({ start }) => start === range.start));
}

const same = (one: unknown, other: Metadata): boolean => one !== undefined && JSON.stringify(one) === JSON.stringify(other);
