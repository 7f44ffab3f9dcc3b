// A reporter that says what came out in one line, after the figures that tests gave.
export default async function* closing(events) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const figures = [];
  for await (const { type, data } of events) {
    if (type === 'test:diagnostic' && data.message.startsWith('figure: ')) {
      figures.push(data.message.slice('figure: '.length));
    } else if (type === 'test:pass' && data.details?.type !== 'suite') {
      counts[data.skip === undefined ? 'passed' : 'skipped'] += 1;
    } else if (type === 'test:fail' && data.details?.type !== 'suite') {
      counts.failed += 1;
    }
  }
  yield* figures.map((line) => `${line}\n`);
  yield `editor: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`;
}
