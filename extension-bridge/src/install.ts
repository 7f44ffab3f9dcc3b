/** A Python environment of the extension's own for the daemon, made after asking: venv, pip, and a log of both. */

import { mkdir, readdir, rm } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { daemonSettings } from './config';
import type { Daemon } from './daemon';
import { managedEnvironment, managedProgram, onPath } from './find';
import { run } from './process';
import { record } from './record';

const NEVER = 'ghostcells.neverOfferInstall';
const PYTHONS = ['python3.13', 'python3.12', 'python3.11', 'python3', 'python', 'python3.14'];
const NEW_ENOUGH = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))';
/** Extras that most people want: comparing by meaning, models for those who have a key, the pages of the dashboard. */
const EXTRAS = 'minilm,models,dashboard';

let offering = false;

/** Asks whether to install the daemon; nothing is downloaded before the answer. */
export async function offerInstall(context: vscode.ExtensionContext, daemon: Daemon): Promise<void> {
  if (offering || context.globalState.get<boolean>(NEVER) === true) {
    return;
  }
  offering = true;
  try {
    const choice = await vscode.window.showInformationMessage(
      'Ghostcells needs its daemon, a Python program. Install it into an environment of its own? It is downloaded with pip, and takes about 400 MB with the sentence model.',
      'Install',
      'Choose the Program…',
      "Don't Ask Again",
    );
    if (choice === 'Install') {
      await install(context.globalStorageUri, daemon);
    } else if (choice === 'Choose the Program…') {
      await vscode.commands.executeCommand('workbench.action.openSettings', 'ghostcells.daemon.path');
    } else if (choice !== undefined) {
      await context.globalState.update(NEVER, true);
    }
  } finally {
    offering = false;
  }
}

class Stopped extends Error {}

export async function install(storage: vscode.Uri, daemon: Daemon): Promise<void> {
  const options = { location: vscode.ProgressLocation.Notification, title: 'Installing ghostcells', cancellable: true };
  try {
    await vscode.window.withProgress(options, async (progress, cancel) => {
      await make(storage, daemon.log, (message) => {
        progress.report({ message });
      }, cancel);
    });
  } catch (error) {
    await rm(managedEnvironment(storage), { recursive: true, force: true });
    if (!(error instanceof Stopped)) {
      await explain(error, daemon.log);
    }
    return;
  }
  record('installed', { program: managedProgram(storage) });
  await daemon.restart();
}

async function explain(error: unknown, log: vscode.LogOutputChannel): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  log.error(message);
  record('install-failed', { message });
  if ((await vscode.window.showErrorMessage(`Ghostcells could not be installed: ${message}`, 'Show the Log')) !== undefined) {
    log.show(true);
  }
}

async function make(
  storage: vscode.Uri,
  log: vscode.LogOutputChannel,
  say: (message: string) => void,
  cancel: vscode.CancellationToken,
): Promise<void> {
  const step = async (message: string, command: string, args: string[]): Promise<void> => {
    say(message);
    log.info(`${command} ${args.join(' ')}`);
    const { code, stderr } = await run(command, args, daemonSettings().env, (line) => {
      log.info(line);
    }, cancel);
    if (cancel.isCancellationRequested) {
      throw new Stopped();
    }
    if (code !== 0) {
      throw new Error(stderr.trim().split('\n').at(-1) ?? `${command} ended with ${String(code)}`);
    }
  };
  const python = await findPython();
  const environment = managedEnvironment(storage);
  const inside = path.join(environment, 'bin', 'python');
  await mkdir(storage.fsPath, { recursive: true });
  await step('making a Python environment', python, ['-m', 'venv', '--clear', environment]);
  const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input'];
  await step('downloading, which takes a minute or two', inside, [...pip, `${await wheel()}[${EXTRAS}]`]);
  await step('fetching the sentence model', managedProgram(storage), ['models', 'install']).catch((error: unknown) => {
    if (error instanceof Stopped) {
      throw error;
    }
    log.warn('The sentence model could not be fetched: texts are compared by their words.');
  });
}

/** The daemon's package comes with the extension, so the two always fit. */
async function wheel(): Promise<string> {
  const folder = path.join(__dirname, '..', 'daemon');
  const name = (await readdir(folder)).find((one) => one.endsWith('.whl'));
  if (name === undefined) {
    throw new Error(`no package of the daemon in ${folder}`);
  }
  return path.join(folder, name);
}

async function findPython(): Promise<string> {
  for (const name of PYTHONS) {
    const python = await onPath(name);
    if (python !== undefined && (await run(python, ['-c', NEW_ENOUGH], daemonSettings().env)).code === 0) {
      return python;
    }
  }
  throw new Error(
    'it needs Python 3.11 or newer with venv, and none was found on PATH. Debian and Ubuntu: apt install python3-venv; Fedora: dnf install python3; macOS: brew install python.',
  );
}
