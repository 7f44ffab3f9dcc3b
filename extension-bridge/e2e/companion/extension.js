// A window into the editor for tests: each POST to /NAME calls the function of that name below with the body as its arguments.
'use strict';

const { spawn } = require('node:child_process');
const { appendFileSync } = require('node:fs');
const http = require('node:http');
const vscode = require('vscode');
const runme = require('./runme.js');

const file = process.env.COMPANION_LOG;

function record(what, fields) {
  if (file) {
    appendFileSync(file, `${JSON.stringify({ t: Date.now(), pid: process.pid, what, ...fields })}\n`);
  }
}

// -- what tests may ask for

const answers = {
  /** The notebook that is active, or the open one at a URI. */
  state(uri) {
    const editor = vscode.window.activeNotebookEditor;
    const notebook = uri === undefined ? editor?.notebook : vscode.workspace.notebookDocuments.find((one) => one.uri.toString() === uri);
    if (notebook === undefined) {
      return null;
    }
    return {
      uri: notebook.uri.toString(),
      type: notebook.notebookType,
      dirty: notebook.isDirty,
      active: editor?.notebook === notebook,
      selected: editor?.notebook === notebook ? editor.selections.map((range) => [range.start, range.end]) : [],
      visible: editor?.notebook === notebook ? editor.visibleRanges.map((range) => [range.start, range.end]) : [],
      cells: notebook.getCells().map(cell),
    };
  },

  texts: () => vscode.workspace.textDocuments.map((one) => ({ uri: one.uri.toString(), language: one.languageId, text: one.getText() })),

  /** Opens a file of the workspace, in a notebook type or in the editor's choice; its name says which kernel it wants. */
  async open(path, type, column) {
    const uri = vscode.Uri.file(path);
    const where = { viewColumn: column ?? vscode.ViewColumn.One, preview: false };
    if (type === null) {
      await vscode.commands.executeCommand('vscode.open', uri, where);
    } else {
      await vscode.commands.executeCommand('vscode.openWith', uri, type, where);
    }
    if (path.endsWith('.ipynb')) {
      await vscode.commands.executeCommand('notebook.selectKernel', { id: path.includes('undeclared') ? 'undeclared' : 'declared', extension: 'ghostcells-tests.companion' });
    }
    return uri.toString();
  },

  /** Opens a notebook on a file system in memory. */
  async openVirtual(name, content, type) {
    const uri = vscode.Uri.from({ scheme: 'memfs', path: `/${name}` });
    await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(content));
    await vscode.commands.executeCommand('vscode.openWith', uri, type, { viewColumn: vscode.ViewColumn.One, preview: false });
    return uri.toString();
  },

  async openText(path) {
    await vscode.window.showTextDocument(vscode.Uri.file(path), { viewColumn: vscode.ViewColumn.Beside, preview: false });
    return null;
  },

  async execute(command, ...args) {
    const result = await vscode.commands.executeCommand(command, ...args);
    return ['string', 'number', 'boolean'].includes(typeof result) ? result : null;
  },

  async configure(key, value) {
    await vscode.workspace.getConfiguration().update(key, value ?? undefined, vscode.ConfigurationTarget.Global);
    return null;
  },

  /** Closes everything but notebooks. */
  closePages: async () => await vscode.window.tabGroups.close(vscode.window.tabGroups.all.flatMap((group) => group.tabs).filter((tab) => !(tab.input instanceof vscode.TabInputNotebook))),

  setting: (key) => vscode.workspace.getConfiguration().get(key),

  /** Moves the focus without the keyboard: for tests that begin somewhere, not for what they are about. */
  select(uri) {
    const editor = vscode.window.activeNotebookEditor;
    const index = editor.notebook.getCells().findIndex((one) => one.document.uri.toString() === uri);
    editor.selections = [new vscode.NotebookRange(index, index + 1)];
    editor.revealRange(new vscode.NotebookRange(index, index + 1), vscode.NotebookEditorRevealType.InCenterIfOutsideViewport);
    return null;
  },

  /**
   * Starts to edit a cell, with the caret at its end, as a click would; for tests that begin somewhere. By the cell's URI all the way:
   * an index would be another cell's where a ghost comes above it meanwhile, and being selected would accept that.
   */
  async edit(uri) {
    const { notebook, viewColumn } = vscode.window.activeNotebookEditor;
    const { document } = notebook.getCells().find((one) => one.document.uri.toString() === uri);
    const { end } = document.lineAt(document.lineCount - 1).range;
    await vscode.commands.executeCommand('vscode.openWith', document.uri, notebook.notebookType, { selection: new vscode.Range(end, end), viewColumn, preview: false });
    return null;
  },

  reveal(index) {
    vscode.window.activeNotebookEditor.revealRange(new vscode.NotebookRange(index, index + 1), vscode.NotebookEditorRevealType.InCenter);
    return null;
  },

  /** What another extension does: writes a cell's metadata as it was once. */
  async writeMetadata(index, metadata) {
    const { notebook } = vscode.window.activeNotebookEditor;
    const edit = new vscode.WorkspaceEdit();
    edit.set(notebook.uri, [vscode.NotebookEdit.updateCellMetadata(index, metadata)]);
    return await vscode.workspace.applyEdit(edit);
  },

  /** What another extension does: puts a cell into the active notebook. */
  async insertAt(index, text) {
    const edit = new vscode.WorkspaceEdit();
    edit.set(vscode.window.activeNotebookEditor.notebook.uri, [vscode.NotebookEdit.insertCells(index, [new vscode.NotebookCellData(vscode.NotebookCellKind.Code, text, 'python')])]);
    return await vscode.workspace.applyEdit(edit);
  },

  async setLanguage(uri, language) {
    const document = vscode.workspace.textDocuments.find((one) => one.uri.toString() === uri);
    await vscode.languages.setTextDocumentLanguage(document, language);
    return null;
  },

  trusted: () => vscode.workspace.isTrusted,
  folders: () => (vscode.workspace.workspaceFolders ?? []).map((one) => one.uri.toString()),
  leaveFolder: (index) => vscode.workspace.updateWorkspaceFolders(index, 1),
  readVirtual: async (name) => new TextDecoder().decode(await vscode.workspace.fs.readFile(vscode.Uri.from({ scheme: 'memfs', path: `/${name}` }))),
  extension(id) {
    const found = vscode.extensions.getExtension(id);
    return found === undefined ? null : { active: found.isActive, version: found.packageJSON.version };
  },
};

/** A file system in memory, as virtual workspaces have one; a folder is there when something is in it. */
class MemoryFiles {
  files = new Map([['/project/README.md', new TextEncoder().encode('# Project\n')]]);
  changed = new vscode.EventEmitter();
  onDidChangeFile = this.changed.event;

  watch() {
    return new vscode.Disposable(() => undefined);
  }

  stat(uri) {
    if (uri.path === '/' || this.readDirectory(uri).length > 0) {
      return { type: vscode.FileType.Directory, ctime: 0, mtime: 0, size: 0 };
    }
    return { type: vscode.FileType.File, ctime: 0, mtime: 0, size: this.readFile(uri).length };
  }

  readFile(uri) {
    const content = this.files.get(uri.path);
    if (content === undefined) {
      throw vscode.FileSystemError.FileNotFound(uri);
    }
    return content;
  }

  writeFile(uri, content) {
    this.files.set(uri.path, content);
    this.changed.fire([{ type: vscode.FileChangeType.Changed, uri }]);
  }

  readDirectory({ path }) {
    const folder = path === '/' ? path : `${path}/`;
    const inside = [...this.files.keys()].filter((one) => one.startsWith(folder)).map((one) => one.slice(folder.length).split('/'));
    return [...new Map(inside.map(([name, ...more]) => [name, more.length > 0 ? vscode.FileType.Directory : vscode.FileType.File]))];
  }

  createDirectory() {}

  delete(uri) {
    this.files.delete(uri.path);
  }

  rename(from, to) {
    this.files.set(to.path, this.readFile(from));
    this.files.delete(from.path);
  }
}

function cell(it) {
  return {
    uri: it.document.uri.toString(),
    kind: it.kind,
    language: it.document.languageId,
    text: it.document.getText(),
    metadata: it.metadata,
    outputs: it.outputs.flatMap((output) => output.items.map((item) => new TextDecoder().decode(item.data))),
    success: it.executionSummary?.success ?? null,
    order: it.executionSummary?.executionOrder ?? null,
  };
}

function serve() {
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', async () => {
      try {
        const args = JSON.parse(Buffer.concat(parts).toString() || '[]');
        const result = await answers[request.url.slice(1)](...args);
        response.end(JSON.stringify({ result: result ?? null }));
      } catch (error) {
        response.end(JSON.stringify({ error: String(error?.stack ?? error) }));
      }
    });
  });
  server.listen(0, '127.0.0.1', () => record('listening', { port: server.address().port }));
  return new vscode.Disposable(() => server.close());
}

// -- kernels for .ipynb

const PROGRAMS = { python: ['python3', '-c'], shellscript: ['bash', '-c'] };

function kernel(id, languages) {
  const controller = vscode.notebooks.createNotebookController(id, 'jupyter-notebook', id);
  if (languages !== undefined) {
    controller.supportedLanguages = languages;
  }
  controller.supportsExecutionOrder = true;
  let order = 0;
  controller.executeHandler = async (cells) => {
    record('execute', { kernel: id, cells: cells.map((one) => ({ uri: one.document.uri.toString(), language: one.document.languageId, text: one.document.getText() })) });
    for (const one of cells) {
      order += 1;
      await run(controller.createNotebookCellExecution(one), order);
    }
  };
  return controller;
}

async function run(execution, order) {
  const [program, flag] = PROGRAMS[execution.cell.document.languageId] ?? PROGRAMS.shellscript;
  execution.executionOrder = order;
  execution.start(Date.now());
  await execution.clearOutput();
  const output = [];
  const code = await new Promise((resolve) => {
    const child = spawn(program, [flag, execution.cell.document.getText()], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (data) => output.push(vscode.NotebookCellOutputItem.stdout(String(data))));
    child.stderr.on('data', (data) => output.push(vscode.NotebookCellOutputItem.stderr(String(data))));
    child.on('error', () => resolve(127));
    child.on('close', resolve);
  });
  if (output.length > 0) {
    await execution.replaceOutput([new vscode.NotebookCellOutput(output)]);
  }
  execution.end(code === 0, Date.now());
}

exports.activate = (context) => {
  context.subscriptions.push(
    vscode.workspace.registerFileSystemProvider('memfs', new MemoryFiles(), { isCaseSensitive: true }),
    kernel('declared', ['python', 'shellscript']),
    kernel('undeclared', undefined),
    ...runme.register(record),
    vscode.workspace.onDidSaveNotebookDocument((notebook) => record('saved', { notebook: notebook.uri.toString(), cells: notebook.cellCount })),
    vscode.workspace.onDidChangeNotebookDocument((change) =>
      record('changed', { notebook: change.notebook.uri.toString(), structure: change.contentChanges.map((one) => [one.range.start, one.removedCells.length, one.addedCells.length]) }),
    ),
    vscode.workspace.onDidOpenTextDocument((one) => {
      if (one.uri.scheme === 'vscode-notebook-cell') {
        record('language', { cell: one.uri.toString(), language: one.languageId });
      }
    }),
    serve(),
  );
};
