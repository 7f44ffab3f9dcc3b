/** For tests: what the extension received, applied, reported and painted, as lines of JSON in the file EXTENSION_LOG. */

import { appendFileSync } from 'node:fs';

export const LOG_VARIABLE = 'EXTENSION_LOG';
const file = process.env[LOG_VARIABLE];

export const recording = file !== undefined && file !== '';

export function record(what: string, fields: object = {}): void {
  if (file) {
    appendFileSync(file, `${JSON.stringify({ t: Date.now(), what, ...fields })}\n`);
  }
}
