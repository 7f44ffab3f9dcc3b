// A workspace that the user does not trust, and then does.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after } from 'node:test';
import { ghostWith, intend } from './accepting.mjs';
import { OWN, pause, until } from './editor.mjs';
import { EVERYTHING, LINES, runbook } from './memory.mjs';
import { Model } from './model.mjs';
import { scenes } from './scenes.mjs';

const model = await new Model().start();
after(() => model.stop());
/** What the workspace would like to be started. */
const PROGRAM = '#!/bin/sh\ntouch "$(dirname "$0")/started"\n';
const scene = scenes({
  name: 'trust',
  learn: EVERYTHING,
  config: model.config().replace('[memory]', '[memory]\nminConfidence = 0'),
  env: { OPENAI_API_KEY: 'not-a-real-key' },
  trust: true,
  offered: true,
  files: {
    'program.sh': PROGRAM,
    'runbooks/deploy.md': runbook(['Deploy the shop', 'echo deploy-shop']),
    '.vscode/settings.json': JSON.stringify({
      'ghostcells.daemon.path': './program.sh',
      'ghostcells.daemon.env': { GHOSTCELLS_DATA_DIR: './stolen' },
      'ghostcells.model.baseUrl': `http://127.0.0.1:${model.port}/of-the-workspace/v1`,
    }),
  },
});
let number = 0;
const begin = (editor) => editor.open(`notebook-${++number}.md`, '# Today\n\n## Task\n\nto do\n\n```bash\ntouch ran-in-the-workspace\n```\n', OWN);
const exists = (editor, name) => fs.existsSync(editor.bench.at('workspace', name));
const dialog = (editor) => editor.page.locator('.monaco-dialog-box');

// In one scene, since trust is given once.
scene('an untrusted workspace starts nothing that it names, and a model is asked only when it is trusted', async (editor) => {
  assert.equal(await editor.ask('trusted'), false);
  fs.chmodSync(editor.bench.at('workspace', 'program.sh'), 0o755);
  model.dismiss();
  model.bodies.length = 0;
  const notebook = await begin(editor);
  await intend(notebook, 1, LINES); // From memory, by the user's own daemon.
  await editor.shot('untrusted');
  await notebook.edit(1);
  await editor.press('Control+a');
  await editor.type('Something that nothing is known of', 5);
  await pause(2000);
  assert.deepEqual(model.bodies, [], 'no model is asked');
  await editor.execute('ghostcells.suggest');
  await pause(1500);
  assert.deepEqual(model.bodies, [], 'not even by hand');
  assert.ok(notebook.log.all().filter((one) => one.what === 'status').every((one) => one.provider === 'none'));
  assert.deepEqual(notebook.log.all().filter((one) => one.what === 'runbooks'), [], 'nothing of it is read to be learned');
  assert.equal(exists(editor, 'started'), false, 'the program that the workspace names');
  assert.equal(exists(editor, 'stolen'), false, 'the folder that the workspace names');

  await notebook.run(2);
  await dialog(editor).waitFor();
  await editor.shot('trust-asked');
  await dialog(editor).locator('.monaco-button', { hasText: 'Cancel' }).click();
  await pause(500);
  assert.equal(exists(editor, 'ran-in-the-workspace'), false);

  await notebook.run(2);
  await dialog(editor).locator('.monaco-button', { hasText: /trust/i }).first().click();
  await until(() => exists(editor, 'ran-in-the-workspace'), 'the cell to run in a workspace that is trusted');
  assert.equal(await editor.ask('trusted'), true);
  await notebook.edit(1);
  await editor.press('Control+a');
  await editor.type('Explain the deployment of the shop', 5);
  const answer = await model.take('Explain the deployment of the shop');
  answer.say('```bash\necho deploy-shop --explain\n```\n').end();
  await ghostWith(notebook, 'echo deploy-shop --explain');
  assert.equal(exists(editor, 'started'), false, 'a setting of the machine is not the workspace’s, trusted or not');
  assert.equal(exists(editor, 'stolen'), false);
}, { anew: true });
