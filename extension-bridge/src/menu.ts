/** The menu of the status bar: what is the matter, switches, and where to look further. */

import * as vscode from 'vscode';
import type { Bridge } from './bridge';
import { marksOf } from './cells';
import { setting, update } from './config';
import { GHOST_LANGUAGE } from './plan';

interface Item extends vscode.QuickPickItem {
  readonly run?: () => unknown;
}

export async function showMenu(bridge: Bridge): Promise<void> {
  const { state, why } = bridge.status.summary;
  const title = `Ghostcells: ${state}${why === '' ? '' : ` (${why})`}`;
  const picked = await vscode.window.showQuickPick(items(bridge), { title, placeHolder: 'What to do' });
  await picked?.run?.();
}

function items(bridge: Bridge): Item[] {
  const command = (label: string, name: string, description = ''): Item => ({
    label,
    description,
    run: () => vscode.commands.executeCommand(`ghostcells.${name}`),
  });
  const separator = (label: string): Item => ({ label, kind: vscode.QuickPickItemKind.Separator });
  return [
    ...(bridge.status.needsInstall ? [command('$(cloud-download) Install the daemon', 'install')] : []),
    ...switches(bridge),
    separator('questions'),
    command('$(question) Why this ghost?', 'showTrace', 'how the suggestion was made'),
    command('$(cloud-upload) What was sent?', 'showSent', 'to a model, to the letter'),
    command('$(credit-card) What did it cost?', 'showCost', bridge.status.today),
    command('$(mortar-board) Is it learning?', 'showLearning', 'day by day, and what was learned last'),
    command('$(graph) Open the dashboard', 'openDashboard', 'all of it, in the browser'),
    separator('memory'),
    command('$(book) What was learned', 'showExamples'),
    command('$(file-add) Learn from the runbooks of this workspace', 'learnWorkspace', 'with a preview'),
    separator(''),
    command('$(output) Log', 'showLog'),
    { label: '$(gear) Settings', run: () => vscode.commands.executeCommand('workbench.action.openSettings', '@ext:ghostcells.ghostcells') },
    command('$(refresh) Restart the daemon', 'restart'),
  ];
}

function switches(bridge: Bridge): Item[] {
  const enabled = setting('suggest.enabled') !== false;
  const everywhere: Item = {
    label: enabled ? '$(circle-slash) Switch off everywhere' : '$(check) Switch on',
    run: () => update('suggest.enabled', !enabled),
  };
  return enabled ? [...here(bridge), everywhere] : [everywhere];
}

/** Switches for the notebook and the language that the user is in. */
function here(bridge: Bridge): Item[] {
  const book = bridge.books.active;
  if (book === undefined) {
    return [];
  }
  // The daemon compares patterns with URIs, in which everything that is special in a pattern is encoded.
  const made = [toggle('suggest.disabledNotebooks', book.uri, 'in this notebook')];
  const cell = book.focused();
  const language = cell === undefined ? undefined : marksOf(cell).language;
  if (language !== undefined && language !== 'markdown' && language !== GHOST_LANGUAGE) {
    made.push(toggle('suggest.disabledLanguages', language, `for ${language}`));
  }
  return made;
}

function toggle(key: string, value: string, where: string): Item {
  const set = setting(key);
  const list: unknown[] = Array.isArray(set) ? set : [];
  const off = list.includes(value);
  return {
    label: off ? `$(check) Switch on ${where}` : `$(circle-slash) Switch off ${where}`,
    run: () => update(key, off ? list.filter((one) => one !== value) : [...list, value]),
  };
}
