// Tells a daemon that the user has been asked about a workspace before, as an editor does: over the protocol.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';

/** @param folder the workspace's; `environment` names the memory. */
export async function askedBefore(program, folder, environment) {
  const daemon = spawn(program, ['serve'], { env: environment, stdio: ['pipe', 'pipe', 'ignore'] });
  let said = '';
  daemon.stdout.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  const say = (message) => {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    daemon.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  };
  const workspaceFolders = [{ uri: pathToFileURL(folder).href, name: 'workspace' }];
  const initializationOptions = { workspaceTrusted: true };
  say({ id: 1, method: 'initialize', params: { processId: process.pid, capabilities: {}, workspaceFolders, initializationOptions } });
  say({ method: 'initialized', params: {} });
  say({ id: 2, method: 'ghostcells/learn', params: { agreed: false } });
  say({ id: 3, method: 'shutdown' });
  say({ method: 'exit' });
  await once(daemon, 'close');
  if (!/"learned":\s*0/.test(said)) {
    throw new Error(`the daemon was asked about a workspace, and said: ${said}`);
  }
}
