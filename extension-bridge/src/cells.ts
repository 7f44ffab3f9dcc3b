/** A cell of the editor's, read and marked: its id, its flag, its metadata. The metadata is everyone's, so it is merged. */

import * as vscode from 'vscode';
import type { Marks } from './ledger';
import { GHOST_LANGUAGE } from './plan';
import type { Ghost } from './protocol';

export const OWN_TYPE = 'ghostcells-markdown';
/** Types whose files hold none of a cell's metadata that is not theirs; for the others ours is taken out before a save. */
export const DISCREET_TYPES: readonly string[] = [OWN_TYPE, 'jupyter-notebook'];
/** Runme's kernel declares every language that the editor knows, ours too; this field of a cell keeps it from running it with all. */
const RUNME_TYPE = 'runme';
const RUNME_MARK = { excludeFromRunAll: 'true' };

type Metadata = Record<string, unknown>;

function object(value: unknown): Metadata | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Metadata) : undefined;
}

export function uriOf(cell: vscode.NotebookCell): string {
  return cell.document.uri.toString();
}

/** What a cell says of itself. Jupyter's own metadata is one level deeper, and that level reaches the file. */
export function marksOf(cell: vscode.NotebookCell): Marks {
  const metadata = object(cell.metadata);
  const ours = object(metadata?.['ghostcells']);
  const saved = object(object(metadata?.['metadata'])?.['ghostcells']);
  const id = ours?.['id'] ?? saved?.['id'];
  return {
    uri: uriOf(cell),
    id: typeof id === 'string' ? id : undefined,
    flagged: ours?.['ghost'] === true || saved?.['ghost'] === true,
    language: cell.document.languageId,
  };
}

/** The metadata of an accepted cell: the id stays, whatever says "ghost" goes. */
export function realMetadata(cell: vscode.NotebookCell, id: string): Metadata {
  return { ...unmarkedMetadata(cell), ghostcells: { id } };
}

/** The metadata of a cell without anything of ours. */
export function unmarkedMetadata(cell: vscode.NotebookCell): Metadata {
  const { ghostcells: _, ...rest } = withoutGhostLanguage(object(cell.metadata) ?? {});
  if (marksOf(cell).flagged && cell.notebook.notebookType === RUNME_TYPE) {
    delete rest['excludeFromRunAll'];
  }
  const nested = object(rest['metadata']);
  if (nested !== undefined) {
    const { ghostcells: __, ...clean } = withoutGhostLanguage(nested);
    rest['metadata'] = clean;
  }
  return rest;
}

export function ghostMetadata(cell: vscode.NotebookCell, id: string): Metadata {
  return { ...object(cell.metadata), ...marked(id, cell.notebook.notebookType) };
}

function marked(id: string, notebookType: string): Metadata {
  return { ghostcells: { id, ghost: true }, ...(notebookType === RUNME_TYPE ? RUNME_MARK : {}) };
}

/** Jupyter's extension notes a language that is not the notebook's; ours must not get into a file. */
function withoutGhostLanguage(metadata: Metadata): Metadata {
  const copy = { ...metadata };
  const noted = object(copy['vscode']);
  if (noted?.['languageId'] === GHOST_LANGUAGE) {
    const { languageId: _, ...rest } = noted;
    if (Object.keys(rest).length > 0) {
      copy['vscode'] = rest;
    } else {
      delete copy['vscode'];
    }
  }
  return copy;
}

/** Whether an accepted cell still carries something that calls it a ghost. */
export function needsRepair(cell: vscode.NotebookCell): boolean {
  const metadata = object(cell.metadata);
  const nested = object(metadata?.['metadata']);
  const languages = [metadata, nested].map((one) => object(one?.['vscode'])?.['languageId']);
  return marksOf(cell).flagged || languages.includes(GHOST_LANGUAGE);
}

/** A new cell for a ghost: code in the language that no kernel runs, prose as prose. */
export function cellData(ghost: Ghost, notebookType: string): vscode.NotebookCellData {
  const data =
    ghost.kind === 1
      ? new vscode.NotebookCellData(vscode.NotebookCellKind.Markup, ghost.text, 'markdown')
      : new vscode.NotebookCellData(vscode.NotebookCellKind.Code, ghost.text, GHOST_LANGUAGE);
  data.metadata = marked(ghost.id, notebookType);
  return data;
}

/** The same cell once more; one that never was a ghost's has nothing of ours, even if an edit that missed has just written it there. */
export function copyOf(cell: vscode.NotebookCell, wasGhost: boolean): vscode.NotebookCellData {
  const data = new vscode.NotebookCellData(cell.kind, cell.document.getText(), cell.document.languageId);
  data.metadata = wasGhost ? { ...object(cell.metadata) } : unmarkedMetadata(cell);
  data.outputs = [...cell.outputs];
  if (cell.executionSummary !== undefined) {
    data.executionSummary = cell.executionSummary;
  }
  return data;
}

/** The cell that has the focus in the active editor of a notebook. */
export function focusedCell(editor: vscode.NotebookEditor | undefined): vscode.NotebookCell | undefined {
  const selection = editor?.selections[0];
  if (editor === undefined || selection === undefined || selection.start >= editor.notebook.cellCount) {
    return undefined;
  }
  return editor.notebook.cellAt(selection.start);
}

/** Selects one cell, without scrolling. */
export function select(editor: vscode.NotebookEditor, index: number): void {
  editor.selections = [new vscode.NotebookRange(index, index + 1)];
}
