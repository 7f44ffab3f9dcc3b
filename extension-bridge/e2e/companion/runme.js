// A stand-in for Runme, whose extension is in no registry that the tests reach: what other extensions can see of it, and no more.
//
// Read in its public source (github.com/stateful/vscode-runme): the notebook type is `runme`, for Markdown files; the kernel has the
// same id, counts no executions, declares every language that the editor knows, and leaves out cells with `excludeFromRunAll`. Each
// code cell that comes into any notebook gets an id, in `id` and `runme.dev/id`, by an edit that names it by its index. Output is a
// terminal's: a description as JSON, and its text beside it. Of how a program ended a cell says only whether it succeeded.
// Files are read and written more simply than Runme does.
'use strict';

const { spawn } = require('node:child_process');
const { randomUUID } = require('node:crypto');
const vscode = require('vscode');

const FENCE = /^```(\S*)(?: (\{.*\}))?\n([\s\S]*?)\n?^```$/gm;
const LANGUAGES = { sh: 'sh', bash: 'sh', shellscript: 'sh' };

const withId = (metadata) => {
  const id = metadata?.id ?? metadata?.['runme.dev/id'] ?? randomUUID();
  return { ...metadata, id, 'runme.dev/id': id };
};

const serializer = {
  deserializeNotebook(bytes) {
    const text = new TextDecoder().decode(bytes);
    const cells = [];
    const prose = (part) => {
      if (part.trim() !== '') {
        cells.push(new vscode.NotebookCellData(vscode.NotebookCellKind.Markup, part.trim(), 'markdown'));
      }
    };
    let end = 0;
    for (const found of text.matchAll(FENCE)) {
      prose(text.slice(end, found.index));
      const cell = new vscode.NotebookCellData(vscode.NotebookCellKind.Code, found[3], LANGUAGES[found[1]] === undefined ? found[1] || 'text' : 'shellscript');
      cell.metadata = withId(found[2] === undefined ? {} : JSON.parse(found[2]));
      cells.push(cell);
      end = found.index + found[0].length;
    }
    prose(text.slice(end));
    return new vscode.NotebookData(cells);
  },
  serializeNotebook({ cells }) {
    const blocks = cells.map(({ kind, value, languageId, metadata }) => {
      if (kind === vscode.NotebookCellKind.Markup) {
        return value;
      }
      const { 'runme.dev/id': _, ...kept } = metadata ?? {};
      return `\`\`\`${LANGUAGES[languageId] ?? languageId} ${JSON.stringify(kept)}\n${value}\n\`\`\``;
    });
    return new TextEncoder().encode(`${blocks.join('\n\n')}\n`);
  },
};

/** Ids for new cells: what is written is the metadata of the moment in which they came, wherever the index points by then. */
function identify(change) {
  for (const cell of change.contentChanges.flatMap((one) => one.addedCells)) {
    if (cell.kind === vscode.NotebookCellKind.Code && cell.metadata['runme.dev/id'] === undefined) {
      const edit = new vscode.WorkspaceEdit();
      edit.set(change.notebook.uri, [vscode.NotebookEdit.updateCellMetadata(cell.index, withId(cell.metadata))]);
      void vscode.workspace.applyEdit(edit);
    }
  }
}

async function run(execution) {
  const id = execution.cell.metadata['runme.dev/id'];
  execution.start(Date.now());
  await execution.clearOutput();
  let text = '';
  const code = await new Promise((resolve) => {
    const child = spawn('bash', ['-c', execution.cell.document.getText()], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => (text += String(data)));
    }
    child.on('close', resolve);
  });
  const terminal = { type: 'stateful.runme/terminal', output: { 'runme.dev/id': id, content: text, initialRows: 10 } };
  const items = [vscode.NotebookCellOutputItem.json(terminal, terminal.type), vscode.NotebookCellOutputItem.stdout(text)];
  await execution.replaceOutput([new vscode.NotebookCellOutput(items, { 'runme.dev/id': id })]);
  execution.end(code === 0, Date.now());
}

/** @param record says which cells were run. */
exports.register = (record) => {
  const controller = vscode.notebooks.createNotebookController('runme', 'runme', 'RUNME');
  controller.supportsExecutionOrder = false;
  void vscode.languages.getLanguages().then((languages) => {
    controller.supportedLanguages = ['shellscript', ...languages.filter((one) => one !== 'shellscript')];
  });
  controller.executeHandler = async (cells) => {
    for (const cell of cells.filter(({ metadata }) => metadata.excludeFromRunAll !== 'true')) {
      record('execute', { kernel: 'runme', cells: [{ uri: cell.document.uri.toString(), language: cell.document.languageId, text: cell.document.getText() }] });
      await run(controller.createNotebookCellExecution(cell));
    }
  };
  return [
    controller,
    vscode.workspace.registerNotebookSerializer('runme', serializer, { transientOutputs: true }),
    vscode.workspace.onDidChangeNotebookDocument((change) => change.notebook.notebookType === 'runme' && identify(change)),
  ];
};
