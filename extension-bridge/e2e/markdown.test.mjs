// Ghosts in a notebook of our own type: a Markdown file.
import assert from 'node:assert/strict';
import { commonScenes } from './accepting.mjs';
import { OWN } from './editor.mjs';
import { EVERYTHING } from './memory.mjs';
import { scenes } from './scenes.mjs';

const scene = scenes({ name: 'markdown', learn: EVERYTHING });
let number = 0;

const begin = (editor) => editor.open(`notebook-${++number}.md`, '# Today\n\n## Task\n\nto do\n\n```bash\ntrue\n```\n', OWN);

commonScenes(scene, begin);

scene('a cell that fails: its exit status, its outputs and its time are told', async (editor) => {
  const notebook = await begin(editor);
  await notebook.edit(2);
  await editor.press('Control+a');
  await editor.type('echo before; echo wrong >&2; exit 3');
  const mark = notebook.log.mark();
  await editor.press('Meta+Enter');
  const ran = await notebook.next('executed', () => true, mark);
  assert.deepEqual([ran.success, ran.exitCode], [false, 3]);
  assert.match(JSON.stringify(ran.outputs), /before.*wrong/);
  assert.ok(ran.durationMs >= 0);
});
