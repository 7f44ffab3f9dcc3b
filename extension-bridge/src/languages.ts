/** What Markdown calls a language, and what the editor calls it. */

const SHELL = 'shellscript';

const IDS: Record<string, string> = {
  ...Object.fromEntries(
    ['sh', 'bash', 'shell', 'zsh', 'ksh', 'dash', 'console', 'terminal', 'shell-session', 'shellsession'].map((name) => [name, SHELL]),
  ),
  ps1: 'powershell',
  pwsh: 'powershell',
  cmd: 'bat',
  batch: 'bat',
  py: 'python',
  python3: 'python',
  ipython: 'python',
  js: 'javascript',
  node: 'javascript',
  ts: 'typescript',
  rb: 'ruby',
  pl: 'perl',
  yml: 'yaml',
  md: 'markdown',
  psql: 'sql',
  golang: 'go',
  rs: 'rust',
  'c++': 'cpp',
  'c#': 'csharp',
  text: 'plaintext',
  txt: 'plaintext',
  '': 'plaintext',
};

const NAMES: Record<string, string> = { [SHELL]: 'bash', plaintext: '' };

/** The word of a fence's info string that names the language: `bash`, `{.bash}`, `{bash}`, `bash {interactive=false}`. */
export function word(info: string): string {
  return /^\s*\{?\.?([\w+#-]+)/.exec(info)?.[1] ?? '';
}

export function languageOf(info: string): string {
  const name = word(info).toLowerCase();
  return Object.hasOwn(IDS, name) ? (IDS[name] ?? name) : name;
}

/** The info string for a language; what else the present one holds is kept. */
export function infoFor(language: string, present: string): string {
  if (languageOf(present) === language) {
    return present;
  }
  const name = Object.hasOwn(NAMES, language) ? (NAMES[language] ?? language) : language;
  const old = word(present);
  return old === '' ? name + present : present.replace(old, () => name);
}
