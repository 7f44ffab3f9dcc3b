/**
 * One open notebook: makes it show what the daemon publishes.
 *
 * Every edit of the bridge is started here, so that what the bridge itself caused is known: while one is under way `busy` is true,
 * and afterwards the selection is on the cell that it was on. What is shown is decided in plan.ts; edits.ts sees to it that no
 * edit harms what is the user's.
 */

import * as vscode from 'vscode';
import { Acceptance } from './acceptance';
import { focusedCell, marksOf, OWN_TYPE, uriOf } from './cells';
import { Edits } from './edits';
import { Ledger } from './ledger';
import { type Cell, form, isEmpty, type Plan, plan } from './plan';
import type { Ghost, PublishGhosts } from './protocol';
import { record } from './record';
import { edits, keep, letGo } from './selections';

/** The notebook may change while an edit is on its way; then there is more to do, or the editor has refused. */
const ATTEMPTS = 40;
const RETRY_MS = 15;

export interface Host {
  /** The look of cells has to be brought up to date. */
  drawn(book: Book): void;
  /** The bridge's own edits are done; where the focus is now may be looked at. */
  idle(book: Book): void;
  log(message: string): void;
}

export class Book {
  readonly ledger = new Ledger();
  readonly acceptance: Acceptance;
  private readonly edits: Edits;
  private working: Promise<void> | undefined;
  private again = false;
  private readonly underWay = new Set<Promise<unknown>>();
  /** How often the user has changed something: an edit of ours that finds it unchanged may tidy up after itself. */
  private userChanges = 0;
  /** The user's last step was back or forth. An edit of ours would take the way forth away, so there is none until something else changes. */
  private undone = false;
  private stepping = false;
  private shownForm: 'cell' | 'preview' = 'cell';

  constructor(
    readonly notebook: vscode.NotebookDocument,
    private readonly host: Host,
  ) {
    this.edits = new Edits(notebook, this.ledger);
    this.acceptance = new Acceptance(notebook, this.ledger, this.edits, (edit) => this.editing(edit));
  }

  get uri(): string {
    return this.notebook.uri.toString();
  }

  /** Whether an edit of the bridge is under way. */
  get busy(): boolean {
    return this.underWay.size > 0;
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
    return this.ledger.ghostId(uriOf(cell));
  }

  cellOf(id: string): vscode.NotebookCell | undefined {
    return this.acceptance.cellOf(id);
  }

  /** Cells came or went; whether one of the user's is among them. */
  restructured(changes: readonly vscode.NotebookDocumentContentChange[]): boolean {
    const added = changes.flatMap((one) => one.addedCells);
    for (const cell of added) {
      this.ledger.added(marksOf(cell));
      this.acceptance.repair(cell); // A redone acceptance comes back as the ghost that was inserted.
    }
    const touched = [...added, ...changes.flatMap((one) => one.removedCells)];
    const isUsers = touched.some((cell) => this.ghostId(cell) === undefined);
    if (isUsers) {
      this.userChanged();
    }
    return isUsers;
  }

  userChanged(): void {
    this.userChanges++;
    if (this.undone && !this.stepping) {
      this.undone = false;
      this.show();
    }
  }

  /** Runs what undoes or redoes a step of the user's; no edit of ours is under way then. */
  async step(run: () => Promise<void>): Promise<void> {
    this.stepping = true;
    this.undone = true;
    try {
      await this.settled();
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
      void this.acceptance.makeReal(id);
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
    await Promise.allSettled(this.underWay);
  }

  /** Runs an edit of the bridge's own, during which no focus is reported. */
  private async editing<Result>(edit: () => Promise<Result>): Promise<Result> {
    const running = edit();
    this.underWay.add(running);
    try {
      return await running;
    } finally {
      this.underWay.delete(running);
      this.host.drawn(this);
      if (!this.busy) {
        this.host.idle(this);
      }
    }
  }

  /** Edits until nothing is left to do: what the user did meanwhile may have led an edit astray. */
  private async round(): Promise<void> {
    this.shownForm = this.chooseForm();
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt > 0) {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
      // Between the plan and its sending nothing is waited for: it names cells by index.
      const todo = plan(this.cells(), { ...this.ledger.wanted, ghosts: this.drawable() });
      if (this.undone || isEmpty(todo) || this.notebook.isClosed) {
        return;
      }
      if ((await this.apply(todo, attempt)) && todo.structure.length === 0) {
        return; // A text cannot have missed its cell.
      }
    }
    this.host.log(`The notebook changed too fast to draw in: ${this.uri}`);
  }

  /** In a preview only those ghosts are cells that have become ones before. */
  private drawable(): readonly Ghost[] {
    const { ghosts } = this.ledger.wanted;
    return this.shownForm === 'cell' ? ghosts : ghosts.filter((ghost) => this.cellOf(ghost.id) !== undefined);
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
      const ghost = this.ghostId(cell) ?? (leak ? `leak ${marks.uri}` : undefined);
      const own = this.ledger.idOf(marks.uri) ?? marks.id;
      const held = (cell === focused && !leak) || this.ledger.isTaken(own);
      return {
        uri: marks.uri,
        kind: cell.kind,
        text: cell.document.getText(),
        ghost: held ? undefined : ghost,
        held: held ? own : undefined,
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
    if ((todo.structure.length > 0 && !(await this.restructure(todo))) || (todo.texts.length > 0 && !(await this.rewrite(todo)))) {
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

  private async restructure({ structure }: Plan): Promise<boolean> {
    const edited = edits(this.notebook);
    const restore = keep(this.notebook, structure);
    const applied = await this.edits.replace(structure);
    restore();
    if (!applied) {
      return false;
    }
    const ids = this.notebook.getCells().map((cell) => this.ledger.idOf(uriOf(cell)));
    await letGo(this.notebook, ids, new Set(structure.flatMap(({ insert }) => insert.map((ghost) => ghost.id))), edited);
    return true;
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

  /** Puts a previewed ghost into the notebook as a cell and returns it. */
  async materialise(ghost: Ghost): Promise<vscode.NotebookCell | undefined> {
    this.undone = false;
    await this.editing(async () => {
      const { after, ghosts } = this.ledger.wanted;
      const all = ghosts.filter((one) => one.id === ghost.id || this.cellOf(one.id) !== undefined);
      await this.apply(plan(this.cells(), { after, ghosts: all }), 0);
    });
    return this.cellOf(ghost.id);
  }

  /** Takes every ghost out, and whatever looks like one; returns the ids of the ghosts, and how many cells it is in all. */
  async prune(tell: (ids: string[]) => void): Promise<number> {
    await this.acceptance.finish();
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
