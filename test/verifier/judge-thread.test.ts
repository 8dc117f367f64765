import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { formatCanonicalJson } from '../../src/core/bytes/json.ts';
import { formatDossier } from '../../src/core/dossier/dossier.ts';
import { formatReceipt } from '../../src/core/receipt/receipt.ts';
import { judge } from '../../src/core/report/judge.ts';
import { JudgeThread } from '../../src/verifier/judge-thread.ts';
import { makeNetwork, type TestLog } from '../helpers/fixtures.ts';
import { MODEL } from '../helpers/statements.ts';

const PROGRAM = new URL('../../dist/src/verifier/judge-worker.js', import.meta.url);
const NETWORK = makeNetwork({ regions: ['eu'] });
const [EU] = NETWORK.logs as [TestLog];
EU.state('training');
EU.state('usage');
const { trust, now } = NETWORK.rules;

function openThread(program = PROGRAM): JudgeThread {
  const thread = new JudgeThread({ program, trust });
  onTestFinished(() => thread.close());
  return thread;
}

beforeAll(() => {
  expect(existsSync(PROGRAM), 'npm run build').toBe(true);
});

describe('JudgeThread', () => {
  it('says what the pure function says, of files that are asked about at once', async () => {
    const thread = openThread();
    const files = [
      formatReceipt(EU.receipt(0)),
      formatDossier(NETWORK.dossier(MODEL)),
      new TextEncoder().encode('{}'),
      new Uint8Array(0),
    ];
    const reports = await Promise.all(files.map((bytes) => thread.judge({ bytes, now })));
    expect(reports).toEqual(files.map((bytes) => judge(bytes, NETWORK.rules)));
    expect(reports.map(({ outcome }) => outcome)).toContain('VALID');
  });

  it('leaves the calling thread free', async () => {
    const thread = openThread();
    await thread.judge({ bytes: new Uint8Array(0), now });
    const order: string[] = [];
    const bytes = formatCanonicalJson({ type: 'x'.repeat(8 * 1024 * 1024) });
    const judged = thread.judge({ bytes, now }).then(() => order.push('judged'));
    await new Promise((resolve) => setTimeout(resolve, 0));
    order.push('another turn');
    await judged;
    expect(order).toEqual(['another turn', 'judged']);
  });

  it.each([
    ['throws', 'throw new Error("broken")'],
    ['ends', 'process.exit(3)'],
  ])('fails what was asked when the thread %s, and opens another', async (_, code) => {
    const thread = openThread(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
    for (let i = 0; i < 2; i++) {
      const asked = thread.judge({ bytes: new Uint8Array(0), now });
      await expect(asked).rejects.toMatchObject({ code: 'INTERNAL' });
    }
  });

  it('fails what was asked when it is closed', async () => {
    const thread = openThread();
    const asked = thread.judge({ bytes: new Uint8Array(0), now });
    const failed = expect(asked).rejects.toMatchObject({ code: 'INTERNAL' });
    await thread.close();
    await failed;
  });
});
