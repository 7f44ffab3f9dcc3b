// What a person does and sees in a window with notebooks, and what the editor's API says of it.
import { pause, until } from './workbench.mjs';

export const MARKUP = 1;
export const CODE = 2;
export const OWN = 'ghostcells-markdown';
export const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** Opens a window of a workbench. */
export async function openWindow(bench) {
  const { page, listening } = await bench.page();
  return new Editor(bench, page, listening);
}

export class Editor {
  constructor(bench, page, listening) {
    this.bench = bench;
    this.page = page;
    this.port = listening?.port;
    this.pid = listening?.pid;
  }

  /** Asks the companion extension. */
  async ask(name, ...args) {
    const response = await fetch(`http://127.0.0.1:${this.port}/${name}`, { method: 'POST', body: JSON.stringify(args) });
    const { result, error } = await response.json();
    if (error !== undefined) {
      throw new Error(`${name}: ${error}`);
    }
    return result;
  }

  execute(command, ...args) {
    return this.ask('execute', command, ...args);
  }

  configure(key, value) {
    return this.ask('configure', key, value);
  }

  async shot(name) {
    await this.page.screenshot({ path: this.bench.at('shots', `${name}.png`) });
  }

  // -- notebooks

  /** Writes a file into the workspace, opens it and waits until the daemon has it and its first cells are drawn. */
  async open(file, content, type) {
    const path = this.bench.write(file, content);
    return await this.openExisting(path, type);
  }

  /** The same on a file system that is no disk. */
  async openVirtual(name, content, type) {
    return await this.opened(await this.ask('openVirtual', name, content, type), name);
  }

  async openExisting(path, type) {
    return await this.opened(await this.ask('open', path, type ?? null), path);
  }

  async opened(uri, path) {
    await until(async () => (await this.ask('state'))?.uri === uri, `${path} to be the active notebook`);
    await this.page.locator('.notebookOverlay .cell-list-container .monaco-list-row').first().waitFor({ state: 'attached' });
    return new Notebook(this, uri);
  }

  /** Ends a test: every tab is closed, and what is not saved is lost. */
  async discard() {
    const closing = this.execute('workbench.action.closeAllEditors');
    const answer = this.page.locator('.monaco-dialog-box .monaco-button', { hasText: "Don't Save" });
    let closed = false;
    void closing.catch(() => undefined).then(() => {
      closed = true;
    });
    await until(async () => {
      if (!closed && (await answer.isVisible())) {
        await answer.click();
      }
      return closed;
    }, 'all editors to close');
  }

  /** Loads the window again by the editor's command, which gives it time to put aside what is not saved. */
  async reload() {
    const mark = this.bench.companionLog.mark();
    void this.execute('workbench.action.reloadWindow').catch(() => undefined); // Its own extension host ends.
    const { port, pid } = await this.bench.companionLog.next(mark, 'listening');
    await this.page.waitForSelector('.monaco-workbench .part.statusbar .statusbar-item');
    this.port = port;
    this.pid = pid;
  }

  /** Whether a question stands in the way. */
  async asked() {
    return await this.page.locator('.monaco-dialog-box').isVisible();
  }

  // -- keys

  async press(...keys) {
    for (const key of keys) {
      await this.page.keyboard.press(key);
    }
  }

  async type(text, delay = 0) {
    await this.page.keyboard.type(text, { delay });
  }

  /** Where keys go: the index of the cell that has the focus in the page, and whether its text has it. */
  async focus() {
    return await this.page.evaluate(() => {
      let element = document.activeElement;
      while (element?.shadowRoot?.activeElement) {
        element = element.shadowRoot.activeElement;
      }
      const row = element?.closest('.cell-list-container .monaco-list-row');
      const list = document.querySelector('.notebookOverlay .cell-list-container .monaco-list-row.focused');
      const edits = row !== null && row !== undefined && element.closest('.monaco-editor') !== null;
      const index = row?.dataset.index ?? list?.dataset.index;
      return { index: index === undefined ? null : Number(index), edits };
    });
  }
}

export class Notebook {
  constructor(editor, uri) {
    this.editor = editor;
    this.page = editor.page;
    this.uri = uri;
    this.mark = editor.bench.log.mark();
    this.companionMark = editor.bench.companionLog.mark();
  }

  get log() {
    return this.editor.bench.log;
  }

  async state() {
    return await this.editor.ask('state', this.uri);
  }

  async cells() {
    return (await this.state()).cells;
  }

  async texts() {
    return (await this.cells()).map((cell) => cell.text);
  }

  async indexOf(uri) {
    return (await this.cells()).findIndex((cell) => cell.uri === uri);
  }

  /** What is the user's: every cell that is no ghost. */
  async own() {
    return (await this.cells()).filter((cell) => !isGhost(cell));
  }

  /** Starts to edit a cell, by its place among the user's or by URI, as a click into its text would; the caret is at its end. */
  async edit(place) {
    const uri = typeof place === 'number' ? (await this.own())[place].uri : place;
    const edits = async () => {
      const focus = await this.editor.focus();
      return focus.edits && focus.index === (await this.indexOf(uri));
    };
    await until(async () => {
      if (await edits()) {
        return true;
      }
      await this.editor.ask('edit', uri);
      return await until(edits, 'the cell', 2000).catch(() => false);
    }, `cell ${place} to be edited`);
    await this.page.keyboard.press('Control+End');
  }

  /** Runs a cell by the key that stays in it; place as for `edit`. */
  async run(place) {
    await this.edit(place);
    await this.page.keyboard.press('Meta+Enter');
  }

  // -- what the extension says

  since(what, fits = () => true, mark = this.mark) {
    return this.log.since(mark, what, (one) => (one.notebook === undefined || one.notebook === this.uri) && fits(one));
  }

  async next(what, fits = () => true, mark = this.mark) {
    return await this.log.next(mark, what, (one) => (one.notebook === undefined || one.notebook === this.uri) && fits(one));
  }

  // -- ghosts

  /** Waits until ghosts with these texts stand in the notebook as cells, in order, and nothing else is one. */
  async ghosts(...texts) {
    let seen;
    await until(async () => {
      seen = (await this.cells()).filter(isGhost).map((cell) => cell.text);
      return JSON.stringify(seen) === JSON.stringify(texts);
    }, () => `ghosts ${JSON.stringify(texts)}; there are ${JSON.stringify(seen)}`);
    return (await this.cells()).filter(isGhost);
  }

  /** Waits until the cell below one of the user's, given by URI, is a ghost. */
  async ghostBelow(uri) {
    await until(async () => {
      const cells = await this.cells();
      const below = cells[cells.findIndex((cell) => cell.uri === uri) + 1];
      return below !== undefined && isGhost(below);
    }, `a ghost below cell ${uri}`);
  }

  row(index) {
    return this.page.locator(`.notebookOverlay .cell-list-container .monaco-list-row[data-index="${index}"]`);
  }

  /** How the text of a code cell is drawn: whether it is grey and italic, as ghosts are. */
  async drawn(index) {
    const found = await this.row(index)
      .locator('.view-line span span')
      .evaluateAll((spans) => spans.filter((span) => span.textContent.trim() !== '').map((span) => {
        const { fontStyle, color } = getComputedStyle(span);
        return { text: span.textContent, italic: fontStyle === 'italic', color };
      }));
    return { spans: found, grey: found.length > 0 && found.every((span) => span.italic), plain: found.every((span) => !span.italic) };
  }

  async greyed(index) {
    await until(async () => (await this.drawn(index)).grey, `cell ${index} to be drawn grey`);
  }

  /** Waits in the page, frame by frame, until a grey line with this text is drawn. */
  async drawnFirst(text) {
    await this.page.waitForFunction((wanted) => {
      const lines = [...document.querySelectorAll('.notebookOverlay .cell-list-container .view-line')];
      return lines.some((line) => {
        const span = line.querySelector('span span');
        return span !== null && line.textContent.replace(/\u00a0/g, ' ') === wanted && getComputedStyle(span).fontStyle === 'italic';
      });
    }, text, { polling: 'raf', timeout: 15_000 });
  }

  /** How far the list of cells is scrolled. */
  async scroll() {
    return await this.page.locator('.notebookOverlay .cell-list-container .monaco-list-rows').evaluateAll((lists) => lists.map((list) => list.style.top));
  }

  /** What a screen reader says of the words below a cell. */
  async spoken(index) {
    return (await this.row(index).locator('.cell-statusbar-container [aria-label]').evaluateAll((items) => items.map((item) => item.getAttribute('aria-label')))).join('; ');
  }

  /** The words below a cell. */
  async label(index) {
    return await this.row(index).locator('.cell-statusbar-container').innerText();
  }
}

export const isGhost = (cell) => cell.language === 'ghostcell' || cell.metadata?.ghostcells?.ghost === true;

/** A Jupyter notebook's file. */
export function ipynb(...cells) {
  return JSON.stringify(
    {
      cells: cells.map(([kind, source, metadata = {}], index) => ({
        cell_type: kind === MARKUP ? 'markdown' : 'code',
        id: `cell-${index}`,
        metadata,
        source: source.split(/(?<=\n)/),
        ...(kind === CODE ? { execution_count: null, outputs: [] } : {}),
      })),
      metadata: { language_info: { name: 'python' } },
      nbformat: 4,
      nbformat_minor: 5,
    },
    null,
    1,
  );
}

export { pause, until };
