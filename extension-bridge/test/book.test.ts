/** What a book does to a notebook whose user acts while its edits are on their way: nothing of the user's is lost. */

import assert from 'node:assert/strict';
import { after, before, mock, test } from 'node:test';
import fc from 'fast-check';
import type * as api from 'vscode';
import { Book } from '../src/book';
import type { Daemon } from '../src/daemon';
import type { Ghost, PublishGhosts } from '../src/protocol';
import { Undo } from '../src/undo';
import { runs } from './properties';
import { type Change, Editor, type EditorCell, use } from './vscode';

before(() => { mock.timers.enable({ apis: ['setTimeout'] }); });
after(() => { mock.timers.reset(); });

type Step =
  | { readonly what: 'insert' | 'remove' | 'type'; readonly at: number }
  | { readonly what: 'undo' | 'redo' | 'undo by key' | 'redo by key' | 'publish' | 'accept' | 'restore' | 'deliver' | 'answer' };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: fc.record({ what: fc.constantFrom('insert' as const, 'remove' as const, 'type' as const), at: fc.nat(20) }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constantFrom('undo' as const, 'redo' as const, 'undo by key' as const, 'redo by key' as const) }) },
    { weight: 3, arbitrary: fc.record({ what: fc.constantFrom('publish' as const, 'accept' as const, 'restore' as const) }) },
    { weight: 6, arbitrary: fc.record({ what: fc.constantFrom('deliver' as const, 'answer' as const) }) },
  ),
  { minLength: 5, maxLength: 60 },
);

/** Steps as one reads them; those that are done to a cell say to which. */
function walk(words: string): Step[] {
  return words.split(', ').map((word) => {
    const at = / (\d+)$/.exec(word)?.[1];
    return (at === undefined ? { what: word } : { what: word.slice(0, -at.length - 1), at: Number(at) }) as Step;
  });
}

/** Found at random. */
const FOUND: Record<string, Step[]> = {
  'all cells are undone, and there is none to type in': walk('undo, undo, undo, undo by key, publish, answer, answer, answer, deliver, publish'),
  'a cell that was taken for a ghost carries its id when it is put back': walk(
    'publish, publish, deliver, answer, accept, restore, deliver, publish, answer, answer, insert 0, undo, insert 0',
  ),
  'a cell goes twice: the user brings it back before an edit of ours removes it': walk(
    'publish, remove 11, publish, publish, deliver, insert 0, remove 5, deliver, deliver, undo, deliver, deliver',
  ),
};

/** A notebook with three cells of the user's, the book on it, and a daemon that publishes. */
class Desk {
  readonly editor = new Editor();
  readonly book: Book;
  /** Texts of the user's cells that an edit of ours has removed and that the user has not removed since. */
  readonly owed = new Set<string>();
  /** All texts of the user's cells that edits of ours have removed. */
  readonly met: string[] = [];
  private revision = 0;
  private number = 0;
  private last: string | undefined;
  private steps: Promise<void> = Promise.resolve();

  constructor() {
    use(this.editor);
    this.book = new Book(this.editor.notebook as unknown as api.NotebookDocument, {
      drawn: () => undefined,
      idle: (book) => { book.acceptance.repairAll(); },
      log: () => undefined,
    });
    this.editor.listeners.add((change) => { this.changed(change); });
    this.editor.onRemoved = (cells, by) => {
      for (const cell of cells.filter((one) => this.isUsers(one))) {
        if (by === 'edit') {
          this.owed.add(cell.text);
          this.met.push(cell.text);
        } else {
          this.owed.delete(cell.text);
        }
      }
    };
    for (let cell = 0; cell < 3; cell++) {
      this.editor.insert(cell, this.fresh());
    }
  }

  /** As the bridge passes changes on. */
  private changed({ contentChanges, cellChanges }: Change): void {
    if (contentChanges.length > 0) {
      this.book.restructured(contentChanges as unknown as api.NotebookDocumentContentChange[]);
    }
    for (const { cell, metadata, document } of cellChanges) {
      if (document !== undefined && this.book.ghostId(cell as unknown as api.NotebookCell) === undefined) {
        this.book.userChanged();
      }
      if (metadata !== undefined && !this.book.busy) {
        this.book.acceptance.repair(cell as unknown as api.NotebookCell);
      }
    }
  }

  /** Texts of the user's begin with a letter of their own. */
  isUsers = ({ text }: EditorCell): boolean => text.startsWith('user');

  private fresh(): string {
    return `user ${String(++this.number)}.`;
  }

  async take(step: Step): Promise<void> {
    const { editor, book } = this;
    const { cells } = editor;
    const own = cells.flatMap((cell, index) => (this.isUsers(cell) ? [index] : []));
    const some = 'at' in step ? own[step.at % Math.max(1, own.length)] : undefined;
    switch (step.what) {
      case 'insert':
        editor.insert(step.at % (cells.length + 1), this.fresh());
        break;
      case 'remove':
        if (some !== undefined && own.length > 1) {
          editor.remove(some);
        }
        break;
      case 'type':
        if (some !== undefined) {
          this.type(some);
        }
        break;
      case 'undo':
      case 'redo':
        editor[step.what]();
        break;
      case 'undo by key':
      case 'redo by key': {
        const which = step.what === 'undo by key' ? 'undo' : 'redo';
        this.steps = book.step(() => editor.send(() => { editor[which](); }));
        break;
      }
      case 'publish':
        this.publish();
        break;
      case 'accept':
        await this.accept();
        break;
      case 'restore':
        if (this.last !== undefined) {
          void book.acceptance.makeGhost(this.last).catch(() => undefined);
        }
        break;
      case 'deliver':
        editor.toEditor.shift()?.();
        break;
      case 'answer':
        editor.toApi.shift()?.();
        break;
    }
    await turn();
  }

  private type(at: number): void {
    const { text = '' } = this.editor.cells[at] ?? {};
    this.editor.type(at, 'x');
    if (this.owed.delete(text)) {
      this.owed.add(`${text}x`);
    }
  }

  private publish(): void {
    const anchors = this.editor.notebook.getCells().filter((cell) => cell.text.startsWith('user'));
    const after = anchors[this.revision % Math.max(1, anchors.length)]?.document.uri.toString() ?? null;
    const ghosts = Array.from({ length: this.revision % 3 }, (_, place): Ghost => {
      const id = `g${String(this.revision)}.${String(place)}`;
      return { id, kind: place === 0 ? 2 : 1, languageId: 'shellscript', text: `ghost ${id}`, source: 'memory' };
    });
    this.book.publish(publishOf(this.revision++, after, ghosts));
  }

  private async accept(): Promise<void> {
    const id = this.book.ghosts[0]?.id;
    if (id !== undefined) {
      this.last = id;
      void this.book.acceptance.makeReal(id).catch(() => undefined);
      await turn();
    }
  }

  /** The ghosts that stand in the notebook. */
  drawn(): string[] {
    return this.editor.cells.filter((cell) => this.book.ledger.ghostId(cell.uri) !== undefined).map((cell) => cell.text);
  }

  /** Those that were published last, if their anchor is there. */
  wanted(): string[] {
    const { after, ghosts } = this.book.ledger.wanted;
    const anchored = after === null || this.editor.cells.some((cell) => cell.uri === after);
    return anchored ? ghosts.filter(({ id }) => !this.book.ledger.isTaken(id)).map((ghost) => ghost.text) : [];
  }

  /** Delivers everything, until nothing is on its way. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      const next = this.editor.toEditor.shift() ?? this.editor.toApi.shift();
      next?.();
      await turn();
      mock.timers.tick(20);
      await turn();
      quiet = next === undefined ? quiet + 1 : 0;
    }
    await this.steps;
  }
}

function publishOf(revision: number, after: string | null, ghosts: readonly Ghost[]): PublishGhosts {
  const candidates = { index: 0, count: 1 };
  return { epoch: 'E1', notebook: { uri: 'notebook', version: 1 }, session: 's', revision, after, ghosts: [...ghosts], accepted: [], final: true, candidates };
}

test('undo passes over a mistake of ours and what mended it', async () => {
  const desk = new Desk();
  await desk.settle();
  const { editor } = desk;
  editor.insert(0, 'user above.');
  await desk.settle();
  for (let count = 0; count < 2; count++) {
    await desk.take({ what: 'publish' });
    await desk.settle();
  }
  const drawn = editor.cells.map((cell) => cell.text);
  desk.book.forget(); // The ghost is to go, and its place is another cell's by the time the edit arrives.
  await turn();
  editor.insert(0, 'user meanwhile.');
  await desk.settle();
  const ours = drawn.filter((text) => text.startsWith('user'));
  assert.deepEqual(editor.cells.map((cell) => cell.text), ['user meanwhile.', ...ours]);
  assert.deepEqual(desk.met, [ours[1]], 'the edit has met a cell of the user');
  const undo = new Undo(undefined as unknown as Daemon, () => undefined);
  for (const left of [ours, ours.slice(1)]) {
    const step = undo.step(desk.book, 'undo');
    await desk.settle();
    await step;
    assert.deepEqual(editor.cells.filter(desk.isUsers).map((cell) => cell.text), left);
  }
});

/** What waits for nothing but promises goes on. */
async function turn(): Promise<void> {
  for (let count = 0; count < 20; count++) {
    await Promise.resolve();
  }
}

test('whatever the user does while edits are on their way, no cell and no word of the user is lost', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const desk = new Desk();
      await desk.settle();
      for (const step of list) {
        await desk.take(step);
      }
      await desk.settle();
      const texts = desk.editor.cells.map((cell) => cell.text);
      for (const text of desk.owed) {
        assert.ok(texts.includes(text), `${text} in ${JSON.stringify(texts)}`);
      }
      const users = desk.editor.cells.filter(desk.isUsers);
      assert.equal(new Set(users.map((cell) => cell.text)).size, users.length, 'none is there twice');
      assert.deepEqual(users.filter((cell) => JSON.stringify(cell.metadata).includes('ghost')), [], 'none is marked as a ghost');
      // After an undo nothing is drawn until something else changes; where all cells were undone, there is none to type in.
      await desk.take({ what: users.length > 0 ? 'type' : 'insert', at: 0 });
      desk.book.show();
      await desk.settle();
      assert.deepEqual(desk.drawn(), desk.wanted());
    }),
    { ...runs(1000), examples: Object.values(FOUND).map((list) => [list] as [Step[]]) },
  );
});
