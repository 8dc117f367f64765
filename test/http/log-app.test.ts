import { describe, expect, it } from 'vitest';
import { readReceipt } from '../../scripts/kill-cycles/outsider.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { leafHash } from '../../src/core/merkle/hash.ts';
import { parseReceipt } from '../../src/core/receipt/receipt.ts';
import { verifyReceipt } from '../../src/core/receipt/verify.ts';
import type { Statement } from '../../src/core/statement/statement.ts';
import type { LogStore } from '../../src/store/log-store.ts';
import { eventually } from '../helpers/eventually.ts';
import { LogBed } from '../helpers/log-bed.ts';
import { type Accepted, type LogSite, linesOf, openLogSite, post } from '../helpers/log-site.ts';
import { sampleStatement, sampleStream } from '../helpers/statements.ts';
import { Gate, wrapStore } from '../helpers/wrapped-store.ts';

const hashText = (entry: Uint8Array): string => encodeHex(leafHash(entry));
const entriesOf = ({ bed }: Pick<LogSite, 'bed'>, count: number, from = 0): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => bed.entry(from + i));
const bytesOf = (receipt: object): Uint8Array => new TextEncoder().encode(JSON.stringify(receipt));

/** A log's bed whose store commits nothing before its gate is opened. */
async function gatedBed(): Promise<{ gate: Gate; bed: LogBed; store: LogStore }> {
  const gate = new Gate();
  const bed = await LogBed.make();
  const { store } = await bed.open();
  const commit: LogStore['commit'] = async (batch) => {
    await gate.pass();
    await store.commit(batch);
  };
  return { gate, bed, store: wrapStore(store, { commit }) };
}

describe('POST /v1/entries with one envelope', () => {
  it('answers 201 with index, hash and a committed receipt', async () => {
    const site = await openLogSite();
    const answer = await post(site.app, site.bed.entry(0));
    expect(answer.statusCode).toBe(201);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    const accepted = answer.json() as Accepted;
    expect(Object.keys(accepted)).toEqual(['entryHash', 'index', 'receipt', 'state']);
    expect(accepted).toMatchObject({
      entryHash: hashText(site.bed.entry(0)),
      index: 0,
      state: 'committed',
    });
    const receipt = readReceipt(JSON.stringify(accepted.receipt), site.bed.outsiderTrust);
    expect(receipt).toMatchObject({ index: 0, checkpoint: { size: 1, cosignedBy: [] } });
  });

  it('answers the same bytes again with 200 and the same receipt, and adds nothing', async () => {
    const site = await openLogSite();
    const first = await post(site.app, site.bed.entry(0));
    await post(site.app, site.bed.entry(1));
    const again = await post(site.app, site.bed.entry(0));
    expect(again.statusCode).toBe(200);
    expect(again.body).toBe(first.body);
    expect(site.log.size).toBe(2);
  });

  it('waits for the witnesses when asked to', async () => {
    const site = await openLogSite();
    const answer = await post(site.app, site.bed.entry(0), '?wait=witnessed');
    expect(answer.statusCode).toBe(201);
    const { receipt, state } = answer.json() as Accepted;
    expect(state).toBe('witnessed');
    const parsed = parseReceipt(bytesOf(receipt));
    expect(verifyReceipt(parsed, site.bed.network.rules)).toMatchObject({ index: 0 });
    const again = await post(site.app, site.bed.entry(0), '?wait=witnessed');
    expect([again.statusCode, again.body]).toEqual([200, answer.body]);
  });

  it('answers 202 when the witnesses do not come in time', async () => {
    const site = await openLogSite({ bed: new LogBed(), app: { witnessWaitMs: 20 } });
    const answer = await post(site.app, site.bed.entry(0), '?wait=witnessed');
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toMatchObject({ index: 0, state: 'committed' });
    expect(site.log.size).toBe(1);
  });

  it('answers a missing number of a meter with 409 and what it expects', async () => {
    const site = await openLogSite();
    const [zero, , two] = sampleStream(3, { context: site.bed.eu.context }).map((statement) =>
      site.bed.entryOf(statement),
    ) as [Uint8Array, Uint8Array, Uint8Array];
    await post(site.app, zero);
    const { payload } = parseEnvelopeJson(zero);
    const digest = Buffer.from(
      await crypto.subtle.digest('SHA-256', Buffer.from(payload, 'base64')),
    );
    const answer = await post(site.app, two);
    expect(answer.statusCode).toBe(409);
    expect(answer.json()).toMatchObject({
      error: {
        code: 'STREAM_SEQUENCE_MISMATCH',
        details: { expectedSequence: 1, expectedPrevious: digest.toString('hex') },
      },
    });
  });

  it('answers an operator that sends too much with 429 and Retry-After', async () => {
    const limits = { operatorEntriesPerSecond: 0.01, operatorBurst: 1 };
    const site = await openLogSite({ log: { limits } });
    await post(site.app, site.bed.entry(0));
    const answer = await post(site.app, site.bed.entry(1));
    expect(answer.statusCode).toBe(429);
    expect(answer.json()).toMatchObject({ error: { code: 'RATE_LIMITED' } });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(50);
  });

  it('is in no hurry to refuse who sends too much, and has room for others meanwhile', async () => {
    const limits = { operatorEntriesPerSecond: 0.01, operatorBurst: 1 };
    const site = await openLogSite({
      log: { limits },
      app: { limits: { submissionsUnderWay: 1 } },
    });
    await post(site.app, site.bed.entry(0));
    const started = performance.now();
    const first = post(site.app, site.bed.entry(1));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const malformed = await post(site.app, new Uint8Array([1]));
    const untilOther = performance.now() - started;
    expect(malformed.statusCode).toBe(400);
    expect((await first).statusCode).toBe(429);
    const untilRefused = performance.now() - started;
    expect(untilRefused).toBeGreaterThanOrEqual(490);
    expect(untilOther).toBeLessThan(untilRefused);
  });

  it('answers a full queue with 503 and Retry-After, before it promises anything', async () => {
    const gate = new Gate();
    const bed = await LogBed.make();
    const { store } = await bed.open();
    bed.disk.held = false;
    const commit: typeof store.commit = async (batch) => {
      await gate.pass();
      await store.commit(batch);
    };
    const site = await openLogSite({
      bed,
      log: { store: wrapStore(store, { commit }), limits: { queuedEntries: 1 } },
    });
    const first = post(site.app, bed.entry(0));
    await eventually(() => expect(gate.arrived).toBe(1));
    const second = post(site.app, bed.entry(1));
    await eventually(() => expect(site.log.status().queued).toBe(1));
    const third = await post(site.app, bed.entry(2));
    expect(third.statusCode).toBe(503);
    expect(third.headers['retry-after']).toBe('1');
    expect(third.json()).toMatchObject({ error: { code: 'QUEUE_FULL' } });
    gate.open();
    expect([(await first).statusCode, (await second).statusCode]).toEqual([201, 201]);
    expect(site.log.size).toBe(2);
  });

  it('refuses a submission above those under way before it is read, and takes it once there is room', async () => {
    const { gate, bed, store } = await gatedBed();
    const site = await openLogSite({
      bed,
      log: { store },
      app: { limits: { requestsPerWindow: 0, maxEventLoopDelayMs: 0, submissionsUnderWay: 2 } },
    });
    const taken = [post(site.app, bed.entry(0)), post(site.app, bed.entry(1))];
    await eventually(() => expect(gate.arrived).toBe(1));
    for (const unread of [bed.entry(2), new Uint8Array()]) {
      const refused = await post(site.app, unread);
      expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '1']);
      expect(refused.json()).toMatchObject({ error: { code: 'QUEUE_FULL' } });
    }
    gate.open();
    for (const answer of taken) expect((await answer).statusCode).toBe(201);
    expect((await post(site.app, bed.entry(2))).statusCode).toBe(201);
    expect(site.log.size).toBe(3);
  });

  it('refuses large requests above their bytes before they are read, and takes them once there is room', async () => {
    const { gate, bed, store } = await gatedBed();
    const site = await openLogSite({
      bed,
      log: { store },
      app: { limits: { maxEventLoopDelayMs: 0, largeSubmissionBytes: 300 * 1024 } },
    });
    const linesFrom = (from: number): Buffer => {
      const line = bed.entry(from);
      const count = Math.ceil((140 * 1024) / line.length);
      return Buffer.concat(
        Array.from({ length: count }, (_, i) => [bed.entry(from + i), Buffer.from('\n')]).flat(),
      );
    };
    const submit = (payload: Buffer) =>
      site.app.inject({
        method: 'POST',
        url: '/v1/entries',
        headers: { 'content-type': 'application/x-ndjson' },
        payload,
      });
    const taken = [submit(linesFrom(0)), submit(linesFrom(1_000))];
    await eventually(() => expect(gate.arrived).toBe(1));
    const refused = await submit(linesFrom(2_000));
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '1']);
    expect(refused.json()).toMatchObject({ error: { code: 'QUEUE_FULL' } });
    const small = post(site.app, bed.entry(9_000));
    gate.open();
    for (const answer of taken) expect((await answer).statusCode).toBe(200);
    expect((await small).statusCode).toBe(201);
    expect((await submit(linesFrom(2_000))).statusCode).toBe(200);
  });

  it('lets those who wait for witnesses take no room from others', async () => {
    const limits = { requestsPerWindow: 0, maxEventLoopDelayMs: 0, submissionsUnderWay: 1 };
    const site = await openLogSite({ bed: new LogBed(), app: { witnessWaitMs: 200, limits } });
    const waiting = post(site.app, site.bed.entry(0), '?wait=witnessed');
    await eventually(() => expect(site.log.status().counters.accepted).toBe(1));
    expect((await post(site.app, site.bed.entry(1))).statusCode).toBe(201);
    expect((await waiting).statusCode).toBe(202);
  });

  it('answers with 503 and without a word of the disk when that fails', async () => {
    const bed = new LogBed();
    const { store } = await bed.open();
    const commit = (): Promise<never> => Promise.reject(new Error('EIO on /secret/path'));
    const site = await openLogSite({ bed, log: { store: wrapStore(store, { commit }) } });
    const answer = await post(site.app, bed.entry(0));
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({ error: { code: 'STORE_FAILED', details: {} } });
    expect(answer.body).not.toContain('secret');
    expect(site.fatal).toHaveLength(1);
  });
});

function parseEnvelopeJson(entry: Uint8Array): { payload: string } {
  return JSON.parse(new TextDecoder().decode(entry)) as { payload: string };
}

describe('POST /v1/entries with many envelopes', () => {
  it('gives each line its result, in order', async () => {
    const site = await openLogSite();
    const { bed } = site;
    const { context } = bed.eu;
    const stream = sampleStream(3, { context }).map((statement) => bed.entryOf(statement));
    const elsewhere = { ...context, log: 'us.log.example' };
    const lines = [
      bed.entry(0),
      new TextEncoder().encode('{'),
      stream[0],
      stream[2],
      bed.entry(0),
      stream[1],
      bed.entryOf(sampleStatement('deployment', { context: elsewhere }) as Statement),
      new Uint8Array(),
      stream[2],
    ] as Uint8Array[];
    // The fourth and the last are the same entry: refused where its time has not come, taken where it has.
    const answer = await post(site.app, lines);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/x-ndjson/);
    const results = linesOf(answer).map(({ index, error }) => index ?? error?.code);
    expect(results).toEqual([
      0,
      'JSON_MALFORMED',
      1,
      'STREAM_SEQUENCE_MISMATCH',
      0,
      2,
      'STATEMENT_LOG_MISMATCH',
      'JSON_MALFORMED',
      3,
    ]);
    expect(site.log.size).toBe(4);
    for (const { receipt } of linesOf(answer)) {
      if (receipt !== undefined) readReceipt(JSON.stringify(receipt), bed.outsiderTrust);
    }
  });

  it('takes 1,000 lines and refuses one more, whole', async () => {
    const site = await openLogSite();
    const entries = entriesOf(site, 1_001);
    const refused = await post(site.app, entries);
    expect(refused.statusCode).toBe(413);
    expect(refused.json()).toMatchObject({ error: { code: 'BATCH_TOO_LARGE' } });
    expect(site.log.size).toBe(0);
    const taken = await post(site.app, entries.slice(0, 1_000));
    expect(linesOf(taken).map(({ index }) => index)).toEqual(
      Array.from({ length: 1_000 }, (_, i) => i),
    );
    // One for each slice of 32 lines at most.
    expect(site.log.status().counters.batches).toBeLessThanOrEqual(32);
    const again = await post(site.app, entries.slice(0, 1_000));
    expect(again.body).toBe(taken.body);
    expect(site.log.size).toBe(1_000);
  });

  it('survives a refusal in the first of many lines', async () => {
    const site = await openLogSite();
    const lines = [new TextEncoder().encode('{'), ...entriesOf(site, 100)];
    const results = linesOf(await post(site.app, lines));
    expect(results[0]).toMatchObject({ error: { code: 'JSON_MALFORMED' } });
    expect(results.slice(1).map(({ index }) => index)).toEqual(
      entriesOf(site, 100).map((_, i) => i),
    );
  });

  it('takes a last line without a newline', async () => {
    const site = await openLogSite();
    const payload = Buffer.concat([site.bed.entry(0), Buffer.from('\n'), site.bed.entry(1)]);
    const headers = { 'content-type': 'Application/X-NDJSON; charset=utf-8' };
    const answer = await site.app.inject({ method: 'POST', url: '/v1/entries', headers, payload });
    expect(linesOf(answer).map(({ index }) => index)).toEqual([0, 1]);
  });

  it('waits for the witnesses of all lines at once', async () => {
    const site = await openLogSite();
    const answer = await post(site.app, entriesOf(site, 50), '?wait=witnessed');
    for (const { receipt, state } of linesOf(answer)) {
      expect(state).toBe('witnessed');
      verifyReceipt(parseReceipt(bytesOf(receipt ?? {})), site.bed.network.rules);
    }
    const alone = await openLogSite({ bed: new LogBed(), app: { witnessWaitMs: 100 } });
    const started = performance.now();
    const late = linesOf(await post(alone.app, entriesOf(alone, 50), '?wait=witnessed'));
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(late.map(({ state }) => state)).toEqual(Array(50).fill('committed'));
  });
});
