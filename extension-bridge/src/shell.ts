/**
 * A shell that lives as long as its notebook: what one cell sets, the next one has. Imports no vscode.
 *
 * Each run is sourced from a here-document, its end announced on a descriptor of its own and on both outputs, so that no
 * output of a run is taken for the next one's.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';

export type Stream = 'stdout' | 'stderr';

export interface Ran {
  /** The exit status; undefined if the shell itself ended by a signal. */
  readonly code: number | undefined;
  /** The shell ended with this run, by `exit` or a signal; the next run begins in a fresh one. */
  readonly ended: boolean;
}

/** How long a run may go on after it was asked to stop. */
const KILL_MS = 3000;
/** For outputs that a run has redirected for good, on which no end is announced. */
const DRAIN_MS = 100;

export class Shell {
  private child: ChildProcess | undefined;
  private current: Run | undefined;

  constructor(
    private readonly program: string,
    private readonly cwd: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** Runs a script to its end; one at a time. */
  async run(script: string, onOutput: (stream: Stream, text: string) => void): Promise<Ran> {
    if (this.current !== undefined) {
      throw new Error('a cell is running in this shell');
    }
    const child = (this.child ??= this.start());
    const run = new Run(onOutput);
    this.current = run;
    write(child.stdin, invocation(script, run.token));
    try {
      return await run.finished;
    } finally {
      this.current = undefined;
    }
  }

  /** Stops what runs, as Ctrl+C does; the shell goes on. What does not heed it is killed with its shell. */
  interrupt(): void {
    const { child, current } = this;
    if (child === undefined || current === undefined) {
      return;
    }
    signal(child, 'SIGINT');
    const timer = setTimeout(() => {
      signal(child, 'SIGKILL');
    }, KILL_MS);
    void current.finished.finally(() => {
      clearTimeout(timer);
    });
  }

  dispose(): void {
    if (this.child !== undefined) {
      signal(this.child, 'SIGHUP');
      this.child.stdin?.destroy();
    }
  }

  private start(): ChildProcess {
    const child = spawn(this.program, [], {
      cwd: this.cwd,
      env: this.env,
      detached: true, // A process group of its own, so that a signal reaches all that a cell has started.
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    });
    for (const [number, name] of [[1, 'stdout'], [2, 'stderr'], [3, 'status']] as const) {
      (child.stdio[number] as Readable).setEncoding('utf8').on('data', (text: string) => this.current?.receive(name, text));
    }
    const gone = (code: number | undefined): void => {
      if (this.child === child) {
        this.child = undefined;
        this.current?.end({ code, ended: true });
      }
    };
    child.on('error', (error) => {
      this.current?.receive('stderr', `${error.message}\n`);
      gone(127);
    });
    child.on('exit', (code) => setTimeout(gone, DRAIN_MS, code ?? undefined));
    child.stdin.on('error', () => undefined); // Its exit is what is told.
    // An interrupt ends what runs and leaves the shell, instead of going on with the next command.
    write(child.stdin, "trap 'return 130 2>/dev/null || :' INT\n");
    return child;
  }
}

function write(stream: Writable | null, text: string): void {
  stream?.write(text);
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  try {
    process.kill(-(child.pid ?? 0), name);
  } catch {
    child.kill(name);
  }
}

function invocation(script: string, token: string): string {
  const body = script.endsWith('\n') ? script : `${script}\n`;
  const say = `printf '%s' '${token}'`;
  return [
    `. /dev/fd/9 9<<'${token}' </dev/null 3>&-`,
    `${body}${token}`,
    `printf '%s\\n' "$?${token}" >&3; ${say}; ${say} >&2`,
    '',
  ].join('\n');
}

/** One run: gathers its output until its end was announced everywhere. */
class Run {
  readonly token = `ghostcells-${randomBytes(12).toString('hex')}`;
  readonly finished: Promise<Ran>;
  private resolve: (ran: Ran) => void = () => undefined;
  private readonly held = { stdout: '', stderr: '' };
  private readonly open = new Set<Stream>(['stdout', 'stderr']);
  private status = '';
  private code: number | undefined;

  constructor(private readonly onOutput: (stream: Stream, text: string) => void) {
    this.finished = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  receive(from: Stream | 'status', text: string): void {
    if (from === 'status') {
      this.announced(text);
    } else if (this.open.has(from)) {
      this.print(from, this.held[from] + text);
    }
    if (this.code !== undefined && this.open.size === 0) {
      this.end({ code: this.code, ended: false });
    }
  }

  private announced(text: string): void {
    this.status += text;
    const end = this.status.indexOf(this.token);
    if (end >= 0 && this.code === undefined) {
      this.code = Number(this.status.slice(0, end));
      setTimeout(() => {
        this.end({ code: this.code, ended: false });
      }, DRAIN_MS);
    }
  }

  /** Passes text on, but for what may be the beginning of the token. */
  private print(stream: Stream, text: string): void {
    const end = text.indexOf(this.token);
    if (end >= 0) {
      this.open.delete(stream);
      this.held[stream] = '';
      this.emit(stream, text.slice(0, end));
      return;
    }
    const keep = overlap(text, this.token);
    this.held[stream] = text.slice(text.length - keep);
    this.emit(stream, text.slice(0, text.length - keep));
  }

  private emit(stream: Stream, text: string): void {
    if (text !== '') {
      this.onOutput(stream, text);
    }
  }

  end(ran: Ran): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      this.emit(stream, this.held[stream]);
      this.held[stream] = '';
    }
    this.open.clear();
    this.resolve(ran);
  }
}

/** How many characters at the end of `text` are the beginning of `token`. */
function overlap(text: string, token: string): number {
  for (let length = Math.min(text.length, token.length - 1); length > 0; length--) {
    if (token.startsWith(text.slice(text.length - length))) {
      return length;
    }
  }
  return 0;
}
