/** Where the daemon's program is: the setting, the selected Python environment, PATH, what the extension installed. */

import { access, constants } from 'node:fs/promises';
import { homedir } from 'node:os';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { daemonSettings } from './config';

const PROGRAM = 'ghostcells';
const PYTHON_EXTENSION = 'ms-python.python';
const PYTHON_WAIT_MS = 2000;

export interface Found {
  readonly command: string;
  readonly from: 'setting' | 'python' | 'path' | 'managed';
}

/** A word on why the program that was named cannot be used. */
export class NotUsable extends Error {}

export async function find(storage: vscode.Uri): Promise<Found | undefined> {
  if (process.platform === 'win32') {
    throw new NotUsable('The daemon runs on Linux and macOS: open the folder in WSL, in a container or over SSH.');
  }
  const named = daemonSettings().path;
  if (named !== '') {
    const command = named.startsWith('~') ? path.join(homedir(), named.slice(1)) : named;
    if (path.isAbsolute(command) ? await runs(command) : (await onPath(command)) !== undefined) {
      return { command, from: 'setting' };
    }
    throw new NotUsable(`ghostcells.daemon.path names ${command}, which is not a program that can be run.`);
  }
  const beside = await besidePython();
  if (beside !== undefined) {
    return { command: beside, from: 'python' };
  }
  const inPath = await onPath(PROGRAM);
  if (inPath !== undefined) {
    return { command: inPath, from: 'path' };
  }
  const managed = managedProgram(storage);
  return (await runs(managed)) ? { command: managed, from: 'managed' } : undefined;
}

export function managedEnvironment(storage: vscode.Uri): string {
  return path.join(storage.fsPath, 'daemon');
}

export function managedProgram(storage: vscode.Uri): string {
  return path.join(managedEnvironment(storage), 'bin', PROGRAM);
}

export async function runs(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export async function onPath(name: string): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    const file = path.join(folder, name);
    if (path.isAbsolute(folder) && (await runs(file))) {
      return file;
    }
  }
  return undefined;
}

interface PythonApi {
  readonly environments: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { readonly path: string };
  };
}

/** The program in the environment that is selected in the Python extension; a workspace can select it, so trust comes first. */
async function besidePython(): Promise<string | undefined> {
  const python = vscode.extensions.getExtension<PythonApi>(PYTHON_EXTENSION);
  if (python === undefined || !vscode.workspace.isTrusted) {
    return undefined;
  }
  try {
    const late = new Promise<undefined>((resolve) => setTimeout(resolve, PYTHON_WAIT_MS, undefined));
    const api = await Promise.race([python.activate(), late]);
    const selected = api?.environments.getActiveEnvironmentPath().path;
    const program = selected === undefined ? undefined : path.join(path.dirname(selected), PROGRAM);
    return program !== undefined && path.isAbsolute(program) && (await runs(program)) ? program : undefined;
  } catch {
    return undefined;
  }
}
