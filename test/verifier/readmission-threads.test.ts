import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { formatStatement, type Statement } from '../../src/core/statement/statement.ts';
import { leavesOf } from '../../src/core/tally/leaves.ts';
import { AttestryError } from '../../src/errors.ts';
import { judgeEntries } from '../../src/verifier/readmission.ts';
import { ReadmissionThreads } from '../../src/verifier/readmission-threads.ts';
import { makeNetwork, operatorSeed, type TestLog } from '../helpers/fixtures.ts';
import { quickEntry, quickEnvelope } from '../helpers/quick-entry.ts';
import { digestOf, sampleStatement, sampleStream } from '../helpers/statements.ts';

const PROGRAM = new URL('../../dist/src/verifier/readmission-thread.js', import.meta.url);
const NETWORK = makeNetwork({ regions: ['eu', 'us'] });
const [EU, US] = NETWORK.logs as [TestLog, TestLog];
const { trust, now } = NETWORK.rules;
const PLACE = { origin: EU.origin, from: 7, now };

function openThreads(count = 2, program = PROGRAM): ReadmissionThreads {
  const threads = new ReadmissionThreads({ program, trust, count });
  onTestFinished(() => threads.close());
  return threads;
}

/** Of every kind of statement, and whatever else a log may hold. */
function entriesOfAllSorts(): Uint8Array[] {
  const { context } = EU;
  const subject = ['a', 'b'].map((name) => ({ name, digest: { sha256: digestOf(name) } }));
  const statements = [
    sampleStatement('training', { context }),
    sampleStatement('evaluation', { context, subject }),
    sampleStatement('deployment', { context: { ...context, issuedAt: '2099-01-01T00:00:00Z' } }),
    sampleStatement('deployment', { context: US.context }),
    sampleStatement('revocation', { context }),
    ...sampleStream(3, { context }),
  ] as Statement[];
  const training = statements[0] as Statement;
  const foreign = quickEnvelope(formatStatement(training), operatorSeed(US.operator));
  const unknown = quickEnvelope(formatStatement(training), operatorSeed('nobody'));
  const unsigned = Uint8Array.from(quickEntry(training));
  const sigAt = new TextDecoder().decode(unsigned).indexOf('"sig":"') + 7;
  unsigned[sigAt] = unsigned[sigAt] === 0x41 ? 0x42 : 0x41;
  const senseless = quickEnvelope(encodeUtf8('{}'), operatorSeed(EU.operator));
  const odd = [foreign, unknown, unsigned, senseless, encodeUtf8('not JSON'), new Uint8Array(0)];
  return [...odd, ...statements.map(quickEntry)];
}

/** Errors are equal to `toEqual` whatever their codes. */
function plain(judged: Awaited<ReturnType<typeof judgeEntries>>) {
  return judged.map(({ verdict, ...rest }) => ({
    ...rest,
    verdict:
      verdict instanceof AttestryError ? { code: verdict.code, says: verdict.message } : verdict,
  }));
}

beforeAll(() => {
  expect(existsSync(PROGRAM), 'npm run build').toBe(true);
});

describe('judgeEntries', () => {
  it('gives the leaves that a tally makes of the bytes, whatever admission says of them', async () => {
    const entries = entriesOfAllSorts();
    const judged = await judgeEntries(entries, { ...PLACE, trust });
    const refused = judged.filter(({ verdict }) => verdict instanceof AttestryError);
    expect(refused.map(({ verdict }) => (verdict as AttestryError).code)).toEqual([
      'OPERATOR_UNAUTHORIZED',
      'KEY_UNKNOWN',
      'SIGNATURE_INVALID',
      'STATEMENT_MALFORMED',
      'JSON_MALFORMED',
      'JSON_MALFORMED',
      'STATEMENT_TIME_FUTURE',
      'STATEMENT_LOG_MISMATCH',
    ]);
    expect(judged.map(({ tallyLeaves }) => tallyLeaves)).toEqual(
      entries.map((entry, i) => leavesOf(entry, PLACE.from + i)),
    );
  });
});

describe('ReadmissionThreads', () => {
  it('say what `judgeEntries` says, of bundles that are asked about at once', async () => {
    const threads = openThreads();
    const entries = entriesOfAllSorts();
    const bundles = [entries, entries.toReversed(), [], entries.slice(3)];
    const judged = await Promise.all(
      bundles.map((bundle, from) => threads.judge(bundle, { ...PLACE, from })),
    );
    for (const [from, bundle] of bundles.entries()) {
      const here = await judgeEntries(bundle, { ...PLACE, from, trust });
      expect(plain(judged[from] ?? [])).toEqual(plain(here));
    }
  });

  it.each([
    ['throws', 'throw new Error("broken")'],
    ['ends', 'process.exit(3)'],
  ])('fail what was asked when a thread %s, and open another', async (_, code) => {
    const program = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
    const threads = openThreads(1, program);
    for (let i = 0; i < 2; i++) {
      await expect(threads.judge([new Uint8Array(1)], PLACE)).rejects.toMatchObject({
        code: 'INTERNAL',
      });
    }
  });
});
