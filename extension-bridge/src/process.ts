/** Runs a program to its end, with its output line by line and a way to stop it. */

import { spawn } from 'node:child_process';
import type * as vscode from 'vscode';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  onLine: (line: string) => void = () => undefined,
  cancel?: vscode.CancellationToken,
): Promise<Outcome> {
  return await new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const stopping = cancel?.onCancellationRequested(() => child.kill());
    const kept = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        kept[name] += text;
        text.split('\n').filter(Boolean).forEach(onLine);
      });
    }
    child.on('error', reject);
    child.on('close', (code) => {
      stopping?.dispose();
      resolve({ code, ...kept });
    });
  });
}
