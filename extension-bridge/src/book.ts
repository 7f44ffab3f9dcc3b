/**
 * One open notebook: makes it show what the daemon publishes, and turns a ghost into a real cell.
 *
 * Every edit of the bridge goes through here, so that what the bridge itself caused is known: while one is under way `busy` is
 * true, and afterwards the selection is on the cell that it was on. The editor refuses an edit that was made for an older state
 * of the notebook, so none can hit a cell that it was not meant for. What is shown is decided in plan.ts.
 */

import * as vscode from 'vscode';
import {
  cellData,
  focusedCell,
  ghostMetadata,
  marksOf,
  needsRepair,
  OWN_TYPE,
  realMetadata,
  select,
  uriOf,
} from './cells';
import { Ledger } from './ledger';
import { type Cell, disturbs, form, GHOST_LANGUAGE, givenBack, isEmpty, movedTo, type Plan, plan } from './plan';
import type { Ghost, PublishGhosts } from './protocol';
import { record } from './record';

/** An edit fails when the notebook changed in between; then it is planned anew. */
const ATTEMPTS = 40;
const RETRY_MS = 15;
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

export interface Host {
  /** The look of cells has to be brought up to date. */
  drawn(book: Book): void;
  /** The bridge's own edits are done; where the focus is now may be looked at. */
  idle(book: Book): void;
  log(message: string): void;
}

export class Book {
  readonly ledger = new Ledger();
  private working: Promise<void> | undefined;
  private again = false;
  private readonly edits = new Set<Promise<unknown>>();
  private readonly becoming = new Map<string, Promise<void>>();
  private readonly repaired = new Map<string, number>();
  /** How often the user has changed something: an edit of ours that finds it unchanged may tidy up after itself. */
  private userChanges = 0;
  /**
   * The user's last step was back or forth. An edit of ours would take the way forth away, and one that meets the next step under way
   * was seen to hit another cell than it was made for: so there is none until the user changes something else, or saves.
   */
  private undone = false;
  private stepping = false;
  private shownForm: 'cell' | 'preview' = 'cell';

  constructor(
    readonly notebook: vscode.NotebookDocument,
    private readonly host: Host,
  ) {}

  get uri(): string {
    return this.notebook.uri.toString();
  }

  /** Whether an edit of the bridge is under way. */
  get busy(): boolean {
    return this.edits.size > 0;
  }

  get form(): 'cell' | 'preview' {
    return this.shownForm;
  }

  /** The ghosts that stand as cells, in order. */
  get ghostCells(): vscode.NotebookCell[] {
    return this.notebook.getCells().filter((cell) => this.ghostId(cell) !== undefined);
  }

  get ghosts(): Ghost[] {
    return this.ghostCells.flatMap((cell) => this.ledger.ghost(this.ghostId(cell) ?? '') ?? []);
  }

  /** What a preview below the anchor says; empty where ghosts are cells. */
  get previewed(): readonly Ghost[] {
    return this.shownForm === 'preview'
      ? this.ledger.wanted.ghosts.filter((ghost) => !this.ledger.isTaken(ghost.id) && !this.cellOf(ghost.id))
      : [];
  }

  ghostId(cell: vscode.NotebookCell): string | undefined {
    return this.ledger.ghostId(marksOf(cell));
  }

  cellOf(id: string): vscode.NotebookCell | undefined {
    return this.notebook.getCells().find((cell) => marksOf(cell).id === id);
  }

  userChanged(): void {
    this.userChanges++;
    if (this.undone && !this.stepping) {
      this.undone = false;
      this.show();
    }
  }

  /** Runs what undoes or redoes a step of the user's. */
  async step(run: () => Promise<void>): Promise<void> {
    this.stepping = true;
    this.undone = true;
    try {
      await run();
    } finally {
      this.stepping = false;
    }
  }

  publish(publish: PublishGhosts): void {
    if (!this.ledger.take(publish)) {
      return;
    }
    for (const id of publish.accepted) {
      void this.makeReal(id);
    }
    this.show();
  }

  /** The user has changed something: a preview becomes a cell where the notebook is to be saved anyway. */
  reconsider(): void {
    if (this.ledger.wanted.ghosts.length > 0 && this.chooseForm() !== this.shownForm) {
      this.show();
    }
  }

  /** Brings the notebook to what is wanted; calls that come while it works are one more round. */
  show(): void {
    this.again = true;
    this.working ??= this.work()
      .catch((error: unknown) => {
        this.host.log(`Drawing failed: ${String(error)}`);
      })
      .finally(() => {
        this.working = undefined;
        if (this.again && !this.notebook.isClosed) {
          this.show(); // Asked for between the last round and now.
        }
      });
  }

  private async work(): Promise<void> {
    while (this.again && !this.notebook.isClosed) {
      this.again = false;
      await this.editing(() => this.round());
    }
  }

  /** When all edits that are under way are done, such as an acceptance whose language is still to change. */
  async settled(): Promise<void> {
    await this.working;
    await Promise.allSettled(this.edits);
  }

  /** Runs an edit of the bridge's own, during which no focus is reported. */
  private async editing<Result>(edit: () => Promise<Result>): Promise<Result> {
    const running = edit();
    this.edits.add(running);
    try {
      return await running;
    } finally {
      this.edits.delete(running);
      this.host.drawn(this);
      if (!this.busy) {
        this.host.idle(this);
      }
    }
  }

  private async round(): Promise<void> {
    this.shownForm = this.chooseForm();
    if (this.undone) {
      return;
    }
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const wanted =
        this.shownForm === 'cell' ? this.ledger.wanted : { ...this.ledger.wanted, ghosts: this.materialised() };
      const todo = plan(this.cells(), wanted);
      if (isEmpty(todo) || this.notebook.isClosed || (await this.apply(todo, attempt))) {
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    this.host.log(`The notebook changed too fast to draw in: ${this.uri}`);
  }

  /** In a preview only those are cells that have become ones before. */
  private materialised(): Ghost[] {
    return this.ledger.wanted.ghosts.filter((ghost) => this.cellOf(ghost.id) !== undefined);
  }

  private chooseForm(): 'cell' | 'preview' {
    const autoSave = vscode.workspace.getConfiguration('files', this.notebook.uri).get<string>('autoSave', 'off') !== 'off';
    const readOnly = vscode.workspace.fs.isWritableFileSystem(this.notebook.uri.scheme) === false;
    const showing = this.ghostCells.length > 0;
    const { undone } = this;
    return form({ ours: this.notebook.notebookType === OWN_TYPE, dirty: this.notebook.isDirty || showing, autoSave, readOnly, undone });
  }

  private cells(): Cell[] {
    const focused = this.focused();
    return this.notebook.getCells().map((cell) => {
      const marks = marksOf(cell);
      const leak = this.ledger.isLeak(marks);
      const id = this.ledger.ghostId(marks) ?? (leak ? `leak ${uriOf(cell)}` : undefined);
      const held = (cell === focused && !leak) || this.ledger.isTaken(marks.id);
      return {
        uri: uriOf(cell),
        kind: cell.kind,
        text: cell.document.getText(),
        ghost: held ? undefined : id,
        held: held ? marks.id : undefined,
      };
    });
  }

  /** The cell with the focus, if this notebook has it. A ghost there is the user's: nothing writes into it. */
  focused(): vscode.NotebookCell | undefined {
    const editor = vscode.window.activeNotebookEditor;
    return editor?.notebook === this.notebook ? focusedCell(editor) : undefined;
  }

  private async apply(todo: Plan, attempt: number): Promise<boolean> {
    const started = performance.now();
    const { isDirty } = this.notebook;
    const changes = this.userChanges;
    if (todo.structure.length > 0 && !(await this.restructure(todo))) {
      return false;
    }
    if (todo.texts.length > 0 && !(await this.rewrite(todo))) {
      return false;
    }
    record('applied', {
      notebook: this.uri,
      structure: todo.structure.map((one) => [one.start, one.remove, one.insert.length]),
      texts: todo.texts.length,
      attempt,
      ms: performance.now() - started,
    });
    this.host.drawn(this);
    if (!isDirty && this.notebook.notebookType === OWN_TYPE && changes === this.userChanges) {
      await this.notebook.save(); // Our serializer leaves ghosts out: the same bytes, and the notebook is clean again.
    }
    return true;
  }

  private async restructure(todo: Plan): Promise<boolean> {
    const keepers = this.selections(todo);
    const edit = new vscode.WorkspaceEdit();
    edit.set(
      this.notebook.uri,
      todo.structure.map(({ start, remove, insert }) =>
        vscode.NotebookEdit.replaceCells(new vscode.NotebookRange(start, start + remove), insert.map(cellData)),
      ),
    );
    if (!(await vscode.workspace.applyEdit(edit))) {
      return false;
    }
    for (const restore of keepers) {
      restore();
    }
    this.letGo(new Set(todo.structure.flatMap(({ insert }) => insert.map((ghost) => ghost.id))));
    return true;
  }

  /**
   * Whoever inserts a cell in the instant in which ghosts come to the same place has the index selected, which is a ghost's by
   * then: nobody can have meant a cell that was not there. The user's own is the next below.
   */
  private letGo(inserted: ReadonlySet<string>): void {
    for (const editor of vscode.window.visibleNotebookEditors.filter((one) => one.notebook === this.notebook)) {
      const cell = focusedCell(editor);
      const ids = this.notebook.getCells().map((one) => marksOf(one).id);
      const to = cell === undefined ? undefined : givenBack(cell.index, ids, inserted);
      if (to !== undefined) {
        record('let-go', { notebook: this.uri, from: cell?.index, to });
        select(editor, to);
      }
    }
  }

  /** What puts the selection of each editor back on its cell, where the plan changes cells at or above it. */
  private selections(todo: Plan): (() => void)[] {
    return vscode.window.visibleNotebookEditors
      .filter((editor) => editor.notebook === this.notebook)
      .flatMap((editor) => {
        const cell = focusedCell(editor);
        if (cell === undefined || !disturbs(cell.index, todo.structure) || movedTo(cell.index, todo.structure) === undefined) {
          return [];
        }
        return [
          () => {
            if (cell.index >= 0 && this.notebook.getCells().includes(cell)) {
              select(editor, cell.index);
            }
          },
        ];
      });
  }

  private async rewrite(todo: Plan): Promise<boolean> {
    const edit = new vscode.WorkspaceEdit();
    for (const { uri, keep, text } of todo.texts) {
      const document = this.notebook.getCells().find((cell) => uriOf(cell) === uri)?.document;
      if (document !== undefined && document !== this.focused()?.document) {
        const end = document.lineAt(document.lineCount - 1).range.end;
        edit.replace(document.uri, new vscode.Range(document.positionAt(keep), end), text);
      }
    }
    return edit.size === 0 || (await vscode.workspace.applyEdit(edit));
  }

  /** Makes an accepted ghost a cell like any other, in place: URI, caret, edit mode and the cell's own undo stay. */
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
      if (cell === undefined) {
        return;
      }
      await this.setLanguage(cell, await this.realLanguage(id));
      await this.mark(id, (it) => (needsRepair(it) || marksOf(it).id !== id ? realMetadata(it, id) : undefined));
    });
    record('real', { notebook: this.uri, id, ms: performance.now() - started });
  }

  /** The way back from `makeReal`. */
  async makeGhost(id: string): Promise<void> {
    this.ledger.release(id);
    await this.editing(async () => {
      const cell = this.cellOf(id);
      if (cell !== undefined && cell.kind === vscode.NotebookCellKind.Code) {
        await this.setLanguage(cell, GHOST_LANGUAGE);
      }
      await this.mark(id, (it) => (marksOf(it).flagged ? undefined : ghostMetadata(it, id)));
    });
  }

  /** Another extension has written an old flag back to a cell that is the user's. */
  repair(cell: vscode.NotebookCell): void {
    const { id } = marksOf(cell);
    const times = this.repaired.get(uriOf(cell)) ?? 0;
    if (id !== undefined && this.ledger.isTaken(id) && needsRepair(cell) && times < REPAIRS) {
      this.repaired.set(uriOf(cell), times + 1);
      record('repaired', { notebook: this.uri, id });
      void this.makeReal(id);
    }
  }

  repairAll(): void {
    for (const cell of this.notebook.getCells()) {
      this.repair(cell);
    }
  }

  private async setLanguage(cell: vscode.NotebookCell, language: string): Promise<void> {
    if (cell.kind === vscode.NotebookCellKind.Code && cell.document.languageId !== language) {
      const isGhost = cell.document.languageId === GHOST_LANGUAGE || language === GHOST_LANGUAGE;
      if (isGhost) {
        await vscode.languages.setTextDocumentLanguage(cell.document, language);
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

  /** Changes the metadata of the cell with this id; tries again where the notebook moved in between. */
  private async mark(
    id: string,
    change: (cell: vscode.NotebookCell) => Record<string, unknown> | undefined,
  ): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const cell = this.cellOf(id);
      const metadata = cell === undefined ? undefined : change(cell);
      if (cell === undefined || metadata === undefined) {
        return;
      }
      const edit = new vscode.WorkspaceEdit();
      edit.set(this.notebook.uri, [vscode.NotebookEdit.updateCellMetadata(cell.index, metadata)]);
      if (await vscode.workspace.applyEdit(edit)) {
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  /** Puts a previewed ghost into the notebook as a cell and returns it. */
  async materialise(ghost: Ghost): Promise<vscode.NotebookCell | undefined> {
    this.undone = false;
    await this.editing(async () => {
      const cells = this.cells();
      const all = this.ledger.wanted.ghosts.filter((one) => one.id === ghost.id || this.cellOf(one.id) !== undefined);
      const todo = plan(cells, { after: this.ledger.wanted.after, ghosts: all });
      await this.apply(todo, 0);
    });
    return this.cellOf(ghost.id);
  }

  /** An acceptance that the daemon has not answered yet: the cell is the user's all the same, and is saved as such. */
  private async finishAcceptances(): Promise<void> {
    const taken = this.notebook.getCells().filter((cell) => this.ledger.isTaken(marksOf(cell).id));
    const unfinished = taken.filter((cell) => needsRepair(cell) || cell.document.languageId === GHOST_LANGUAGE);
    await Promise.all(unfinished.flatMap((cell) => marksOf(cell).id ?? []).map((id) => this.makeReal(id)));
  }

  /** Takes every ghost out, and whatever looks like one; returns the ids of the ghosts, and how many cells it is in all. */
  async prune(tell: (ids: string[]) => void): Promise<number> {
    await this.finishAcceptances();
    await this.settled();
    this.undone = false;
    const doomed = this.cells().filter((cell) => cell.ghost !== undefined);
    if (doomed.length > 0) {
      tell(this.ghostCells.flatMap((cell) => this.ghostId(cell) ?? []));
      this.ledger.withdraw();
      this.show();
      await this.settled();
    }
    return doomed.length;
  }

  /** The daemon is gone, and with it what it published. */
  forget(): void {
    this.ledger.withdraw();
    this.show();
  }
}
