/** Connects the editor's events with the daemon: facts go up, what is published goes to the notebooks' books. */

import * as vscode from 'vscode';
import type { Book, Host } from './book';
import { Books } from './books';
import { marksOf, OWN_TYPE, uriOf } from './cells';
import { registerCommands } from './commands';
import { Daemon, type Listener } from './daemon';
import { Dashboard } from './dashboard';
import { type Accepted, Focus } from './focus';
import { offerInstall } from './install';
import { Look } from './look';
import type { PublishGhosts, Status } from './protocol';
import { record, recording } from './record';
import { Reports } from './reports';
import { Runbooks } from './runbooks';
import { Runs } from './runs';
import { StatusItem } from './status';
import { Undo } from './undo';
import { visible, Views } from './views';

/** Where Tab means little else: it accepts there, on the last line. */
const TAB_ACCEPTS = ['markdown', 'shellscript'];

export class Bridge implements vscode.Disposable, Host, Listener {
  readonly books = new Books(this);
  readonly daemon: Daemon;
  readonly status: StatusItem;
  readonly undo: Undo;
  readonly focus: Focus;
  readonly reports: Reports;
  readonly runbooks: Runbooks;
  readonly dashboard: Dashboard;
  private readonly look: Look;
  private readonly views: Views;
  private readonly runs = new Runs();
  private readonly contexts = new Map<string, unknown>();
  private readonly subscriptions: vscode.Disposable[] = [];
  private leaksSaid = false;
  private ghostRunSaid = false;
  private keystrokes: number[] = [];

  constructor(
    readonly context: vscode.ExtensionContext,
    private readonly output: vscode.LogOutputChannel,
  ) {
    this.daemon = new Daemon(context.globalStorageUri, output, this);
    this.status = new StatusItem(this.daemon);
    this.look = new Look(this.books);
    this.views = new Views(this.books, this.daemon, () => {
      this.sayUnseen(this.books.active);
    });
    this.undo = new Undo(this.daemon, (value) => {
      this.setContext('canUndoAccept', value);
    });
    this.focus = new Focus(this.books, this.daemon, (book, accepted) => {
      this.settled(book, accepted);
    });
    this.reports = new Reports(this.daemon, this.status, this.books);
    this.runbooks = new Runbooks(context.workspaceState, this.daemon, this.reports);
    this.dashboard = new Dashboard(this.daemon);
    this.subscriptions.push(this.daemon, this.status, this.look, this.views, this.focus, this.books);
    this.subscriptions.push(this.reports, this.runbooks, this.dashboard);
    this.subscriptions.push(...registerCommands(this), ...this.listen());
    for (const notebook of vscode.workspace.notebookDocuments) {
      this.opened(notebook);
    }
  }

  private listen(): vscode.Disposable[] {
    const { workspace } = vscode;
    return [
      workspace.onDidOpenNotebookDocument((notebook) => {
        this.opened(notebook);
      }),
      workspace.onDidCloseNotebookDocument((notebook) => {
        this.closed(notebook);
      }),
      workspace.onDidChangeNotebookDocument((change) => {
        this.changed(change);
      }),
      workspace.onWillSaveNotebookDocument((event) => {
        this.willSave(event);
      }),
      workspace.onDidChangeConfiguration((change) => {
        this.configured(change);
      }),
      workspace.onDidChangeWorkspaceFolders(() => {
        void this.daemon.restart(); // It reads the folders' own settings when it starts.
      }),
      workspace.onDidGrantWorkspaceTrust(() => {
        this.daemon.settingsChanged();
        void this.daemon.start();
      }),
    ];
  }

  // -- notebooks

  private opened(notebook: vscode.NotebookDocument): void {
    const book = this.books.of(notebook);
    this.setContext('active', true);
    void this.daemon.start();
    void this.dropLeaks(book);
    this.focus.look();
  }

  private async dropLeaks(book: Book): Promise<void> {
    const count = await book.prune(() => undefined);
    if (count === 0) {
      return;
    }
    record('leaks', { notebook: book.uri, count });
    this.log(`${String(count)} suggested cells had been saved in ${book.uri}; they were removed.`);
    if (!this.leaksSaid) {
      this.leaksSaid = true;
      const what = count === 1 ? 'A suggested cell' : `${String(count)} suggested cells`;
      void vscode.window.showInformationMessage(
        `${what} had been saved in ${vscode.workspace.asRelativePath(book.notebook.uri)} and ${count === 1 ? 'was' : 'were'} removed. Save the notebook to keep it so.`,
      );
    }
  }

  private closed(notebook: vscode.NotebookDocument): void {
    this.books.closed(notebook);
    this.runs.closed(notebook);
    this.focus.closed(notebook.uri.toString());
    this.undo.forget(notebook.uri.toString());
    this.focus.look();
  }

  private changed(change: vscode.NotebookDocumentChangeEvent): void {
    const started = performance.now();
    const book = this.books.of(change.notebook);
    if (change.contentChanges.length > 0) {
      this.restructured(book, change);
    }
    for (const cell of change.cellChanges) {
      this.cellChanged(book, cell);
    }
    this.measure(performance.now() - started);
  }

  private cellChanged(book: Book, change: vscode.NotebookDocumentCellChange): void {
    if (change.document !== undefined && book.ghostId(change.cell) === undefined) {
      book.userChanged();
      this.undo.typed();
      setTimeout(() => {
        book.reconsider(); // Within this event the notebook may still call itself clean.
      }, 0);
    }
    if (change.metadata !== undefined && !book.busy) {
      book.acceptance.repair(change.cell);
    }
    if (change.executionSummary !== undefined) {
      this.undo.typed(); // What has run is no suggestion again.
      this.ran(book, change);
    }
  }

  private restructured(book: Book, change: vscode.NotebookDocumentChangeEvent): void {
    const isUsers = book.restructured(change.contentChanges);
    if (book.busy) {
      return;
    }
    if (isUsers) {
      this.undo.typed();
    }
    this.drawn(book);
    this.focus.look();
  }

  private ran(book: Book, change: vscode.NotebookDocumentCellChange): void {
    const ended = this.runs.ended(change);
    if (ended === undefined) {
      return;
    }
    if (book.ghostId(change.cell) !== undefined) {
      this.ghostRan(book);
      return;
    }
    record('executed', { notebook: book.uri, ...ended });
    this.daemon
      .request('ghostcells/executed', { notebook: { uri: book.uri }, ...ended })
      .then(() => {
        this.setContext('hasRun', true);
        return this.status.refreshCost();
      })
      .catch((error: unknown) => {
        this.log(`A run was not recorded: ${String(error)}`);
      });
  }

  /** A kernel that does not say which languages it runs is given ghosts as well; nothing is learned from that. */
  private ghostRan(book: Book): void {
    record('ghost-ran', { notebook: book.uri });
    if (!this.ghostRunSaid) {
      this.ghostRunSaid = true;
      void vscode.window.showWarningMessage(
        'The kernel of this notebook runs cells of any language, so Run All ran a suggested cell. Dismiss suggestions (Escape) before you run all cells here.',
      );
    }
  }

  private willSave(event: vscode.NotebookDocumentWillSaveEvent): void {
    const book = this.books.of(event.notebook);
    if (event.notebook.notebookType !== OWN_TYPE) {
      event.waitUntil(this.beforeSaving(book));
    }
  }

  /**
   * A foreign serializer would write ghosts to the file. Nothing puts them back after the save.
   *
   * The edit is our own, in turn with our others, and not handed to the event: what is handed there is carried out without a
   * look at what has changed in between, and would delete the user's cells once the ghosts are gone.
   */
  private async beforeSaving(book: Book): Promise<void> {
    await book.prune((ids) => {
      record('pruned', { notebook: book.uri, ids });
      const notebook = { uri: book.uri };
      this.daemon.request('ghostcells/withdrawn', { notebook, ids, reason: 'saved' }).catch((error: unknown) => {
        this.log(`Withdrawing failed: ${String(error)}`);
      });
    });
  }

  private configured(change: vscode.ConfigurationChangeEvent): void {
    if (change.affectsConfiguration('ghostcells.daemon')) {
      void this.daemon.restart();
    } else if (change.affectsConfiguration('ghostcells')) {
      this.daemon.settingsChanged();
    }
  }

  // -- what the books say

  drawn(book: Book): void {
    this.look.refresh();
    this.views.look();
    this.contextsOf(this.books.active ?? book);
  }

  idle(book: Book): void {
    book.acceptance.repairAll(); // What was written back while an edit was under way.
    this.focus.look();
  }

  log(message: string): void {
    this.output.info(message);
  }

  private settled(book: Book | undefined, accepted: Accepted | undefined): void {
    if (book !== undefined && accepted !== undefined) {
      record('accepted', { notebook: book.uri, id: accepted.id });
      this.undo.accepted(book, accepted.id, accepted.text);
      this.setContext('hasAccepted', true);
    } else {
      this.undo.moved(book);
    }
    this.look.refresh();
    this.contextsOf(book);
    this.sayUnseen(book);
  }

  private contextsOf(book: Book | undefined): void {
    const cell = book?.focused();
    const next = book !== undefined && cell !== undefined && cell.index + 1 < book.notebook.cellCount ? book.notebook.cellAt(cell.index + 1) : undefined;
    const previewed = (book?.previewed.length ?? 0) > 0;
    this.setContext('nextIsGhost', book !== undefined && next !== undefined && book.ghostId(next) !== undefined);
    this.setContext('preview', previewed && cell !== undefined && book?.ledger.wanted.after === uriOf(cell));
    this.setContext('undo', (book?.ledger.suggestionId ?? '') !== '');
    this.setContext('showing', previewed || (book?.ghostCells.length ?? 0) > 0);
    this.setContext('tabAccepts', cell !== undefined && TAB_ACCEPTS.includes(marksOf(cell).language));
  }

  /** What stands nowhere in view is said in the status bar: nothing scrolls there by itself. */
  private sayUnseen(book: Book | undefined): void {
    if (book === undefined || book.previewed.length > 0) {
      this.status.preview(book?.previewed ?? []);
    } else {
      this.status.preview(visible(book).length > 0 ? [] : book.ghosts);
    }
  }

  private setContext(name: string, value: unknown): void {
    if (this.contexts.get(name) !== value) {
      this.contexts.set(name, value);
      void vscode.commands.executeCommand('setContext', `ghostcells.${name}`, value);
    }
  }

  // -- what the daemon says

  published(publish: PublishGhosts): void {
    const book = this.books.at(publish.notebook.uri);
    book?.publish(publish);
    if (book !== undefined && publish.final) {
      this.status.suggested(publish);
    }
  }

  condition(...said: Parameters<Listener['condition']>): void {
    this.setContext('running', said[0] === 'running');
    if (said[0] === 'missing') {
      void offerInstall(this.context, this.daemon);
    }
    this.status.condition(...said);
  }

  started(): void {
    this.focus.reset();
    this.views.reset();
    this.runbooks.offerSoon();
    void this.status.refreshCost();
  }

  stopped(): void {
    for (const book of this.books) {
      book.forget();
    }
  }

  onStatus(status: Status): void {
    this.status.show(status);
  }

  private measure(ms: number): void {
    if (recording) {
      this.keystrokes.push(ms);
      if (this.keystrokes.length >= 20) {
        record('keystroke-ms', { ms: this.keystrokes });
        this.keystrokes = [];
      }
    }
  }

  dispose(): void {
    for (const one of this.subscriptions) {
      one.dispose();
    }
  }
}
