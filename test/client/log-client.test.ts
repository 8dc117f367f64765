import { describe, expect, test } from 'vitest';
import { LogClient } from '../../src/client/log-client.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { leafHash } from '../../src/core/merkle/hash.ts';
import { signCheckpoint } from '../../src/core/note/checkpoint.ts';
import type { Receipt } from '../../src/core/receipt/receipt.ts';
import { verifyReceipt } from '../../src/core/receipt/verify.ts';
import type { Envelope } from '../../src/core/statement/envelope.ts';
import { AttestryError } from '../../src/errors.ts';
import { opensslEngine } from '../../src/keys/openssl-engine.ts';
import { makeNetwork, signedEntry, type TestLog } from '../helpers/fixtures.ts';
import { testSigner } from '../helpers/signed-log.ts';
import { NOW, sampleStatement, sampleStream } from '../helpers/statements.ts';
import { codeOf } from '../helpers/store-suite.ts';
import { FakeLog, type LogAnswer } from './fake-log.ts';
import {
  type Answer,
  jsonAnswer,
  noConnection,
  refusal,
  scriptedFetch,
  testClock,
} from './scripted-fetch.ts';

const URL_OF_LOG = 'https://eu.log.example/';

function bed(...before: readonly Answer[]) {
  const network = makeNetwork();
  const log = network.logs[0] as TestLog;
  // A log that others write to as well, so that proofs have hashes in them.
  for (const id of ['a', 'b', 'c']) log.state('deployment', { predicate: { deploymentId: id } });
  const fake = new FakeLog(log);
  const { fetch, asked } = scriptedFetch(...before, fake.answer);
  const clock = testClock();
  const client = new LogClient({
    url: URL_OF_LOG,
    trust: network.rules.trust,
    engine: opensslEngine,
    fetch,
    now: () => NOW,
    clock,
  });
  return { network, log, fake, asked, clock, client };
}

function deployment(id: string): Envelope {
  return signedEntry(sampleStatement('deployment', { predicate: { deploymentId: id } }));
}

const ENVELOPE = deployment('new');
const ENTRY_HASH = encodeHex(leafHash(ENVELOPE.entry));

function withProof(receipt: Receipt, changes: Partial<Receipt['proof']>): Receipt {
  return { ...receipt, proof: { ...receipt.proof, ...changes } };
}

describe('LogClient.submit', () => {
  test('gives the index and a receipt that verifies', async () => {
    const { client, network, asked } = bed();
    const { receipt, ...rest } = await client.submit(ENVELOPE, { wait: 'witnessed' });
    expect(rest).toEqual({ index: 3, entryHash: ENTRY_HASH, state: 'witnessed' });
    expect(verifyReceipt(receipt, network.rules).index).toBe(3);
    expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST https://eu.log.example/v1/entries?wait=witnessed',
    ]);
    expect(asked[0]?.body).toBe(new TextDecoder().decode(ENVELOPE.entry));
  });

  test('waits for no witness unless told to', async () => {
    const { client, asked } = bed();
    expect((await client.submit(ENVELOPE)).state).toBe('committed');
    expect(asked[0]?.url).toContain('wait=committed');
  });

  test('sends the same bytes again after a failure, and gets the same index twice', async () => {
    const busy = refusal('QUEUE_FULL', 503, { 'retry-after': '2' });
    const { client, asked, clock, log } = bed(noConnection(), busy);
    const first = await client.submit(ENVELOPE);
    expect(new Set(asked.map(({ body }) => body)).size).toBe(1);
    expect(clock.pauses).toEqual([250, 2500]);
    expect((await client.submit(ENVELOPE)).index).toBe(first.index);
    expect(log.entries).toHaveLength(4);
  });

  test('gives up after the attempts that it has', async () => {
    const { client, asked } = bed(...Array.from({ length: 9 }, () => noConnection()));
    expect(await codeOf(() => client.submit(ENVELOPE, { attempts: 3 }))).toBe('PEER_UNAVAILABLE');
    expect(asked).toHaveLength(3);
  });

  test("does not repeat what the log has refused for good, and keeps the log's details", async () => {
    const details = { expectedSequence: 7, expectedPrevious: 'ab' };
    const body = { error: { code: 'STREAM_SEQUENCE_MISMATCH', message: 'Expected 7.', details } };
    const { client, asked } = bed(jsonAnswer(body, 409));
    const error: unknown = await client.submit(ENVELOPE).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(AttestryError);
    expect(error).toMatchObject({ code: 'STREAM_SEQUENCE_MISMATCH', details });
    expect(asked).toHaveLength(1);
  });

  test('sends nothing that no auditor would accept', async () => {
    const { client, asked } = bed();
    const foreign = signedEntry(sampleStatement('deployment'), [new Uint8Array(32).fill(9)]);
    expect(await codeOf(() => client.submit(foreign))).toBe('KEY_UNKNOWN');
    const elsewhere = sampleStatement('deployment', { context: { log: 'us.log.example' } });
    expect(await codeOf(() => client.submit(signedEntry(elsewhere)))).toBe('OPERATOR_UNAUTHORIZED');
    expect(asked).toHaveLength(0);
  });

  test('asks for the witnessed receipt later, when the log was too quick to answer', async () => {
    const made = bed(
      (asked) => {
        made.fake.isWitnessed = false;
        const answer = made.fake.answer(asked);
        made.fake.isWitnessed = true;
        return answer;
      },
      refusal('ENTRY_UNKNOWN', 404),
    );
    const { state, receipt } = await made.client.submit(ENVELOPE, { wait: 'witnessed' });
    expect(state).toBe('witnessed');
    expect(verifyReceipt(receipt, made.network.rules).index).toBe(3);
    expect(made.asked.map(({ method }) => method)).toEqual(['POST', 'GET', 'GET']);
  });

  test('says committed when the time is up before the witnesses came', async () => {
    const { client, fake, clock } = bed();
    fake.isWitnessed = false;
    const { state } = await client.submit(ENVELOPE, { wait: 'witnessed', timeoutMs: 5000 });
    expect(state).toBe('committed');
    expect(clock.clockMs()).toBeLessThanOrEqual(1000 + 5000);
  });
});

describe('LogClient.submit, with a log that lies,', () => {
  const lies: readonly [string, string, (answer: LogAnswer, log: TestLog) => LogAnswer][] = [
    [
      'the receipt of another entry',
      'RESPONSE_INVALID',
      (answer, log) => ({ ...answer, receipt: log.receipt(0, { witnesses: [] }) }),
    ],
    [
      'another envelope around the right proof',
      'RESPONSE_INVALID',
      (answer) => ({
        ...answer,
        receipt: { ...answer.receipt, envelope: deployment('other') },
      }),
    ],
    [
      "another entry's proof",
      'INCLUSION_ROOT_MISMATCH',
      (answer, log) => ({
        ...answer,
        receipt: withProof(answer.receipt, { proof: log.receipt(0).proof.proof }),
      }),
    ],
    [
      'a proof that leaves out a hash',
      'INCLUSION_LENGTH_WRONG',
      (answer) => ({
        ...answer,
        receipt: withProof(answer.receipt, { proof: answer.receipt.proof.proof.slice(1) }),
      }),
    ],
    [
      'another root',
      'INCLUSION_ROOT_MISMATCH',
      (answer, log) => ({
        ...answer,
        receipt: withProof(answer.receipt, {
          checkpoint: signCheckpoint(
            { origin: log.origin, size: 4, root: new Uint8Array(32).fill(7) },
            log.signer,
          ),
        }),
      }),
    ],
    [
      'a checkpoint of its own origin, signed by someone else',
      'CHECKPOINT_UNSIGNED',
      (answer, log) => ({
        ...answer,
        receipt: withProof(answer.receipt, {
          checkpoint: signCheckpoint(
            { origin: log.origin, size: 4, root: log.tree.root(4) },
            testSigner(log.origin, 1, 'someone else'),
          ),
        }),
      }),
    ],
    [
      'a damaged signature',
      'CHECKPOINT_SIGNATURE_INVALID',
      (answer, log) => ({
        ...answer,
        receipt: withProof(answer.receipt, {
          checkpoint: answer.receipt.proof.checkpoint.replace(
            encodeRoot(log, 4),
            encodeRoot(log, 3),
          ),
        }),
      }),
    ],
    [
      'that it is witnessed when it is not',
      'QUORUM_SHORT',
      (answer) => ({ ...answer, state: 'witnessed' }),
    ],
    ['another index', 'RESPONSE_INVALID', (answer) => ({ ...answer, index: 0 })],
    ['another hash', 'RESPONSE_INVALID', (answer) => ({ ...answer, entryHash: '00'.repeat(32) })],
  ];

  test.each(lies)('refuses %s', async (_, code, lie) => {
    const { client, fake, log, asked } = bed();
    fake.lie = (answer) => lie(answer, log);
    expect(await codeOf(() => client.submit(ENVELOPE))).toBe(code);
    expect(asked).toHaveLength(1);
  });

  test('refuses the checkpoint of another log of the trust root', async () => {
    const { client, fake, network } = bed();
    const other = network.logs[1] as TestLog;
    other.append(ENVELOPE.entry);
    fake.lie = (answer) => ({
      ...answer,
      index: 0,
      receipt: other.receipt(0, { witnesses: [] }),
    });
    expect(await codeOf(() => client.submit(ENVELOPE))).toBe('RESPONSE_INVALID');
  });

  test.each([
    ['no JSON', 'hello'],
    ['an array', '[]'],
    ['no receipt', '{"entryHash":"","index":0,"state":"committed"}'],
    ['another state', '{"entryHash":"","index":0,"receipt":{},"state":"done"}'],
    [
      'a receipt that nests too deep',
      `{"entryHash":"","index":0,"state":"committed","receipt":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
    ],
  ])('refuses %s', async (_, body) => {
    const { client } = bed(jsonAnswer(body));
    expect(await codeOf(() => client.submit(ENVELOPE))).toBe('RESPONSE_INVALID');
  });
});

function encodeRoot(log: TestLog, size: number): string {
  return Buffer.from(log.tree.root(size)).toString('base64');
}

describe('LogClient.submitMany', () => {
  test('gives a result for each envelope, in order, out of one request', async () => {
    const { client, asked } = bed();
    const results = await client.submitMany([deployment('x'), deployment('y')]);
    expect(results.map((result) => 'index' in result && result.index)).toEqual([3, 4]);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.headers.get('content-type')).toBe('application/x-ndjson');
  });

  test('gives nothing for nothing', async () => {
    const { client, asked } = bed();
    expect(await client.submitMany([])).toEqual([]);
    expect(asked).toHaveLength(0);
  });

  test('sends at most a thousand at once', async () => {
    const { client, asked } = bed();
    const one = deployment('same');
    const results = await client.submitMany(Array.from({ length: 1001 }, () => one));
    expect(results).toHaveLength(1001);
    expect(asked.map(({ body }) => body.trimEnd().split('\n').length)).toEqual([1000, 1]);
  }, 60_000);

  test('keeps back what it would refuse itself, and sends the rest', async () => {
    const { client, asked } = bed();
    const foreign = signedEntry(sampleStatement('deployment'), [new Uint8Array(32).fill(9)]);
    const [first, second] = await client.submitMany([foreign, deployment('x')]);
    expect(first).toMatchObject({ code: 'KEY_UNKNOWN' });
    expect(second).toMatchObject({ index: 3 });
    expect(asked[0]?.body.trimEnd().split('\n')).toHaveLength(1);
  });

  test('finds the one lie among true answers', async () => {
    const { client, fake, log } = bed();
    fake.lie = (answer) =>
      answer.index === 4 ? { ...answer, receipt: log.receipt(0, { witnesses: [] }) } : answer;
    const results = await client.submitMany(['x', 'y', 'z'].map(deployment));
    expect(results.map((result) => ('code' in result ? result.code : result.index))).toEqual([
      3,
      'RESPONSE_INVALID',
      5,
    ]);
  });

  test('sends again, in order, from the first that a busy log put off', async () => {
    const stream = sampleStream(3).map((statement) => signedEntry(statement));
    let attempt = 0;
    const { client, fake, asked } = bed(async (request) => {
      attempt++;
      const [first = '', ...rest] = request.body.trimEnd().split('\n');
      const taken = fake.answer({ ...request, body: `${first}\n` });
      // What a log answers whose queue is full in between: the third fails only for want of the second.
      const refused = ['QUEUE_FULL', 'STREAM_SEQUENCE_MISMATCH'].map((code) =>
        JSON.stringify({ error: { code, message: '', details: {} } }),
      );
      return jsonAnswer(
        [(await taken.text()).trimEnd(), ...refused.slice(0, rest.length)].join('\n'),
      );
    });
    const results = await client.submitMany(stream);
    expect(attempt).toBe(1);
    expect(results.map((result) => ('code' in result ? result.code : result.index))).toEqual([
      3, 4, 5,
    ]);
    expect(asked.map(({ body }) => body.trimEnd().split('\n').length)).toEqual([3, 2]);
  });

  test('gives each its own error when the log stays busy', async () => {
    const line = JSON.stringify({ error: { code: 'RATE_LIMITED', message: '', details: {} } });
    const { client, asked } = bed(
      ...Array.from({ length: 9 }, () => jsonAnswer(`${line}\n${line}\n`)),
    );
    const results = await client.submitMany(['x', 'y'].map(deployment), { attempts: 2 });
    expect(results).toMatchObject([{ code: 'RATE_LIMITED' }, { code: 'RATE_LIMITED' }]);
    expect(asked).toHaveLength(2);
  });

  test.each([
    ['too few lines', '{}\n'],
    ['too many lines', '{}\n{}\n{}\n'],
  ])('refuses %s', async (_, body) => {
    const { client } = bed(jsonAnswer(body));
    const results = await client.submitMany(['x', 'y'].map(deployment));
    expect(results).toMatchObject([{ code: 'RESPONSE_INVALID' }, { code: 'RESPONSE_INVALID' }]);
  });

  test('waits for witnesses where it is told to', async () => {
    const { client, asked } = bed();
    const results = await client.submitMany(['x', 'y'].map(deployment), { wait: 'witnessed' });
    expect(results).toMatchObject([{ state: 'witnessed' }, { state: 'witnessed' }]);
    // A log that waited for each line in turn would outlast the request.
    expect(asked[0]?.url).toContain('wait=committed');
  });
});

describe('LogClient.receipt', () => {
  test('gives the receipt in the state asked for', async () => {
    const { client, log } = bed();
    log.append(ENVELOPE.entry);
    expect(await client.receipt(ENTRY_HASH)).toMatchObject({ index: 3, state: 'witnessed' });
    expect(await client.receipt(ENTRY_HASH, 'committed')).toMatchObject({ state: 'committed' });
  });

  test('refuses a receipt of another entry, and one that is short of the quorum', async () => {
    const { client, fake, log } = bed();
    log.append(ENVELOPE.entry);
    fake.lie = (answer) => ({ ...answer, receipt: log.receipt(0) });
    expect(await codeOf(() => client.receipt(ENTRY_HASH))).toBe('RESPONSE_INVALID');
    fake.lie = (answer) => ({ ...answer, receipt: log.receipt(3, { witnesses: [] }) });
    expect(await codeOf(() => client.receipt(ENTRY_HASH))).toBe('QUORUM_SHORT');
  });

  test('refuses an entry that admission must refuse, though it is in the log', async () => {
    const { client, log } = bed();
    const foreign = signedEntry(sampleStatement('deployment'), [new Uint8Array(32).fill(9)]);
    log.append(foreign.entry);
    const hash = encodeHex(leafHash(foreign.entry));
    expect(await codeOf(() => client.receipt(hash, 'committed'))).toBe('KEY_UNKNOWN');
  });

  test('asks nobody about what is no hash', async () => {
    const { client, asked } = bed();
    expect(await codeOf(() => client.receipt('../../v1/log'))).toBe('HEX_MALFORMED');
    expect(asked).toHaveLength(0);
  });

  test('says so when the log has no such entry', async () => {
    const { client } = bed();
    expect(await codeOf(() => client.receipt(ENTRY_HASH))).toBe('ENTRY_UNKNOWN');
  });
});

describe('LogClient.waitForWitnesses', () => {
  test('asks until there is a witnessed receipt, through failures of the network', async () => {
    const { client, log, asked, clock } = bed(
      refusal('ENTRY_UNKNOWN', 404),
      noConnection(),
      refusal('RATE_LIMITED', 429, { 'retry-after': '3' }),
    );
    log.append(ENVELOPE.entry);
    expect((await client.waitForWitnesses(ENTRY_HASH)).state).toBe('witnessed');
    expect(asked).toHaveLength(4);
    expect(clock.pauses).toEqual([200, 400, 3000]);
  });

  test('ends with WITNESS_TIMEOUT when the time is up', async () => {
    const { client, fake, clock } = bed();
    fake.isWitnessed = false;
    expect(await codeOf(() => client.waitForWitnesses(ENTRY_HASH, 3000))).toBe('WITNESS_TIMEOUT');
    expect(clock.clockMs()).toBe(1000 + 3000);
  });

  test('does not wait on when the log lies', async () => {
    const { client, fake, log, asked } = bed();
    log.append(ENVELOPE.entry);
    fake.lie = (answer) => ({ ...answer, receipt: log.receipt(0) });
    expect(await codeOf(() => client.waitForWitnesses(ENTRY_HASH))).toBe('RESPONSE_INVALID');
    expect(asked).toHaveLength(1);
  });
});
