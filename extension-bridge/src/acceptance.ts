/**
 * Turns the cell of a ghost into a cell of the user's and back, in place: URI, caret, edit mode and the cell's own undo stay.
 *
 * Other extensions write a cell's old metadata back, so what says "ghost" in a cell of the user's is put right here whenever it comes.
 */

import * as vscode from 'vscode';
import { DISCREET_TYPES, ghostMetadata, marksOf, needsRepair, realMetadata, unmarkedMetadata, uriOf } from './cells';
import type { Edits } from './edits';
import type { Ledger } from './ledger';
import { GHOST_LANGUAGE } from './plan';
import { record } from './record';

/** How often a flag that another extension keeps writing back is put right in one cell. */
const REPAIRS = 50;

let languages: Promise<string[]> | undefined;

/** Asking takes a round trip, on the way from an acceptance to its language; what is not known may have been added since. */
async function isKnown(language: string): Promise<boolean> {
  languages ??= Promise.resolve(vscode.languages.getLanguages());
  if ((await languages).includes(language)) {
    return true;
  }
  languages = undefined;
  return (await vscode.languages.getLanguages()).includes(language);
}

/** Runs an edit as one of the bridge's own. */
type Editing = (edit: () => Promise<void>) => Promise<void>;

export class Acceptance {
  private readonly becoming = new Map<string, Promise<void>>();
  private readonly repaired = new Map<string, number>();
  /** Accepted cells that are to carry no id any more. */
  private readonly unmarked = new Set<string>();

  constructor(
    private readonly notebook: vscode.NotebookDocument,
    private readonly ledger: Ledger,
    private readonly edits: Edits,
    private readonly editing: Editing,
  ) {}

  /** The cell that was inserted for a ghost. */
  cellOf(id: string): vscode.NotebookCell | undefined {
    return this.notebook.getCells().find((cell) => this.ledger.idOf(uriOf(cell)) === id);
  }

  /** Makes an accepted ghost a cell like any other. */
  async makeReal(id: string): Promise<void> {
    this.ledger.claim(id);
    // The answer and the publish of one acceptance both come here.
    const running = this.becoming.get(id) ?? this.become(id).finally(() => this.becoming.delete(id));
    this.becoming.set(id, running);
    await running;
  }

  private async become(id: string): Promise<void> {
    const started = performance.now();
    await this.editing(async () => {
      const cell = this.cellOf(id);
      if (cell !== undefined) {
        await this.setLanguage(cell, await this.realLanguage(id));
        await this.edits.metadata(uriOf(cell), (it) => (this.isReal(it, id) ? undefined : this.realMetadata(it, id)));
      }
    });
    record('real', { notebook: this.notebook.uri.toString(), id, ms: performance.now() - started });
  }

  private isReal(cell: vscode.NotebookCell, id: string): boolean {
    return !needsRepair(cell) && (this.unmarked.has(uriOf(cell)) || marksOf(cell).id === id);
  }

  private realMetadata(cell: vscode.NotebookCell, id: string): Record<string, unknown> {
    return this.unmarked.has(uriOf(cell)) ? unmarkedMetadata(cell) : realMetadata(cell, id);
  }

  /** The way back from `makeReal`. */
  async makeGhost(id: string): Promise<void> {
    this.ledger.release(id);
    await this.editing(async () => {
      const cell = this.cellOf(id);
      if (cell !== undefined) {
        await this.setLanguage(cell, GHOST_LANGUAGE);
        await this.edits.metadata(uriOf(cell), (it) => (marksOf(it).flagged ? undefined : ghostMetadata(it, id)));
      }
    });
  }

  /** Another extension has written an old flag back to a cell that is the user's, or a ghost's onto one that never was its. */
  repair(cell: vscode.NotebookCell): void {
    const marks = marksOf(cell);
    const taken = marks.id !== undefined && this.ledger.isTaken(marks.id) && needsRepair(cell);
    const mistaken = this.ledger.isMistaken(marks);
    const times = this.repaired.get(marks.uri) ?? 0;
    if ((!taken && !mistaken) || times >= REPAIRS) {
      return;
    }
    this.repaired.set(marks.uri, times + 1);
    record('repaired', { notebook: this.notebook.uri.toString(), id: marks.id, mistaken });
    if (mistaken) {
      void this.editing(() =>
        this.edits.metadata(marks.uri, (it) => (this.ledger.isMistaken(marksOf(it)) ? unmarkedMetadata(it) : undefined)),
      );
    } else {
      void this.makeReal(marks.id ?? '');
    }
  }

  repairAll(): void {
    for (const cell of this.notebook.getCells()) {
      this.repair(cell);
    }
  }

  /**
   * Makes everything ready to be saved. Acceptances that the daemon has not answered yet are the user's all the same; and where the
   * file would hold our metadata, or the type knows only its own, accepted cells lose it.
   */
  async finish(): Promise<void> {
    const taken = this.notebook.getCells().filter((cell) => this.ledger.isTaken(this.ledger.idOf(uriOf(cell))));
    const unfinished = taken.filter((cell) => needsRepair(cell) || cell.document.languageId === GHOST_LANGUAGE);
    await Promise.all(unfinished.flatMap((cell) => this.ledger.idOf(uriOf(cell)) ?? []).map((id) => this.makeReal(id)));
    if (!DISCREET_TYPES.includes(this.notebook.notebookType)) {
      for (const uri of taken.map(uriOf)) {
        this.unmarked.add(uri);
        await this.editing(() => this.edits.metadata(uri, (it) => (marksOf(it).id === undefined ? undefined : unmarkedMetadata(it))));
      }
    }
  }

  /** Between the ghost's language and a real one; what the user has chosen stays. */
  private async setLanguage(cell: vscode.NotebookCell, language: string): Promise<void> {
    const now = cell.document.languageId;
    const concernsGhost = now === GHOST_LANGUAGE || language === GHOST_LANGUAGE;
    if (cell.kind === vscode.NotebookCellKind.Code && now !== language && concernsGhost && !cell.document.isClosed) {
      try {
        await vscode.languages.setTextDocumentLanguage(cell.document, language);
      } catch (error) {
        record('no-language', { cell: uriOf(cell), language, error: String(error) }); // The user has removed the cell meanwhile.
      }
    }
  }

  /** The language that a ghost has when it is real; the nearest known one where the editor does not know it. */
  private async realLanguage(id: string): Promise<string> {
    const wanted = this.ledger.ghost(id)?.languageId;
    if (wanted !== undefined && (await isKnown(wanted))) {
      return wanted;
    }
    const used = this.notebook
      .getCells()
      .filter((cell) => cell.kind === vscode.NotebookCellKind.Code && cell.document.languageId !== GHOST_LANGUAGE)
      .map((cell) => cell.document.languageId);
    return used.at(-1) ?? 'plaintext';
  }
}
