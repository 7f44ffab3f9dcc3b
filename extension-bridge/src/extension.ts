/** Activation: makes the parts and connects them. */

import * as vscode from 'vscode';
import type { Daemon } from './daemon';
import { record } from './record';
import { registerMarkdown } from './serializer';
import { Bridge } from './bridge';

let daemon: Daemon | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const started = performance.now();
  const log = vscode.window.createOutputChannel('Ghostcells', { log: true });
  const bridge = new Bridge(context, log);
  daemon = bridge.daemon;
  context.subscriptions.push(log, bridge, ...registerMarkdown(bridge.books, log));
  record('activated', { ms: performance.now() - started, trusted: vscode.workspace.isTrusted });
}

export async function deactivate(): Promise<void> {
  await daemon?.close();
}
