// A throw-away workbench: code-server on a loopback port, with files, settings and a daemon's memory of its own, and a page on it.
import { execFile, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { askedBefore } from './asked.mjs';

/** The folder that install.sh made, where results go, what is tested: all given by scripts/test-editor. */
const place = given('GHOSTCELLS_EDITOR_PLACE');
const results = given('GHOSTCELLS_EDITOR_RESULTS');
export const daemon = given('GHOSTCELLS_EDITOR_DAEMON');

const { chromium } = createRequire(path.join(place, 'driver', 'package.json'))('playwright-core');
const node = path.join(place, 'node-bin');
const entry = path.join(place, 'code-server/node_modules/code-server/out/node/entry.js');
/** A machine that builds something else meanwhile takes long for everything; nothing waits for these to pass. */
export const PATIENCE_MS = 60_000;
const START_MS = 120_000;
const LOOK_MS = 25;

const SETTINGS = {
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'workbench.startupEditor': 'none',
  'workbench.enableExperiments': false,
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
  'security.workspace.trust.startupPrompt': 'never',
  'window.confirmBeforeClose': 'never',
  'files.autoSave': 'off',
  'editor.wordBasedSuggestions': 'off',
  'editor.quickSuggestions': { other: 'off', comments: 'off', strings: 'off' },
  'editor.autoClosingBrackets': 'never',
  'editor.autoIndent': 'none',
  'git.enabled': false,
  'npm.autoDetect': 'off',
  'remote.autoForwardPorts': false,
};

// A run that is stopped stops what it has started: on exit, which a signal alone would pass over.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => process.exit(130));
}

function given(name) {
  const value = process.env[name];
  if (value === undefined) {
    throw new Error(`${name} is not set: run scripts/test-editor`);
  }
  return value;
}

/** Asks again and again until it is given something; the error says what was waited for. */
export async function until(look, what, ms = PATIENCE_MS) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false && found !== null) {
      return found;
    }
    if (Date.now() > end) {
      throw new Error(`${String(ms / 1000)} s passed, waiting for ${typeof what === 'function' ? what() : what}`);
    }
    await pause(LOOK_MS);
  }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Lines of JSON in a file that something else appends to. */
class Log {
  constructor(file) {
    this.file = file;
  }

  all() {
    if (!fs.existsSync(this.file)) {
      return [];
    }
    const lines = fs.readFileSync(this.file, 'utf8').split('\n');
    lines.pop(); // What follows the last line's end is not whole yet.
    return lines.map((line) => JSON.parse(line));
  }

  mark() {
    return this.all().length;
  }

  since(mark, what, fits = () => true) {
    return this.all().slice(mark).filter((one) => one.what === what && fits(one));
  }

  async next(mark, what, fits = () => true, ms = PATIENCE_MS) {
    const last = () => JSON.stringify(this.all().slice(-4)).slice(0, 1500);
    return await until(() => this.since(mark, what, fits)[0], () => `${what} in ${path.basename(this.file)}; it ends with ${last()}`, ms);
  }
}

/**
 * @param options name: of the folder with results; files: path in the workspace to content; workspace: what a workspace file in it
 *   says, for a window with several folders or with none on a disk; settings: the user's;
 *   machine: settings of scope `machine`; config: the daemon's configuration file; learn: a runbook it has read before;
 *   companion: whether the tests' own extension is installed; env: more variables; profile: what the user's shell reads;
 *   trust: whether the workspace is one that is not trusted; offered: whether learning from its runbooks may be offered; outside: gets the addresses that the page asked for elsewhere.
 */
export async function launch(options) {
  const { name, files = {}, settings = {}, machine = {}, config = CONFIG, learn, companion = true, env = {}, trust = false, workspace, profile = '', outside = [], offered = false } = options;
  const dir = path.join(results, name);
  const at = (...parts) => path.join(dir, ...parts);
  fs.rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  const user = at('user-data');
  for (const folder of ['workspace', 'home', 'shots', 'user-data/User', 'user-data/Machine']) {
    fs.mkdirSync(at(folder), { recursive: true });
  }
  const write = (file, content) => {
    fs.mkdirSync(path.dirname(at('workspace', file)), { recursive: true });
    fs.writeFileSync(at('workspace', file), content);
    return at('workspace', file);
  };
  for (const [file, content] of Object.entries(files)) {
    write(file, content);
  }
  const opened = workspace === undefined ? `folder=${at('workspace')}` : `workspace=${write('all.code-workspace', JSON.stringify(workspace))}`;
  fs.writeFileSync(at('ghostcells.toml'), config);
  fs.writeFileSync(at('home/.profile'), profile);
  fs.writeFileSync(at('code-server.yaml'), 'auth: none\n');
  fs.writeFileSync(at('user-data/User/settings.json'), JSON.stringify({ ...SETTINGS, 'security.workspace.trust.enabled': trust, ...settings }, null, 2));
  // The window is a remote one: settings that belong to a machine are read from here and not from the user's file.
  fs.writeFileSync(at('user-data/Machine/settings.json'), JSON.stringify({ 'ghostcells.daemon.path': daemon, ...machine }, null, 2));
  const environment = {
    ...clean(process.env),
    HOME: at('home'),
    SHELL: '/bin/bash', // The editor asks the user's shell for variables.
    XDG_DATA_HOME: at('home/.local/share'),
    XDG_CONFIG_HOME: at('home/.config'),
    XDG_CACHE_HOME: at('home/.cache'),
    GHOSTCELLS_DATA_DIR: at('data'),
    GHOSTCELLS_CONFIG: at('ghostcells.toml'),
    EXTENSION_LOG: at('extension.ndjson'),
    COMPANION_LOG: at('companion.ndjson'),
    EXTENSIONS_GALLERY: '{}', // Without it the editor asks a gallery on the internet.
    ...env,
  };
  if (learn !== undefined) {
    await promisify(execFile)(daemon, ['learn', write('../seed.md', learn)], { env: environment });
  }
  if (!offered) {
    await askedBefore(daemon, at('workspace'), environment);
  }
  const port = await freePort();
  const out = fs.openSync(at('server.log'), 'w');
  const server = spawn(
    node,
    [
      entry, '--user-data-dir', user, '--config', at('code-server.yaml'), '--extensions-dir', path.join(results, companion ? 'extensions' : 'extensions-bare'), '--bind-addr', `127.0.0.1:${port}`, '--disable-telemetry', '--disable-update-check',
      ...(trust ? [] : ['--disable-workspace-trust']), '--disable-getting-started-override', '--disable-proxy', '--idle-timeout-seconds', '3600',
    ],
    { env: environment, stdio: ['ignore', out, out], detached: true },
  );
  const stop = () => {
    try {
      process.kill(-server.pid, 'SIGTERM');
    } catch {
      // It has ended by itself.
    }
  };
  process.once('exit', stop);
  const browser = await chromium.launch({
    executablePath: execFileSync('sh', ['-c', 'command -v chromium || command -v chromium-browser']).toString().trim(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  const base = `http://127.0.0.1:${port}`;
  await until(async () => (await fetch(`${base}/healthz`).catch(() => undefined))?.ok, 'the workbench to answer', START_MS);
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, deviceScaleFactor: 1 });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: base });
  await context.route((url) => url.hostname !== '127.0.0.1' && url.protocol.startsWith('http'), (route) => {
    outside.push(route.request().url());
    return route.abort();
  });
  const log = new Log(at('extension.ndjson'));
  const companionLog = new Log(at('companion.ndjson'));

  /** A window on the workspace. */
  async function page() {
    const before = companionLog.mark();
    const made = await context.newPage();
    made.setDefaultTimeout(PATIENCE_MS);
    const said = fs.createWriteStream(at('console.log'), { flags: 'a' });
    made.on('console', (message) => said.write(`${message.type()} ${message.text()}\n`));
    await made.goto(`${base}/?${opened}`, { waitUntil: 'domcontentloaded', timeout: START_MS });
    await made.waitForSelector('.monaco-workbench .part.statusbar .statusbar-item', { timeout: START_MS });
    const listening = companion ? await companionLog.next(before, 'listening', () => true, START_MS) : undefined;
    return { page: made, listening };
  }

  return {
    dir, at, write, log, companionLog, outside, page, base, environment, server, context,
    read: (file) => fs.readFileSync(at('workspace', file), 'utf8'),
    /** A query of the command line, on the same memory as the editor's daemon. */
    cli: (...args) => JSON.parse(execFileSync(daemon, [...args, '--json'], { env: environment }).toString()),
    /** What happened, as the log has it. */
    events: () => execFileSync(daemon, ['events', '--limit', '1000', '--json'], { env: environment }).toString().split('\n').filter(Boolean).map((line) => JSON.parse(line)),
    async close() {
      await browser.close();
      stop();
      process.removeListener('exit', stop);
    },
  };
}

function clean(environment) {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(VSCODE_|GHOSTCELLS_EDITOR_|OPENAI_|ANTHROPIC_|AZURE_)/.test(name)));
}

/** Mechanics are tested with whatever memory has, compared by words: the same on every machine. */
export const CONFIG = `
[model]
provider = "none"

[memory]
minConfidence = 0
embedder = "lexical"
`;
