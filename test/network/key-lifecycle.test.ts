import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { urlOf } from '../../scripts/demo/ports.ts';
import { LogClient } from '../../src/client/log-client.ts';
import { type RetryClock, SYSTEM_CLOCK } from '../../src/client/retry.ts';
import { VerifierClient } from '../../src/client/verifier-client.ts';
import { formatTime, parseTime } from '../../src/core/bytes/time.ts';
import { parseCheckpoint } from '../../src/core/note/checkpoint.ts';
import { formatVkey, SIGNATURE_TYPE } from '../../src/core/note/vkey.ts';
import type { Receipt } from '../../src/core/receipt/receipt.ts';
import { verifyReceipt } from '../../src/core/receipt/verify.ts';
import { judge } from '../../src/core/report/judge.ts';
import type { Report } from '../../src/core/report/report.ts';
import { type VerificationRules, verifyWitnessedCheckpoint } from '../../src/core/trust/quorum.ts';
import { finalDigest } from '../../src/core/trust/retirement.ts';
import { AttestryError } from '../../src/errors.ts';
import { opensslEngine } from '../../src/keys/openssl-engine.ts';
import { codeOf } from '../helpers/code-of.ts';
import { signedEntry } from '../helpers/fixtures.ts';
import { CONTEXT, KeyNetwork, ORIGIN, SUCCESSOR } from '../helpers/key-network.ts';
import { testSigner } from '../helpers/signed-log.ts';
import { digestOf, MODEL, sampleStatement } from '../helpers/statements.ts';

/** Nodes that restart ask to come back in seconds; a test has no time for that. */
const IMPATIENT: RetryClock = { ...SYSTEM_CLOCK, sleep: (ms) => pause(Math.min(ms, 100)) };

/** Between two statements, so that load does not become all that the machine does. */
const PAUSE_MS = 50;

const unixNow = (): number => Math.floor(Date.now() / 1000);

/** Submits one statement after another with the operator's newest key, until it is told to stop. */
class Load {
  /** Every witnessed receipt, with the number of the key that signed and what it is about. */
  readonly received: {
    readonly receipt: Receipt;
    readonly key: number;
    readonly model: string;
  }[] = [];
  /** What submissions by each key were refused with. */
  readonly refused = new Map<number, string>();
  readonly #network: KeyNetwork;
  readonly #running: Promise<void>;
  /** What the statements are about. */
  model: string = MODEL;
  #key = 1;
  #origin: typeof ORIGIN | typeof SUCCESSOR = ORIGIN;
  #stopped = false;

  constructor(network: KeyNetwork) {
    this.#network = network;
    this.#running = this.#run();
    this.#running.catch(() => undefined);
  }

  /** Waits until so many more have been witnessed. */
  async more(count: number): Promise<void> {
    const wanted = this.received.length + count;
    await expect
      .poll(() => this.received.length, { timeout: 30_000, interval: 20 })
      .toBeGreaterThanOrEqual(wanted);
  }

  /** Goes on with another key, and on another log if told, once the one in use is refused; gives the code. */
  async change(key: number, origin = this.#origin): Promise<string | undefined> {
    const old = this.#key;
    await expect.poll(() => this.refused.get(old), { timeout: 30_000, interval: 20 }).toBeDefined();
    this.#key = key;
    this.#origin = origin;
    return this.refused.get(old);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let i = 0; !this.#stopped; i++) {
      const { trust } = this.#network;
      const log = this.#origin;
      const url = this.#network.urlOf(log);
      const client = new LogClient({ url, trust, engine: opensslEngine, clock: IMPATIENT });
      const key = this.#key;
      const { model } = this;
      const context = { ...CONTEXT, log, issuedAt: formatTime(unixNow()) };
      const statement = sampleStatement('deployment', {
        context,
        predicate: { deploymentId: `${i}` },
        model,
      });
      try {
        const envelope = signedEntry(statement, [this.#network.key(key).seed]);
        const { receipt, state } = await client.submit(envelope, {
          wait: 'witnessed',
          attempts: 300,
        });
        if (state === 'witnessed') this.received.push({ receipt, key, model });
      } catch (error) {
        if (!(error instanceof AttestryError)) throw error;
        // The trust root may have changed between the log and this client.
        if (/^(?:KEY|LOG)_/.test(error.code)) this.refused.set(key, error.code);
      }
      await pause(PAUSE_MS);
    }
  }
}

describe('keys that change while statements are submitted', { timeout: 120_000 }, () => {
  it('keep what they signed: a witness, then the operator, and then a stolen key', async () => {
    const network = await KeyNetwork.start();
    const load = new Load(network);
    await load.more(3);

    // A witness is replaced: the new one runs before the old one's window ends, and no day is set.
    await network.startWitness(5);
    const { signer, port } = network.witness(5);
    const successor = ['--new', formatVkey(signer.vkey), '--url', urlOf(port)];
    await network.advance('rotate', '--old', 'w4.example', ...successor, ...untilIn(3600));
    await network.stop('w4.example');
    await network.stop('w3.example');
    // Of four houses the quorum is now the one beside the other log, the second, and the new one.
    await load.more(3);

    // From here on the statements are about something else: the old key signs nothing more about the model.
    load.model = digestOf('another model');
    await load.more(2);
    const stated = load.received.filter(({ model }) => model === MODEL).length;

    // The operator's key is rotated: the old one signs until its window ends, and is refused then.
    const [old, next] = [network.key(1), network.key(2)];
    const until = unixNow() + 3;
    const keys = ['--old', old.hex, '--new', next.hex];
    await network.advance('rotate', ...keys, '--until', formatTime(until));
    expect(await load.change(2)).toBe('KEY_OUT_OF_WINDOW');
    await load.more(3);

    // The new key is stolen: it is revoked at a size of the log, and a spare one goes on.
    const size = await sizeOf(network);
    await network.advance('revoke', '--key', next.hex, '--at', `${ORIGIN}=${size}`);
    expect(await load.change(3)).toBe('KEY_REVOKED');
    await load.more(3);
    await load.stop();

    // Every receipt that was given counts by the newest trust root, but for what the stolen key signed behind the cut-off.
    const rules = rulesNow(network);
    const verdicts = load.received.map(({ receipt, key }) => {
      const { witnessedAt } = verifyWitnessedCheckpoint(receipt.proof.checkpoint, rules);
      const isCut = key === 2 && receipt.proof.index >= size;
      const isLate = key === 1 && witnessedAt >= until;
      const wanted = (isCut && 'KEY_REVOKED') || (isLate && 'KEY_OUT_OF_WINDOW') || 'none';
      return [codeOf(() => verifyReceipt(receipt, rules)), wanted];
    });
    expect(verdicts.filter(([got, wanted]) => got !== wanted)).toEqual([]);
    expect(new Set(load.received.map(({ key }) => key))).toEqual(new Set([1, 2, 3]));

    // So does a new dossier, by a verifier that begins only now: the log's receipts show that the old key signed in time.
    await network.startVerifier();
    const { outcome, problems, statements, logs } = await reportWith(network, stated);
    expect([outcome, problems]).toEqual(['VALID', []]);
    const seen = statements.map(({ witnessedAt }) => parseTime(witnessedAt));
    expect(Math.max(...seen)).toBeLessThan(until);
    expect(parseTime(logs[0]?.witnessedAt ?? '')).toBeGreaterThan(until);

    const { code, errors } = await network.startWith(3);
    expect([code, errors]).toEqual([1, expect.stringContaining('TRUST_VERSION_BACK')]);
  });

  it('retire a log: it ends at a final checkpoint, and its successor begins with that', async () => {
    const network = await KeyNetwork.start();
    const load = new Load(network);
    await load.more(3);
    await network.stop(ORIGIN);
    await network.startLog(ORIGIN, { retire: 'true' });
    await expect.poll(() => load.refused.get(1), { timeout: 30_000 }).toBe('LOG_RETIRED');
    const note = await finalOf(network);
    await writeFile(join(network.folder, 'final.txt'), note);
    const { vkey } = testSigner(SUCCESSOR, SIGNATURE_TYPE.ed25519);
    const successor = ['--new', formatVkey(vkey), '--url', network.urlOf(SUCCESSOR)];
    await network.publish('rotate', '--old', ORIGIN, '--final', 'final.txt', ...successor);
    await network.startLog(SUCCESSOR);

    const { trust } = network;
    const url = network.urlOf(SUCCESSOR);
    const client = new LogClient({ url, trust, engine: opensslEngine });
    const context = { ...CONTEXT, log: SUCCESSOR, issuedAt: formatTime(unixNow()) };
    const early = signedEntry(sampleStatement('deployment', { context }), [network.key(1).seed]);
    await expect(client.submit(early)).rejects.toMatchObject({ code: 'SUCCESSION_MISMATCH' });
    const name = `final checkpoint of ${ORIGIN}`;
    const subject = [
      { name, digest: { sha256: finalDigest(ORIGIN, parseCheckpoint(note).checkpoint) } },
    ];
    const first = sampleStatement('deployment', {
      subject,
      context,
      predicate: { action: 'retire', environment: 'logs' },
    });
    expect((await client.submit(signedEntry(first, [network.key(1).seed]))).index).toBe(0);
    await load.change(1, SUCCESSOR);
    await load.more(3);
    await load.stop();

    // The verifier has all of the old log; then its node is gone for good, and nothing of it is missing.
    await network.startVerifier();
    await reportWith(network, load.received.length);
    await network.stop(ORIGIN);
    const report = await reportWith(network, load.received.length);
    expect(report.problems).toEqual([]);
    const shown = new Set(report.statements.map(({ origin, index }) => `${origin} ${index}`));
    const given = load.received.map(
      ({ receipt }) =>
        `${parseCheckpoint(receipt.proof.checkpoint).checkpoint.origin} ${receipt.proof.index}`,
    );
    expect(given.filter((place) => !shown.has(place))).toEqual([]);
    expect(new Set(report.logs.map(({ origin }) => origin))).toEqual(new Set(trust.logs.keys()));
  });
});

function untilIn(seconds: number): [string, string] {
  return ['--until', formatTime(unixNow() + seconds)];
}

function rulesNow({ trust }: KeyNetwork): VerificationRules {
  return { trust, now: unixNow(), engine: opensslEngine };
}

/** The report on the verifier's dossier of the model, once it holds so many statements. */
async function reportWith(network: KeyNetwork, statements: number): Promise<Report> {
  const verifier = new VerifierClient({ url: network.urlOf('verifier') });
  const reports: Report[] = [];
  await expect
    .poll(
      async () => {
        reports.push(judge(await verifier.dossier(MODEL), rulesNow(network)));
        return reports.at(-1)?.statements.length;
      },
      { timeout: 30_000, interval: 200 },
    )
    .toBeGreaterThanOrEqual(statements);
  return reports.at(-1) as Report;
}

/** The log's checkpoint once witnesses have seen all that it holds. */
async function finalOf(network: KeyNetwork): Promise<string> {
  const { size } = (await (await fetch(`${network.urlOf(ORIGIN)}/v1/log`)).json()) as {
    size: number;
  };
  await expect.poll(() => sizeOf(network), { timeout: 30_000, interval: 50 }).toBe(size);
  return await checkpointOf(network);
}

async function checkpointOf(network: KeyNetwork): Promise<string> {
  return await (await fetch(`${network.urlOf(ORIGIN)}/checkpoint`)).text();
}

async function sizeOf(network: KeyNetwork): Promise<number> {
  return Number((await checkpointOf(network)).split('\n')[1]);
}
