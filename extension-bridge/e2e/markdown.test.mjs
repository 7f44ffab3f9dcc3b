// Ghosts in a notebook of our own type: a Markdown file.
import { commonScenes } from './accepting.mjs';
import { OWN } from './editor.mjs';
import { EVERYTHING } from './memory.mjs';
import { scenes } from './scenes.mjs';

const scene = scenes({ name: 'markdown', learn: EVERYTHING });
let number = 0;

const begin = (editor) => editor.open(`notebook-${++number}.md`, '# Today\n\n## Task\n\nto do\n\n```bash\ntrue\n```\n', OWN);

commonScenes(scene, begin);
