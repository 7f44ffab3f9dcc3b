/**
 * Stands in for the module `vscode` in tests of what edits notebooks: the editor on one side, its API on the other, and between
 * them two lines of messages which a test delivers one by one, so that anything can happen while an edit is on its way.
 *
 * What it does as the real one, read in and tried with version 1.139: an edit of cells is applied by index and whatever the
 * version; one of a text or language goes by the cell's URI; changes and answers come in order; a cell that an undo brings back has
 * its old URI; an edit is one step to undo, and takes the way forth away.
 */

type Metadata = Record<string, unknown>;

export enum NotebookCellKind { Markup = 1, Code = 2 }

export class Range {
  constructor(readonly start: unknown, readonly end: unknown) {}
}

export class NotebookRange {
  constructor(readonly start: number, readonly end: number) {}
}

export class NotebookCellData {
  metadata: Metadata = {};
  outputs: unknown[] = [];
  constructor(readonly kind: NotebookCellKind, readonly value: string, readonly languageId: string) {}
}

type CellEdit =
  | { readonly type: 'replace'; readonly start: number; readonly end: number; readonly cells: readonly NotebookCellData[] }
  | { readonly type: 'metadata'; readonly index: number; readonly metadata: Metadata };

export const NotebookEdit = {
  replaceCells: (range: NotebookRange, cells: NotebookCellData[]): CellEdit => ({ type: 'replace', start: range.start, end: range.end, cells }),
  insertCells: (index: number, cells: NotebookCellData[]): CellEdit => ({ type: 'replace', start: index, end: index, cells }),
  updateCellMetadata: (index: number, metadata: Metadata): CellEdit => ({ type: 'metadata', index, metadata }),
};

export class WorkspaceEdit {
  readonly cells: CellEdit[] = [];
  readonly texts: { uri: string; keep: number; text: string }[] = [];
  set(_: unknown, edits: CellEdit[]): void {
    this.cells.push(...edits);
  }
  replace(uri: { toString(): string }, range: Range, text: string): void {
    this.texts.push({ uri: uri.toString(), keep: range.start as number, text });
  }
  get size(): number {
    return this.cells.length + this.texts.length;
  }
}

/** A cell as the editor has it. */
export interface EditorCell {
  readonly uri: string;
  readonly kind: NotebookCellKind;
  language: string;
  text: string;
  metadata: Metadata;
}

interface Splice {
  readonly start: number;
  readonly removed: readonly EditorCell[];
  readonly added: readonly EditorCell[];
}

const NEVER_CLOSED = { isClosed: false };

/** A cell as the API has it; it lags behind. */
export class NotebookCell {
  readonly outputs: unknown[] = [];
  readonly executionSummary = undefined;
  readonly kind: NotebookCellKind;
  readonly document;
  text: string;
  language: string;
  metadata: Metadata;

  constructor(readonly notebook: NotebookDocument, { uri, kind, language, text, metadata }: EditorCell) {
    this.kind = kind;
    this.text = text;
    this.language = language;
    this.metadata = metadata;
    const text_ = (): string => this.text;
    const language_ = (): string => this.language;
    this.document = {
      uri: { toString: () => uri },
      get languageId() { return language_(); },
      getText: text_,
      lineCount: 1,
      lineAt: () => ({ range: { end: this.text.length } }),
      positionAt: (offset: number) => offset,
      ...NEVER_CLOSED,
    };
  }

  get index(): number {
    return this.notebook.cells.indexOf(this);
  }
}

export class NotebookDocument {
  cells: NotebookCell[] = [];
  readonly uri = { toString: () => 'notebook', scheme: 'file' };
  readonly notebookType = 'jupyter-notebook';
  readonly isDirty = true;
  readonly isClosed = false;

  get cellCount(): number {
    return this.cells.length;
  }

  getCells(range?: NotebookRange): NotebookCell[] {
    return range === undefined ? [...this.cells] : this.cells.slice(range.start, range.end);
  }

  cellAt(index: number): NotebookCell {
    const cell = this.cells[index];
    if (cell === undefined) {
      throw new RangeError(String(index));
    }
    return cell;
  }
}

export interface CellChange {
  readonly cell: NotebookCell;
  readonly metadata?: Metadata | undefined;
  readonly document?: unknown;
}

export interface Change {
  readonly notebook: NotebookDocument;
  readonly contentChanges: { range: NotebookRange; removedCells: NotebookCell[]; addedCells: NotebookCell[] }[];
  readonly cellChanges: CellChange[];
}

/** The editor itself, and the lines to and from it. */
export class Editor {
  readonly cells: EditorCell[] = [];
  readonly notebook = new NotebookDocument();
  readonly toEditor: (() => void)[] = [];
  readonly toApi: (() => void)[] = [];
  readonly listeners = new Set<(change: Change) => void>();
  /** Steps to undo; each is what one edit has spliced, in order. */
  private readonly past: (readonly Splice[])[] = [];
  private readonly future: (readonly Splice[])[] = [];
  private made = 0;
  /** Whoever wants to know what is removed, and by whom. */
  onRemoved: (cells: readonly EditorCell[], by: 'user' | 'edit') => void = () => undefined;

  // -- what the user does

  insert(at: number, text: string): void {
    this.act({ start: at, removed: [], added: [this.make(new NotebookCellData(NotebookCellKind.Code, text, 'python'))] });
  }

  remove(at: number): void {
    this.act({ start: at, removed: this.cells.slice(at, at + 1), added: [] });
  }

  type(at: number, text: string): void {
    const cell = this.cells[at];
    if (cell !== undefined) {
      cell.text += text;
      this.tell({ ...cell }, 'text');
    }
  }

  undo(): void {
    const last = this.past.pop();
    if (last !== undefined) {
      this.future.push(last);
      this.carryOut(last.toReversed().map(({ start, removed, added }) => ({ start, removed: added, added: removed })));
    }
  }

  redo(): void {
    const next = this.future.pop();
    if (next !== undefined) {
      this.past.push(next);
      this.carryOut(next);
    }
  }

  // -- edits

  apply({ cells, texts }: WorkspaceEdit): boolean {
    for (const { uri, keep, text } of texts) {
      const cell = this.cells.find((one) => one.uri === uri);
      if (cell === undefined) {
        return false;
      }
      cell.text = cell.text.slice(0, keep) + text;
      this.tell({ ...cell }, 'text');
    }
    const splices: Splice[] = [];
    for (const edit of [...cells].sort((one, other) => indexOf(other) - indexOf(one))) {
      if (edit.type === 'metadata') {
        const cell = this.cells[edit.index];
        if (cell === undefined) {
          return false;
        }
        cell.metadata = edit.metadata;
        this.tell({ ...cell }, 'metadata');
      } else {
        const start = Math.min(edit.start, this.cells.length);
        const removed = this.cells.slice(start, start + edit.end - edit.start);
        splices.push({ start, removed, added: edit.cells.map((one) => this.make(one)) });
        this.cells.splice(start, removed.length, ...(splices.at(-1)?.added ?? []));
        this.onRemoved(removed, 'edit');
      }
    }
    this.stepped(splices);
    return true;
  }

  setLanguage(uri: string, language: string): boolean {
    const cell = this.cells.find((one) => one.uri === uri);
    if (cell !== undefined) {
      cell.language = language;
      this.tell({ ...cell }, 'language');
    }
    return cell !== undefined;
  }

  private make({ kind, languageId, value, metadata }: NotebookCellData): EditorCell {
    return { uri: `cell${String(++this.made)}`, kind, language: languageId, text: value, metadata };
  }

  private act(splice: Splice): void {
    this.cells.splice(splice.start, splice.removed.length, ...splice.added);
    this.onRemoved(splice.removed, 'user');
    this.stepped([splice]);
  }

  private carryOut(splices: readonly Splice[]): void {
    for (const { start, removed, added } of splices) {
      this.onRemoved(this.cells.splice(start, removed.length, ...added), 'user');
    }
    this.announce(splices);
  }

  /** Something new was done: a step to undo, and the end of what could be redone. */
  private stepped(splices: readonly Splice[]): void {
    const real = splices.filter(({ removed, added }) => removed.length + added.length > 0);
    if (real.length > 0) {
      this.past.push(real);
      this.future.length = 0;
      this.announce(real);
    }
  }

  private announce(splices: readonly Splice[]): void {
    const copies = splices.map(({ start, removed, added }) => ({ start, count: removed.length, added: added.map((one) => ({ ...one })) }));
    const { notebook } = this;
    this.toApi.push(() => {
      const contentChanges = copies.map(({ start, count, added }) => {
        const addedCells = added.map((one) => new NotebookCell(notebook, one));
        const removedCells = notebook.cells.splice(start, count, ...addedCells);
        return { range: new NotebookRange(start, start + count), removedCells, addedCells };
      });
      this.fire({ notebook, contentChanges, cellChanges: [] });
    });
  }

  private tell({ uri, text, language, metadata }: EditorCell, what: 'text' | 'metadata' | 'language'): void {
    this.toApi.push(() => {
      const cell = this.notebook.cells.find((one) => one.document.uri.toString() === uri);
      if (cell !== undefined) {
        Object.assign(cell, { text, language, metadata });
        const change = what === 'metadata' ? { cell, metadata } : { cell, document: cell.document };
        this.fire({ notebook: this.notebook, contentChanges: [], cellChanges: [change] });
      }
    });
  }

  private fire(change: Change): void {
    for (const listener of [...this.listeners]) {
      listener(change);
    }
  }

  /** Sends something to the editor; resolved when the answer is back. */
  async send<Result>(run: () => Result): Promise<Result> {
    return await new Promise((resolve) => {
      this.toEditor.push(() => {
        const result = run();
        this.toApi.push(() => { resolve(result); });
      });
    });
  }
}

const indexOf = (edit: CellEdit): number => (edit.type === 'metadata' ? edit.index : edit.end);

// -- the API, of the editor that the test has made last

let editor = new Editor();
export function use(one: Editor): void {
  editor = one;
}

export const workspace = {
  applyEdit: async (edit: WorkspaceEdit): Promise<boolean> => await editor.send(() => editor.apply(edit)),
  onDidChangeNotebookDocument(listener: (change: Change) => void): { dispose(): void } {
    const { listeners } = editor;
    listeners.add(listener);
    return { dispose: () => listeners.delete(listener) };
  },
  getConfiguration: () => ({ get: (_: string, fallback: unknown) => fallback }),
  fs: { isWritableFileSystem: () => true },
};

export const window = {
  visibleNotebookEditors: [],
  activeNotebookEditor: undefined,
  activeTextEditor: undefined,
  onDidChangeNotebookEditorSelection: () => ({ dispose: () => undefined }),
};

export const languages = {
  getLanguages: async (): Promise<string[]> => await Promise.resolve(['python', 'shellscript']),
  async setTextDocumentLanguage(document: NotebookCell['document'], language: string): Promise<void> {
    if (!(await editor.send(() => editor.setLanguage(document.uri.toString(), language)))) {
      throw new Error('there is no such document');
    }
  },
};

export const commands = {
  async executeCommand(command: string): Promise<void> {
    if (command === 'undo' || command === 'redo') {
      await editor.send(() => { editor[command](); });
    }
  },
};
