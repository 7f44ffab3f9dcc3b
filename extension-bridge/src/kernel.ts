/** The kernel of our Markdown notebook: one shell for each notebook, in the directory of its file. It refuses ghosts. */

import { homedir } from 'node:os';
import * as path from 'node:path';
import * as vscode from 'vscode';
import type { Books } from './books';
import { OWN_TYPE } from './cells';
import { onPath } from './find';
import { EXIT_CODE } from './runs';
import { Shell, type Stream } from './shell';

const MIMES = {
  stdout: (text: string) => vscode.NotebookCellOutputItem.stdout(text),
  stderr: (text: string) => vscode.NotebookCellOutputItem.stderr(text),
} as const;
/** What a cell may print before the rest is left out: a page that holds more is slow. */
const MAX_CHARS = 2_000_000;
const QUIET = { PAGER: 'cat', GIT_PAGER: 'cat', MANPAGER: 'cat', TERM: 'dumb' };

export class ShellKernel implements vscode.Disposable {
  private readonly controller = vscode.notebooks.createNotebookController('ghostcells-shell', OWN_TYPE, 'Shell');
  private readonly shells = new Map<string, Shell>();
  private readonly queues = new Map<string, Promise<void>>();
  private readonly subscriptions: vscode.Disposable[];
  private order = 0;

  constructor(
    private readonly books: Books,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.controller.supportedLanguages = ['shellscript'];
    this.controller.supportsExecutionOrder = true;
    this.controller.description = 'bash, one session for each notebook';
    this.controller.executeHandler = (cells, notebook) => this.queue(cells, notebook);
    this.subscriptions = [
      this.controller,
      vscode.workspace.onDidCloseNotebookDocument((notebook) => {
        this.closed(notebook.uri.toString());
      }),
    ];
  }

  /** Cells of one notebook run one after the other. */
  private async queue(cells: readonly vscode.NotebookCell[], notebook: vscode.NotebookDocument): Promise<void> {
    const uri = notebook.uri.toString();
    const runs = cells
      .filter((cell) => !this.isGhost(cell))
      .map((cell) => [cell, this.controller.createNotebookCellExecution(cell)] as const);
    const before = this.queues.get(uri) ?? Promise.resolve();
    const all = before.then(async () => {
      let going = true;
      for (const [, execution] of runs) {
        going = going && (await this.run(execution, notebook));
        if (!going) {
          skip(execution);
        }
      }
    });
    this.queues.set(uri, all);
    await all;
  }

  private isGhost(cell: vscode.NotebookCell): boolean {
    return this.books.of(cell.notebook).ghostId(cell) !== undefined;
  }

  /** Runs one cell; whether the next one may follow. */
  private async run(execution: vscode.NotebookCellExecution, notebook: vscode.NotebookDocument): Promise<boolean> {
    if (execution.token.isCancellationRequested) {
      return false;
    }
    execution.executionOrder = ++this.order;
    execution.start(Date.now());
    await execution.clearOutput();
    const printer = new Printer(execution);
    let code: number | undefined = 1;
    try {
      code = await this.execute(execution, notebook, printer);
    } catch (error) {
      printer.print('stderr', `${error instanceof Error ? error.message : String(error)}\n`);
      this.log.error(error instanceof Error ? error : String(error));
    }
    await printer.close(code);
    execution.end(code === 0, Date.now());
    return code === 0;
  }

  private async execute(
    execution: vscode.NotebookCellExecution,
    notebook: vscode.NotebookDocument,
    printer: Printer,
  ): Promise<number | undefined> {
    if (!vscode.workspace.isTrusted) {
      throw new Error('Cells run only in a workspace that you trust.');
    }
    const shell = await this.shellOf(notebook);
    const stopping = execution.token.onCancellationRequested(() => {
      shell.interrupt();
    });
    try {
      const { code, ended } = await shell.run(execution.cell.document.getText(), (stream, text) => {
        printer.print(stream, text);
      });
      if (ended) {
        printer.print('stderr', 'The shell has ended; the next cell begins in a new one.\n');
      }
      return code;
    } finally {
      stopping.dispose();
    }
  }

  private async shellOf(notebook: vscode.NotebookDocument): Promise<Shell> {
    const uri = notebook.uri.toString();
    let shell = this.shells.get(uri);
    if (shell === undefined) {
      const cwd = notebook.uri.scheme === 'file' ? path.dirname(notebook.uri.fsPath) : homedir();
      const program = (await onPath('bash')) ?? (await onPath('sh')) ?? '/bin/sh';
      shell = new Shell(program, cwd, { ...process.env, ...QUIET });
      this.shells.set(uri, shell);
    }
    return shell;
  }

  private closed(uri: string): void {
    this.shells.get(uri)?.dispose();
    this.shells.delete(uri);
    this.queues.delete(uri);
  }

  dispose(): void {
    for (const shell of this.shells.values()) {
      shell.dispose();
    }
    for (const one of this.subscriptions) {
      one.dispose();
    }
  }
}

/** A cell that does not run because one before it failed or was stopped. */
function skip(execution: vscode.NotebookCellExecution): void {
  execution.start();
  execution.end(undefined);
}

/** What a run prints, as it comes: text that follows on the same stream is added to the same output. */
class Printer {
  private last: { stream: Stream; output: vscode.NotebookCellOutput } | undefined;
  private chars = 0;
  private work: Promise<void> = Promise.resolve();

  constructor(private readonly execution: vscode.NotebookCellExecution) {}

  print(stream: Stream, text: string): void {
    const left = MAX_CHARS - this.chars;
    if (left <= 0) {
      return;
    }
    this.chars += text.length;
    this.add(stream, text.length < left ? text : `${text.slice(0, left)}\n… the rest is left out\n`);
  }

  private add(stream: Stream, text: string): void {
    const item = MIMES[stream](text);
    if (this.last?.stream === stream) {
      const { output } = this.last;
      this.then(() => this.execution.appendOutputItems(item, output));
      return;
    }
    const output = new vscode.NotebookCellOutput([item]);
    this.last = { stream, output };
    this.then(() => this.execution.appendOutput(output));
  }

  private then(step: () => Thenable<void>): void {
    this.work = this.work.then(step);
  }

  /** Says a status that is not zero, and waits until everything is shown. */
  async close(code: number | undefined): Promise<void> {
    if (code !== 0) {
      const said = code === undefined ? 'ended by a signal' : `exit status ${String(code)}`;
      const output = new vscode.NotebookCellOutput([MIMES.stderr(`${said}\n`)], code === undefined ? {} : { [EXIT_CODE]: code });
      this.then(() => this.execution.appendOutput(output));
    }
    await this.work;
  }
}
