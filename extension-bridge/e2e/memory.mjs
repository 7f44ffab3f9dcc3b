// What the daemon of a test has read before, and the words that bring it back.

export const RESTART = ['Restart the web frontend', 'echo restart-frontend'];
export const LINES = ['Count the lines of the access log', 'wc -l access.log'];
export const DISK = ['Show the disk usage of the build folder', 'du -sh build'];
export const BACKUP = ['Make a backup of the orders', 'tar -czf orders.tar.gz orders'];
export const CERTIFICATE = ['Look when the certificate expires', 'openssl x509 -enddate -noout -in server.pem'];
export const UPTIME = ['Tell how long the host has been up', 'uptime'];
/** The same words, two commands: there is something to cycle through. */
export const AMBIGUOUS = [
  ['Print the current weather in Berlin', 'cat weather-berlin.txt'],
  ['Print the current weather in Berlin', 'head -n 1 weather-berlin.txt'],
];

/** A runbook with one step each. */
export function runbook(...steps) {
  return steps.map(([text, command], number) => `# Task ${number + 1}\n\n${text}\n\n\`\`\`bash\n${command}\n\`\`\`\n`).join('\n');
}

export const EVERYTHING = runbook(RESTART, LINES, DISK, BACKUP, CERTIFICATE, UPTIME, ...AMBIGUOUS);
