/** The notebooks that are open, each with its book. */

import * as vscode from 'vscode';
import { Book, type Host } from './book';

export class Books implements vscode.Disposable {
  private readonly books = new Map<string, Book>();

  constructor(private readonly host: Host) {}

  [Symbol.iterator](): IterableIterator<Book> {
    return this.books.values();
  }

  of(notebook: vscode.NotebookDocument): Book {
    const uri = notebook.uri.toString();
    let book = this.books.get(uri);
    if (book === undefined || book.notebook !== notebook) {
      book = new Book(notebook, this.host);
      this.books.set(uri, book);
    }
    return book;
  }

  at(uri: string): Book | undefined {
    return this.books.get(uri);
  }

  /** The book of the notebook that the user is in. */
  get active(): Book | undefined {
    const notebook = vscode.window.activeNotebookEditor?.notebook;
    return notebook === undefined ? undefined : this.of(notebook);
  }

  closed(notebook: vscode.NotebookDocument): void {
    this.books.delete(notebook.uri.toString());
  }

  dispose(): void {
    this.books.clear();
  }
}
