// A reporter that says what came out in one line, after the figures that tests gave and which scenes passed only on a retry.
export default async function* closing(events) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const said = [];
  for await (const { type, data } of events) {
    if (type === 'test:diagnostic' && /^(figure|passed on retry): /.test(data.message)) {
      said.push(data.message.replace(/^figure: /, ''));
    } else if (type === 'test:pass' && data.details?.type !== 'suite') {
      counts[data.skip === undefined ? 'passed' : 'skipped'] += 1;
    } else if (type === 'test:fail' && data.details?.type !== 'suite') {
      counts.failed += 1;
    }
  }
  yield* said.map((line) => `${line}\n`);
  yield `editor: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`;
}
