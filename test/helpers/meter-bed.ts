/** A meter under test with a log, a clock and chance of its own; the log admits as a real one does, and can be made to fail. */
import { createHash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { bytesEqual } from '../../src/core/bytes/equal.ts';
import { parseTime } from '../../src/core/bytes/time.ts';
import type { TokenBuckets } from '../../src/core/metering/buckets.ts';
import { admitEntry } from '../../src/core/statement/admission.ts';
import { type Envelope, parseEnvelope } from '../../src/core/statement/envelope.ts';
import { parseStatement, type StatementOf } from '../../src/core/statement/statement.ts';
import { advanceStream, type StreamState } from '../../src/core/statement/stream.ts';
import type { VerificationRules } from '../../src/core/trust/quorum.ts';
import { opensslEngine } from '../../src/keys/openssl-engine.ts';
import { type Meter, type MeterOptions, openMeter } from '../../src/meter/meter.ts';
import type { LoggedWindow } from '../../src/meter/submissions.ts';
import { makeNetwork, operatorSeed, TestLog, type TestNetwork } from './fixtures.ts';
import { MODEL, NOW, SAMPLE_CONTEXT } from './statements.ts';

/** A full hour. */
export const START: number = parseTime('2026-10-01T08:00:00Z');

// The same every time, and slow to make: its keys are checked one by one.
const NETWORK: TestNetwork = makeNetwork({ regions: ['eu', 'us'] });

export class MeterBed {
  rules: VerificationRules = { ...NETWORK.rules, engine: opensslEngine };
  readonly log: TestLog = new TestLog('eu', NETWORK.witnesses.slice(0, 3));
  /** Unix seconds. */
  now: number = START;
  /** Every envelope that was submitted, again and again included. */
  readonly submitted: Envelope[] = [];
  /** Thrown in place of an answer, after the log has taken the entry where `afterCommit` says so. */
  failure: { readonly error: Error; readonly afterCommit: boolean } | undefined;
  state: LoggedWindow['state'] = 'witnessed';
  /** When the witnesses sign, unix seconds. */
  witnessedAt: number = NOW - 60;
  readonly #folder: string;
  #stream: StreamState | undefined;
  #random = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Windows in the log. */
  get windows(): StatementOf<'usage'>[] {
    return this.log.entries.flatMap((entry) => {
      const statement = parseStatement(parseEnvelope(entry).payload);
      return statement.kind === 'usage' ? [statement] : [];
    });
  }

  get options(): MeterOptions {
    return {
      folder: this.#folder,
      seed: operatorSeed(this.log.operator),
      meter: { id: 'gateway', method: 'test tokens' },
      subject: { name: 'model.bin', digest: { sha256: MODEL } },
      context: {
        jurisdiction: SAMPLE_CONTEXT.jurisdiction,
        ...this.log.context,
      } as MeterOptions['context'],
      windowSeconds: 60,
      now: () => this.now,
      submit: async (envelope) => this.submit(envelope),
      randomBytes: (length) => this.randomBytes(length),
      tickMs: 0,
    };
  }

  /** Opens the meter on its folder; it is closed when the test ends. */
  async open(options: Partial<MeterOptions> = {}): Promise<Meter> {
    const meter = await openMeter({ ...this.options, ...options });
    onTestFinished(() => meter.close());
    return meter;
  }

  /** Takes an envelope as a log does: the same one again is answered as before. */
  submit(envelope: Envelope): LoggedWindow {
    this.submitted.push(envelope);
    if (this.failure?.afterCommit === false) throw this.failure.error;
    const { log } = this;
    let index = log.entries.findIndex((entry) => bytesEqual(entry, envelope.entry));
    if (index < 0) {
      this.#admit(envelope);
      index = log.append(envelope.entry);
    }
    if (this.failure !== undefined) throw this.failure.error;
    const witnesses = this.state === 'witnessed' ? {} : { witnesses: [] };
    const receipt = log.receipt(index, { ...witnesses, time: this.witnessedAt });
    return { receipt, state: this.state };
  }

  randomBytes(length: number): Uint8Array {
    const digest = createHash('sha512')
      .update(`random ${this.#random++}`)
      .digest();
    return new Uint8Array(digest.subarray(0, length));
  }

  #admit({ entry }: Envelope): void {
    const { envelope, statement } = admitEntry(entry, {
      ...this.rules,
      origin: this.log.origin,
      now: this.now,
    });
    if (statement.kind !== 'usage') throw new Error('Expected a usage statement.');
    this.#stream = advanceStream(this.#stream, statement, envelope.payload);
  }
}

/** Small and different for every number. */
export function usageOf(number: number): TokenBuckets {
  return {
    inputUncachedTokens: BigInt(10 + number),
    inputCachedTokens: BigInt(number % 7),
    inputCacheWriteTokens: BigInt(number % 3),
    outputVisibleTokens: BigInt(5 + number),
    outputReasoningTokens: BigInt(number % 2),
  };
}
