/** The editor's settings as the daemon wants them: what the user set, what the workspace set, and whether it is trusted. */

import * as vscode from 'vscode';
import { LOG_VARIABLE } from './record';

const SECTION = 'ghostcells';
/** Ours alone; the daemon does not know them. */
const OWN = ['daemon'];

type Tree = Record<string, unknown>;

export interface Options {
  readonly settings: Tree;
  readonly workspaceSettings: Tree;
  readonly workspaceTrusted: boolean;
}

/** Only what is set is sent: a default is the daemon's matter, and a file or the environment may say otherwise. */
export function options(): Options {
  const config = vscode.workspace.getConfiguration(SECTION);
  const settings: Tree = {};
  const workspaceSettings: Tree = {};
  for (const key of keys()) {
    const found = config.inspect(key);
    put(settings, key, found?.globalValue);
    put(workspaceSettings, key, found?.workspaceFolderValue ?? found?.workspaceValue);
  }
  const { isTrusted } = vscode.workspace;
  if (!isTrusted) {
    // Nothing of an untrusted workspace goes to anybody: no model is asked, and "auto" never compares texts elsewhere.
    put(settings, 'model.provider', 'none');
    put(settings, 'memory.embedder', 'auto');
  }
  return { settings, workspaceSettings, workspaceTrusted: isTrusted };
}

/** The names of the daemon's settings, as package.json contributes them. */
function keys(): string[] {
  const extension = vscode.extensions.getExtension('ghostcells.ghostcells');
  const contributed = extension?.packageJSON as
    | { contributes: { configuration: { properties: Record<string, unknown> }[] } }
    | undefined;
  return (contributed?.contributes.configuration ?? [])
    .flatMap(({ properties }) => Object.keys(properties))
    .map((name) => name.slice(SECTION.length + 1))
    .filter((name) => !OWN.includes(name.split('.')[0] ?? ''));
}

function put(tree: Tree, key: string, value: unknown): void {
  if (value === undefined || value === null) {
    return;
  }
  const [section = '', name = ''] = key.split('.');
  tree[section] = { ...(tree[section] as Tree | undefined), [name]: value };
}

/** The program that is named, and what a daemon and its commands find in their environment. */
export function daemonSettings(): { path: string; env: NodeJS.ProcessEnv } {
  const config = vscode.workspace.getConfiguration(SECTION);
  const { [LOG_VARIABLE]: _, ...inherited } = process.env; // The daemon takes GHOSTCELLS_… for settings.
  const env = { ...inherited, ...config.get<Record<string, string>>('daemon.env', {}) };
  return { path: config.get<string>('daemon.path', '').trim(), env };
}

/** Changes one of the daemon's settings for the user, everywhere. */
export async function update(key: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration(SECTION).update(key, value, vscode.ConfigurationTarget.Global);
}

export function setting(key: string): unknown {
  return vscode.workspace.getConfiguration(SECTION).get(key);
}
