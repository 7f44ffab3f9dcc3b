/**
 * The daemon's process and the connection to it: started when a notebook is open, started again when it dies.
 *
 * Restarts wait longer each time and are one at a time, whoever asks for them. What the messages mean is left to others.
 */

import * as vscode from 'vscode';
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
  ResponseError,
  RevealOutputChannelOn,
  State,
  TransportKind,
} from 'vscode-languageclient/node';
import { daemonSettings, options } from './config';
import { type Found, find, NotUsable } from './find';
import type { PublishGhosts, Requests, Status, VisibleParams } from './protocol';
import { record } from './record';

const PROTOCOL_VERSION = 1;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 60_000;
/** A daemon that has lived so long was well; the next death starts counting anew. */
const HEALTHY_MS = 60_000;
const SAY_AFTER = 3;
/** At most so often is it started again because it has lost track. */
const RESYNC_MS = 30_000;
const STOP_MS = 2500;

/** What the extension can say of the daemon before, between and after its own words. */
export type Condition = 'idle' | 'starting' | 'running' | 'waiting' | 'missing' | 'failed';

export interface Listener {
  published(publish: PublishGhosts): void;
  onStatus(status: Status): void;
  condition(condition: Condition, why: string): void;
  started(): void;
  stopped(): void;
}

export class Daemon implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private starting: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private deaths = 0;
  private startedAt = 0;
  private disposed = false;
  private wantedAgain = false;
  private condition: Condition = 'idle';
  found: Found | undefined;

  constructor(
    private readonly storage: vscode.Uri,
    readonly log: vscode.LogOutputChannel,
    private readonly listener: Listener,
  ) {}

  get running(): boolean {
    return this.condition === 'running';
  }

  /** Starts it if it has not been started; asking again while that is under way changes nothing. */
  async start(): Promise<void> {
    if (this.disposed || this.running) {
      return;
    }
    clearTimeout(this.timer);
    this.starting ??= this.launch().finally(() => {
      this.starting = undefined;
    });
    await this.starting;
  }

  /** Stops it and starts it anew; several wishes at once are one restart. */
  async restart(): Promise<void> {
    if (this.wantedAgain) {
      return;
    }
    this.wantedAgain = true;
    try {
      await this.starting;
      await this.stop();
      this.deaths = 0;
    } finally {
      this.wantedAgain = false;
    }
    await this.start();
  }

  async request<Method extends keyof Requests>(
    method: Method,
    params: Requests[Method]['params'],
  ): Promise<Requests[Method]['result']> {
    if (this.client === undefined || !this.running) {
      throw new Error('the daemon is not running');
    }
    // What the editor has just changed is announced within this turn of the event loop; the request comes after it.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      return await this.client.sendRequest<Requests[Method]['result']>(method, params);
    } catch (error) {
      this.refused(error);
      throw error;
    }
  }

  /** A notebook that the daemon has lost track of is one that it has to be told of anew, by starting it again. */
  private refused(error: unknown): void {
    const reason = error instanceof ResponseError ? (error.data as { reason?: unknown } | undefined)?.reason : undefined;
    if (reason === 'out-of-step' && Date.now() - this.startedAt > RESYNC_MS) {
      this.log.warn('The daemon has lost track of a notebook; it is started again.');
      void this.restart();
    }
  }

  visible(params: VisibleParams): void {
    if (this.client !== undefined && this.running) {
      void this.client.sendNotification('ghostcells/visible', params);
    }
  }

  settingsChanged(): void {
    if (this.client !== undefined && this.running) {
      void this.client.sendNotification('workspace/didChangeConfiguration', { settings: options() });
    }
  }

  private set(condition: Condition, why = ''): void {
    this.condition = condition;
    record('condition', { condition, why });
    this.listener.condition(condition, why);
  }

  private async launch(): Promise<void> {
    this.set('starting');
    try {
      this.found = await find(this.storage);
    } catch (error) {
      this.set('failed', error instanceof NotUsable ? error.message : String(error));
      return;
    }
    if (this.found === undefined) {
      this.set('missing', 'The ghostcells program was not found.');
      return;
    }
    this.log.info(`Starting ${this.found.command} (${this.found.from})`);
    const client = this.makeClient(this.found.command);
    this.client = client;
    try {
      await client.start();
      this.check(client);
    } catch (error) {
      await this.failed(client, error);
      return;
    }
    this.startedAt = Date.now();
    this.set('running');
    this.listener.started();
  }

  private makeClient(command: string): LanguageClient {
    const run = {
      command,
      args: ['serve'],
      transport: TransportKind.stdio,
      options: { env: daemonSettings().env },
    };
    const clientOptions: LanguageClientOptions = {
      documentSelector: [],
      initializationOptions: options,
      outputChannel: this.log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => ({ action: CloseAction.DoNotRestart, handled: true }),
      },
    };
    const client = new LanguageClient('ghostcells', 'Ghostcells', run, clientOptions);
    client.onNotification('ghostcells/publishGhosts', (publish: PublishGhosts) => {
      record('publish', { notebook: publish.notebook.uri, revision: publish.revision, ghosts: publish.ghosts, final: publish.final, after: publish.after, accepted: publish.accepted });
      this.listener.published(publish);
    });
    client.onNotification('ghostcells/status', (status: Status) => {
      record('status', status);
      this.listener.onStatus(status);
    });
    client.onDidChangeState(({ newState }) => {
      if (newState === State.Stopped && client === this.client && this.running) {
        this.died();
      }
    });
    return client;
  }

  private check(client: LanguageClient): void {
    const offered = client.initializeResult?.capabilities.experimental as
      | { ghostcells?: { protocolVersion?: number } }
      | undefined;
    const version = offered?.ghostcells?.protocolVersion;
    if (version !== PROTOCOL_VERSION) {
      throw new NotUsable(
        `${this.found?.command ?? ''} speaks version ${String(version)} of the protocol, and this extension version ` +
          `${String(PROTOCOL_VERSION)}: update the older one.`,
      );
    }
  }

  private async failed(client: LanguageClient, error: unknown): Promise<void> {
    this.client = undefined;
    const why = error instanceof Error ? error.message : String(error);
    this.log.error(`The daemon did not start: ${why}`);
    await quietly(client);
    if (error instanceof NotUsable) {
      this.set('failed', why);
    } else {
      this.again(why);
    }
  }

  private died(): void {
    this.client = undefined;
    this.listener.stopped();
    if (this.disposed || this.wantedAgain) {
      return;
    }
    if (Date.now() - this.startedAt > HEALTHY_MS) {
      this.deaths = 0;
    }
    this.again('The daemon ended unexpectedly.');
  }

  private again(why: string): void {
    const wait = Math.min(FIRST_WAIT_MS * 2 ** this.deaths, LONGEST_WAIT_MS);
    this.deaths++;
    this.log.warn(`${why} It is started again in ${String(wait / 1000)} s.`);
    this.set(this.deaths >= SAY_AFTER ? 'failed' : 'waiting', why);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.start(), wait);
  }

  private async stop(): Promise<void> {
    clearTimeout(this.timer);
    const { client } = this;
    this.client = undefined;
    if (client !== undefined) {
      this.set('idle');
      this.listener.stopped();
      await quietly(client);
    }
  }

  /** Ends the daemon in order: what was acknowledged is on its disk, and the process is gone. */
  async close(): Promise<void> {
    this.disposed = true;
    await this.stop();
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
  }
}

async function quietly(client: LanguageClient): Promise<void> {
  try {
    await client.dispose(STOP_MS);
  } catch {
    // It is gone already.
  }
}
