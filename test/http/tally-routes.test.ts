import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { decodeBase64 } from '../../src/core/bytes/base64.ts';
import { concatBytes } from '../../src/core/bytes/equal.ts';
import { signCosignature } from '../../src/core/note/cosignature.ts';
import { formatSignatureLine, parseNote, parseSignatureLines } from '../../src/core/note/note.ts';
import type { NoteSigner } from '../../src/core/note/vkey.ts';
import { verifyTally } from '../../src/core/tally/proof.ts';
import { decodeTallyProof } from '../../src/core/tally/proof-bytes.ts';
import { questionsAbout } from '../../src/core/tally/questions.ts';
import { verifyTallyNote } from '../../src/core/tally/tally-note.ts';
import { LogTally } from '../../src/log/log-tally.ts';
import { openLevelTallyStore } from '../../src/tally/level-tally-store.ts';
import { makeNetwork, type TestLog } from '../helpers/fixtures.ts';
import { withLargeScalar } from '../helpers/forgeries.ts';
import { type Answer, codeIn, openLogSite } from '../helpers/log-site.ts';
import { digestOf, MODEL, NOW } from '../helpers/statements.ts';
import { makeTalliedNetwork, VERIFIERS } from '../helpers/tallied-network.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const { verifiers: TRUSTED_VERIFIERS } = makeTalliedNetwork({ regions: ['eu'] }).rules.trust;

const { logs } = makeNetwork({ regions: ['eu'] });
const [LOG] = logs as [TestLog];
LOG.state('training');
LOG.state('usage');

interface Site {
  get(url: string): Promise<Answer>;
  offer(payload: string | Buffer, type?: string): Promise<Answer>;
  readonly tally: LogTally;
}

/** The routes of a tally that holds the log's two entries; or of one that has nothing yet. */
async function openSite({ isPublished = true } = {}): Promise<Site> {
  const store = await openLevelTallyStore(await temporaryFolder());
  const tally = new LogTally({
    store,
    signer: LOG.signer,
    verifiers: TRUSTED_VERIFIERS,
    verifierQuorum: 2,
    readEntries: async (start, end) => LOG.entries.slice(start, end),
    published: () => (isPublished ? { size: 2, note: LOG.cosigned() } : undefined),
    waitForGrowth: () => sleep(2),
    now: () => NOW,
    clockMs: () => performance.now(),
    onFatal: (error) => {
      throw error;
    },
  });
  onTestFinished(async () => {
    await tally.close();
    await store.close();
  });
  const { app } = await openLogSite({ app: { tally } });
  const size = isPublished ? 2 : 0;
  await expect.poll(() => tally.status.size, { timeout: 5_000, interval: 5 }).toBe(size);
  return {
    tally,
    get: (url) => app.inject(url),
    offer: (payload, type = 'text/plain') =>
      app.inject({
        method: 'POST',
        url: '/tally/cosignatures',
        headers: { 'content-type': type },
        payload,
      }),
  };
}

describe('addTallyRoutes', () => {
  it('serves the tally note, alone and with the checkpoint of the same size', async () => {
    const { get } = await openSite();
    const note = await get('/tally');
    expect(note.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(verifyTallyNote(note.body, LOG.signer.vkey).head).toMatchObject({ size: 2, count: 2 });
    expect((await get('/v1/tally')).json()).toEqual({
      checkpoint: LOG.cosigned(),
      tally: note.body,
    });
  });

  it('proves what the tally holds about a model', async () => {
    const { get } = await openSite();
    const range = {
      from: '2026-10-01T00:00:00Z',
      to: '2026-10-02T00:00:00Z',
      by: 'hour',
    } as const;
    for (const asked of [null, range, { ...range, others: 'counted' } as const]) {
      const query = new URLSearchParams({ model: MODEL, ...asked });
      const served = (await get(`/v1/tally/proof?${query}`)).json() as Record<string, string>;
      const { head } = verifyTallyNote(served['tally'] ?? '', LOG.signer.vkey);
      const answers = verifyTally({
        root: head.tallyRoot,
        questions: questionsAbout(MODEL, asked),
        proof: decodeTallyProof(decodeBase64(served['proof'] ?? '')),
      });
      expect(answers.reduce((sum, { count }) => sum + count, 0)).toBe(2);
    }
    const nothing = await get(`/v1/tally/proof?model=${digestOf('nobody')}`);
    expect(nothing.statusCode).toBe(200);
  });

  it('takes a range by days where it is not told how to divide it', async () => {
    const { get } = await openSite();
    const range = 'from=2026-10-01T00:00:00Z&to=2026-10-03T00:00:00Z';
    const [untold, told] = await Promise.all([
      get(`/v1/tally/proof?model=${MODEL}&${range}`),
      get(`/v1/tally/proof?model=${MODEL}&${range}&by=day`),
    ]);
    expect(untold.json()).toEqual(told.json());
  });

  it('refuses questions that cannot be answered, never with a failure of its own', async () => {
    const { get } = await openSite();
    const from = 'from=2026-10-01T00:00:00Z';
    const to = 'to=2026-10-02T00:00:00Z';
    const model = `model=${MODEL}`;
    const bad: Record<string, string> = {
      '': 'REQUEST_MALFORMED',
      'model=': 'HEX_MALFORMED',
      'model=zz': 'HEX_MALFORMED',
      [`model=${MODEL.toUpperCase()}`]: 'HEX_MALFORMED',
      [`model=${MODEL.slice(2)}`]: 'HEX_MALFORMED',
      [`${model}&${from}`]: 'USAGE_RANGE_INVALID',
      [`${model}&${to}`]: 'USAGE_RANGE_INVALID',
      [`${model}&by=day`]: 'USAGE_RANGE_INVALID',
      [`${model}&others=counted`]: 'USAGE_RANGE_INVALID',
      [`${model}&${from}&${to}&others=listed`]: 'REQUEST_MALFORMED',
      [`${model}&${from}&to=2026-10-01T00:00:00Z`]: 'USAGE_RANGE_INVALID',
      [`${model}&${from}&to=2026-09-30T00:00:00Z`]: 'USAGE_RANGE_INVALID',
      [`${model}&${from}&to=2026-10-02T00:30:00Z`]: 'USAGE_RANGE_INVALID',
      [`${model}&${from}&to=9999-12-31T23:00:00Z&by=hour`]: 'USAGE_RANGE_INVALID',
      [`${model}&${from}&to=tomorrow`]: 'TIME_MALFORMED',
      [`${model}&from=1969-12-31T00:00:00Z&${to}`]: 'TIME_MALFORMED',
      [`${model}&${from}&${to}&by=minute`]: 'REQUEST_MALFORMED',
      [`${model}&more=1`]: 'REQUEST_MALFORMED',
      [`${model}&${model}`]: 'REQUEST_MALFORMED',
      '%00=%ff': 'REQUEST_MALFORMED',
    };
    for (const [query, code] of Object.entries(bad)) {
      const answer = await get(`/v1/tally/proof?${query}`);
      expect(answer.statusCode, query).toBeGreaterThanOrEqual(400);
      expect(answer.statusCode, query).toBeLessThan(500);
      expect.soft(codeIn(answer), query).toBe(code);
    }
    const whole = 'from=1970-01-01T00:00:00Z&to=9999-12-31T23:00:00Z&by=total';
    expect((await get(`/v1/tally/proof?${model}&${whole}`)).statusCode).toBe(200);
  });

  it('keeps cosignatures of verifiers, and says how many it took', async () => {
    const { offer, tally, get } = await openSite();
    const { text } = parseNote(tally.pair().tally);
    const [first] = VERIFIERS as [NoteSigner];
    const line = signCosignature(text, NOW, first);
    expect((await offer(line)).json()).toEqual({ taken: 1 });
    expect((await get('/tally')).body.endsWith(line)).toBe(true);
    const stranger = signCosignature(text, NOW, logs[0]?.signer as NoteSigner);
    expect((await offer(stranger, 'application/octet-stream')).json()).toEqual({ taken: 0 });
  });

  it('refuses what are no signature lines, never with a failure of its own', async () => {
    const { offer, tally } = await openSite();
    const before = tally.pair();
    const right = signCosignature(parseNote(before.tally).text, NOW, VERIFIERS[0] as NoteSigner);
    for (const [body, status, code] of [
      ['garbage', 400, 'NOTE_MALFORMED'],
      [Buffer.of(0xff, 0xfe), 400, 'INPUT_NOT_UTF8'],
      ['— name\n', 400, 'NOTE_MALFORMED'],
      ['', 400, 'REQUEST_MALFORMED'],
      [right.replace('\n', '\r\n'), 400, 'NOTE_MALFORMED'],
      [right.replace('— ', '— \0'), 400, 'NOTE_MALFORMED'],
      [right.replace(/=*\n$/, 'B=\n'), 400, 'NOTE_MALFORMED'],
      ['x'.repeat(16 * 1024 + 1), 413, 'INPUT_TOO_LARGE'],
    ] as const) {
      const answer = await offer(body);
      expect.soft([answer.statusCode, codeIn(answer)]).toEqual([status, code]);
    }
    expect(tally.pair()).toEqual(before);
  });

  it('takes no cosignature with S + L, and none twice', async () => {
    const { offer, tally } = await openSite();
    const before = tally.pair();
    const right = signCosignature(parseNote(before.tally).text, NOW, VERIFIERS[0] as NoteSigner);
    const [line] = parseSignatureLines(right);
    if (line === undefined) throw new TypeError('a line');
    const { signature } = line;
    const large = concatBytes(signature.subarray(0, 8), withLargeScalar(signature.subarray(8)));
    const answer = await offer(formatSignatureLine({ ...line, signature: large }));
    expect([answer.statusCode, answer.json()]).toEqual([200, { taken: 0 }]);
    expect(tally.pair()).toEqual(before);
    await offer(right + right);
    await offer(right);
    expect(tally.pair().tally).toBe(before.tally + right);
  });

  it('asks to try again later before there is a tally', async () => {
    const { get, offer } = await openSite({ isPublished: false });
    const answers = [
      await get('/tally'),
      await get('/v1/tally'),
      await get(`/v1/tally/proof?model=${MODEL}`),
      await offer('x'),
    ];
    for (const answer of answers) {
      expect([answer.statusCode, codeIn(answer)]).toEqual([404, 'TALLY_UNPUBLISHED']);
    }
  });

  it('states how far the tally is behind in the metrics', async () => {
    const { get } = await openSite();
    expect((await get('/metrics')).body).toMatch(/attestry_log_tally_lag_entries\{[^}]*\} /);
  });
});
