// Windows with other folders than one on a disk: several, or one of a file system that is no disk.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { CONTEXTS_MS, ghostWith, intend } from './accepting.mjs';
import { isGhost, OWN, pause, until } from './editor.mjs';
import { EVERYTHING, LINES, runbook } from './memory.mjs';
import { scenes } from './scenes.mjs';

const NOTEBOOK = '# Today\n\n## Task\n\nto do\n\n```bash\npwd > here.txt\n```\n';
const DEPLOY = 'Deploy the shop to the test machines';
const toast = (editor, words) => editor.page.locator('.notification-toast', { hasText: words });
let number = 0;

const several = scenes({
  name: 'folders',
  learn: EVERYTHING,
  trust: true,
  offered: true,
  workspace: { folders: [{ path: 'one' }, { path: 'two' }], settings: { 'ghostcells.suggest.riskyCommands': ['wc'] } },
  files: {
    'one/runbooks/deploy.md': runbook([DEPLOY, 'echo deploy-from-one']),
    'two/runbooks/deploy.md': runbook([DEPLOY, 'echo deploy-from-two']),
    'one/.vscode/settings.json': JSON.stringify({ 'ghostcells.suggest.mode': 'manual', 'ghostcells.daemon.path': './program.sh' }),
    'two/.ghostcells.toml': '[suggest]\ndisabledLanguages = ["python"]\n',
  },
});

// In one scene, since trust is given once.
several('two folders: one daemon, the settings of the window, cells in the folder of their notebook, and the runbooks of both', async (editor) => {
  assert.equal((await editor.ask('folders')).length, 2);
  assert.equal(await editor.ask('trusted'), false);
  const notebook = await editor.open(`one/notebook-${++number}.md`, NOTEBOOK, OWN);
  const { index } = await intend(notebook, 1, LINES); // By itself: the editor heeds such a setting of a folder's nowhere.
  await until(async () => /matches one of your patterns/.test(await notebook.label(index)), 'the warning that the workspace asks for');
  await editor.shot('two-folders');
  await editor.discard();

  const second = await editor.open(`two/notebook-${++number}.md`, NOTEBOOK, OWN);
  await second.run(2);
  await editor.page.locator('.monaco-dialog-box .monaco-button', { hasText: /trust/i }).first().click();
  const here = editor.bench.at('workspace', 'two/here.txt');
  await until(() => fs.existsSync(here), 'the cell to run in a workspace that is trusted');
  assert.equal(fs.readFileSync(here, 'utf8').trim(), editor.bench.at('workspace', 'two'));
  await editor.discard();

  void editor.execute('ghostcells.learnWorkspace');
  await toast(editor, /Ghostcells can learn \d+ commands from \d+ runbooks/).locator('.monaco-button', { hasText: /^Learn$/ }).click();
  assert.ok((await second.next('runbooks-answered')).learned >= 2, 'from both folders');
  const shop = await editor.open(`one/notebook-${++number}.md`, NOTEBOOK, OWN);
  await shop.edit(1);
  await editor.press('Control+a');
  await editor.type(DEPLOY, 5);
  const commands = ['echo deploy-from-one', 'echo deploy-from-two'];
  const shown = async () => (await shop.cells()).find((cell) => isGhost(cell) && commands.includes(cell.text))?.text;
  const first = await until(shown, 'a command of one of the folders');
  await pause(CONTEXTS_MS);
  await editor.press('Alt+]');
  await until(async () => commands.includes(await shown()) && (await shown()) !== first, 'that of the other');
  await editor.discard();

  // A folder that goes: the daemon starts anew, and knows what it knew.
  const mark = second.log.mark();
  assert.equal(await editor.ask('leaveFolder', 1), true);
  await second.log.next(mark, 'condition', (one) => one.condition === 'running');
  const left = await editor.open(`one/notebook-${++number}.md`, NOTEBOOK, OWN);
  await intend(left, 1, LINES);
}, { anew: true });

const virtual = scenes({ name: 'virtual', learn: EVERYTHING, offered: true, workspace: { folders: [{ uri: 'memfs:/project', name: 'project' }] } });

virtual('a folder that is on no disk: suggestions come, files are saved there without ghosts, cells run at home, nothing is read to be learned', async (editor) => {
  assert.deepEqual(await editor.ask('folders'), ['memfs:/project']);
  const file = `project/notebook-${++number}.md`;
  const notebook = await editor.openVirtual(file, NOTEBOOK, OWN);
  const { cell } = await intend(notebook, 1, LINES);
  await editor.press('Control+s');
  await until(async () => !(await notebook.state()).dirty, 'the save');
  const saved = await editor.ask('readVirtual', file);
  assert.ok(saved.includes(LINES[0]));
  assert.doesNotMatch(saved, /ghost|wc -l/);
  assert.ok((await notebook.cells()).some((one) => one.uri === cell.uri && isGhost(one)), 'the ghost is still there');
  await editor.press('Escape');
  await notebook.ghosts();
  await notebook.run(2);
  await notebook.next('executed');
  assert.equal(fs.readFileSync(editor.bench.at('home/here.txt'), 'utf8').trim(), editor.bench.at('home'));
  await editor.execute('ghostcells.learnWorkspace');
  await toast(editor, 'nothing new in the runbooks').waitFor();
  await editor.shot('virtual-folder');
  assert.ok(notebook.log.all().filter((one) => one.what === 'runbooks').every((one) => one.files === 0));
  await notebook.edit(1);
  await editor.type('.');
  await ghostWith(notebook, LINES[1]);
});
