import { describe, expect, it } from 'vitest';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { leafHash } from '../../src/core/merkle/hash.ts';
import { parseCheckpoint } from '../../src/core/note/checkpoint.ts';
import { formatReceipt } from '../../src/core/receipt/receipt.ts';
import { verifyReceipt } from '../../src/core/receipt/verify.ts';
import { AttestryError } from '../../src/errors.ts';
import type { VerifyMany } from '../../src/keys/openssl-engine.ts';
import type { Log, LogOptions } from '../../src/log/log.ts';
import type { WitnessPort } from '../../src/log/witness-port.ts';
import { openMemoryLogStore } from '../../src/store/memory-log-store.ts';
import { checkLog } from '../helpers/check-log.ts';
import { codeOf } from '../helpers/code-of.ts';
import { eventually } from '../helpers/eventually.ts';
import { copyDisk, LogBed } from '../helpers/log-bed.ts';
import { sampleStatement, sampleStream } from '../helpers/statements.ts';
import { wrapStore } from '../helpers/wrapped-store.ts';

const unavailable = new AttestryError('PEER_UNAVAILABLE', 'unavailable');

/** A witness that can be cut off from the log. */
function switched(port: WitnessPort): { readonly port: WitnessPort; on: boolean } {
  const line = { on: true };
  const through = async <T>(ask: () => Promise<T>): Promise<T> => {
    if (!line.on) throw unavailable;
    return await ask();
  };
  return Object.assign(line, {
    port: {
      name: port.name,
      url: port.url,
      cosign: (request: Parameters<WitnessPort['cosign']>[0]) =>
        through(() => port.cosign(request)),
      latestSeen: (origin: string) => through(() => port.latestSeen(origin)),
    },
  });
}

async function receiptText(log: Log, entry: Uint8Array, state: 'committed' | 'witnessed') {
  return new TextDecoder().decode(formatReceipt(await log.receipt(leafHash(entry), state)));
}

describe('Log', () => {
  it('can be read and derived again by an outsider after every step', async () => {
    const bed = await LogBed.make();
    const opened = await bed.open();
    let size = 0;
    for (const step of [1, 1, 253, 1, 1, 255, 100]) {
      const entries = Array.from({ length: step }, (_, i) => bed.entry(size + i));
      await bed.submit(opened.log, entries);
      size += step;
      const copy = await checkLog(bed, opened, size);
      expect(copy.tree.indexesOf(encodeHex(leafHash(entries[0] as Uint8Array)))).toHaveLength(1);
    }
    await bed.submit(opened.log, [bed.entry(3), bed.entry(size - 1)]);
    await checkLog(bed, opened, size);
    expect(opened.log.status().counters).toMatchObject({ accepted: size, repeated: 2 });
  });

  it('takes every kind of statement', async () => {
    const bed = await LogBed.make();
    const opened = await bed.open();
    const { context } = bed.eu;
    const kinds = ['training', 'evaluation', 'deployment', 'usage', 'revocation'] as const;
    for (const kind of kinds) {
      const entry = bed.entryOf(sampleStatement(kind, { context }) as never);
      await bed.submit(opened.log, [entry]);
    }
    await checkLog(bed, opened, kinds.length);
  });

  it('refuses what admission refuses, and stores nothing of it', async () => {
    const bed = await LogBed.make();
    const opened = await bed.open();
    await bed.submit(opened.log, [bed.entry(0)]);
    const [first, second] = sampleStream(2, { context: bed.eu.context });
    const elsewhere = sampleStatement('deployment', {
      context: { ...bed.eu.context, log: 'us.log.example' },
    });
    const forged = bed.entry(1).slice();
    const at = new TextDecoder().decode(forged).indexOf('"sig":"') + 10;
    forged[at] = forged[at] === 0x41 ? 0x42 : 0x41;
    const refused: readonly (readonly [string, Uint8Array])[] = [
      ['JSON_MALFORMED', new TextEncoder().encode('{')],
      ['STATEMENT_LOG_MISMATCH', bed.entryOf(elsewhere)],
      ['SIGNATURE_INVALID', forged],
      ['STREAM_SEQUENCE_MISMATCH', bed.entryOf(second as NonNullable<typeof second>)],
    ];
    for (const [code, entry] of refused) {
      await expect(bed.submit(opened.log, [entry])).rejects.toMatchObject({ code });
    }
    await checkLog(bed, opened, 1);
    await bed.submit(opened.log, [bed.entryOf(first as NonNullable<typeof first>)]);
    await checkLog(bed, opened, 2);
  });

  it('limits each operator, after its signature is verified', async () => {
    const bed = await LogBed.make();
    const limits = { operatorEntriesPerSecond: 0.01, operatorBurst: 2 };
    const { log } = await bed.open({ limits });
    await bed.submit(log, [bed.entry(0)]);
    await expect(log.admit(new TextEncoder().encode('{}'))).rejects.toThrow();
    await bed.submit(log, [bed.entry(1)]);
    await expect(log.admit(bed.entry(2))).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(log.size).toBe(2);
  });

  it('wastes no signature check on an operator without a share, and takes none for a wrong one', async () => {
    const bed = await LogBed.make();
    let checks = 0;
    const verifyMany: VerifyMany = async (claims) => {
      checks += claims.length;
      return claims.map(() => checks !== 1);
    };
    const limits = { operatorEntriesPerSecond: 0.01, operatorBurst: 1 };
    const { log } = await bed.open({ limits, verifyMany });
    await expect(log.admit(bed.entry(0))).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
    await bed.submit(log, [bed.entry(0)]);
    expect(checks).toBe(2);
    await expect(log.admit(bed.entry(1))).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(checks).toBe(2);
  });
});

describe('Log receipts', () => {
  it('verify offline once they are witnessed, and are short of the quorum before', async () => {
    const bed = await LogBed.make();
    const { log } = await bed.open();
    const entries = Array.from({ length: 20 }, (_, i) => bed.entry(i));
    const submitted = await bed.submit(log, entries);
    expect(await log.waitForWitnesses(19, 10_000)).toBe(true);
    for (const { entryHash, index } of submitted) {
      const committed = await log.receipt(entryHash, 'committed');
      expect(codeOf(() => verifyReceipt(committed, bed.network.rules))).toBe('QUORUM_SHORT');
      const witnessed = await log.receipt(entryHash, 'witnessed');
      expect(verifyReceipt(witnessed, bed.network.rules)).toMatchObject({ index });
    }
  });

  it('never change for an entry and a state', async () => {
    const bed = await LogBed.make();
    const texts = new Map<string, string>();
    const check = async (log: Log, count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        for (const state of ['committed', 'witnessed'] as const) {
          const text = await receiptText(log, bed.entry(i), state);
          const key = `${i} ${state}`;
          expect(texts.get(key) ?? text, key).toBe(text);
          texts.set(key, text);
        }
      }
    };
    for (const round of [1, 2, 3]) {
      await bed.run(async ({ log }) => {
        await bed.submit(log, [bed.entry(0), bed.entry(1)]);
        for (let i = 0; i < 4; i++) {
          await bed.submit(log, [bed.entry(round * 4 + i - 4)]);
          expect(await log.waitForWitnesses(log.size - 1, 10_000)).toBe(true);
          bed.now++;
        }
        await check(log, round * 4);
      });
    }
    expect(texts.size).toBe(24);
  });

  it('are not given for entries that the log does not hold, or not yet in that state', async () => {
    const bed = new LogBed();
    const { log } = await bed.open();
    const unknown = { code: 'ENTRY_UNKNOWN' };
    await expect(log.receipt(leafHash(bed.entry(0)), 'committed')).rejects.toMatchObject(unknown);
    await bed.submit(log, [bed.entry(0)]);
    await log.receipt(leafHash(bed.entry(0)), 'committed');
    await expect(log.receipt(leafHash(bed.entry(0)), 'witnessed')).rejects.toMatchObject(unknown);
  });
});

describe('Log without enough witnesses', () => {
  it('commits all the same, says so, and publishes when they are back', async () => {
    const bed = await LogBed.make();
    const lines = bed.witnesses.map(switched);
    bed.witnesses = lines.map(({ port }) => port);
    const opened = await bed.open();
    await bed.submit(opened.log, [bed.entry(0)]);
    expect(await opened.log.waitForWitnesses(0, 10_000)).toBe(true);
    for (const line of lines.slice(0, 2)) line.on = false;
    await bed.submit(opened.log, [bed.entry(1)]);
    expect(await opened.log.waitForWitnesses(1, 60)).toBe(false);
    expect(opened.log.status().published?.size).toBe(1);
    await checkLog(bed, opened, 2);
    for (const line of lines) line.on = true;
    expect(await opened.log.waitForWitnesses(1, 10_000)).toBe(true);
    expect(opened.fatal).toEqual([]);
  });
});

describe('Log whose history a witness contradicts while it runs', () => {
  /** The witnesses, of which the log learns nothing when it starts. */
  function shyAtStart(bed: LogBed): readonly WitnessPort[] {
    return bed.witnesses.map((witness) => {
      let asked = 0;
      return {
        name: witness.name,
        url: witness.url,
        cosign: (request) => witness.cosign(request),
        latestSeen: async (origin) => (asked++ === 0 ? undefined : witness.latestSeen(origin)),
      };
    });
  }

  it('stops when it turns out to be a copy of a log that went on', async () => {
    const bed = await LogBed.make();
    await bed.grow(5);
    const copy = new LogBed();
    copy.disk = copyDisk(bed.disk);
    copy.lock = { head: bed.lock.head };
    copy.witnesses = shyAtStart(bed);
    await bed.grow(3, 5);
    const { log, fatal } = await copy.open();
    await eventually(() => expect(fatal).toHaveLength(1));
    expect(fatal).toMatchObject([{ code: 'WITNESS_AHEAD', details: { seen: 8, size: 5 } }]);
    await expect(bed.submit(log, [bed.entry(9)])).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });

  it('stops when the same key has signed another history of the same size', async () => {
    const bed = await LogBed.make();
    await bed.grow(5);
    const copy = new LogBed();
    copy.disk = copyDisk(bed.disk);
    copy.lock = { head: bed.lock.head };
    copy.witnesses = bed.witnesses;
    const twin = await copy.open();
    await bed.grow(1, 5);
    await copy.submit(twin.log, [bed.entry(100)]);
    await eventually(() => expect(twin.fatal).toHaveLength(1));
    expect(twin.fatal).toMatchObject([{ code: 'HEAD_FORK' }]);
    expect(twin.log.status().published?.size).toBe(5);
  });

  it('goes on when the witness cannot show a signature of the log', async () => {
    const bed = await LogBed.make();
    const [liar, ...rest] = bed.witnesses as [WitnessPort, ...WitnessPort[]];
    bed.witnesses = [
      {
        ...liar,
        cosign: () => Promise.reject(new AttestryError('WITNESS_AHEAD', 'I saw more')),
        latestSeen: async () => parseCheckpoint(bed.eu.checkpoint(0)).note.text,
      },
      ...rest,
    ];
    const { log, fatal } = await bed.open();
    await bed.submit(log, [bed.entry(0)]);
    expect(await log.waitForWitnesses(0, 10_000)).toBe(true);
    expect(log.status().witnesses[0]?.lastError).toContain('WITNESS_AHEAD');
    expect(fatal).toEqual([]);
  });
});

describe('Log at its end', () => {
  const EIO = new AttestryError('STORE_FAILED', 'EIO');

  it('commits what waits, tells everyone, and takes nothing more', async () => {
    const bed = await LogBed.make();
    const { log } = await bed.open();
    const admitted = await Promise.all([0, 1, 2].map((i) => log.admit(bed.entry(i))));
    const waiting = Promise.all(admitted.map((entry) => log.commit(entry)));
    await log.close();
    expect((await waiting).map(({ index }) => index)).toEqual([0, 1, 2]);
    await expect(bed.submit(log, [bed.entry(3)])).rejects.toMatchObject({ code: 'NODE_STOPPING' });
  });

  it('does not wait for a witness that hangs', async () => {
    const bed = new LogBed();
    const never = (): Promise<never> => new Promise(() => undefined);
    const hanging = {
      name: 'h',
      url: 'https://h',
      cosign: never,
      latestSeen: async () => undefined,
    };
    bed.witnesses = [hanging];
    const { log } = await bed.open();
    await bed.submit(log, [bed.entry(0)]);
    const waiting = log.waitForWitnesses(0, 60_000);
    await log.close();
    expect(await waiting).toBe(false);
  });

  it.each<readonly [string, (bed: LogBed) => Partial<LogOptions>]>([
    [
      'a failed commit',
      (bed) => {
        const store = openMemoryLogStore(bed.disk);
        return { store: wrapStore(store, { commit: () => Promise.reject(EIO) }) };
      },
    ],
    [
      'a published checkpoint that cannot be kept',
      (bed) => {
        const store = openMemoryLogStore(bed.disk);
        const putCheckpoint: typeof store.putCheckpoint = (state, size, note) =>
          state === 'witnessed' ? Promise.reject(EIO) : store.putCheckpoint(state, size, note);
        return { store: wrapStore(store, { putCheckpoint }) };
      },
    ],
  ])('stops once and for all after %s', async (_, optionsOf) => {
    const bed = await LogBed.make();
    const { log, fatal } = await bed.open(optionsOf(bed));
    await Promise.allSettled([bed.submit(log, [bed.entry(0)])]);
    await eventually(() => expect(fatal).toEqual([EIO]));
    await expect(bed.submit(log, [bed.entry(1)])).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await log.close();
    expect(fatal).toHaveLength(1);
  });

  it('says so when the last commit fails while it closes', async () => {
    const bed = new LogBed();
    const store = openMemoryLogStore(bed.disk);
    const commit = (): Promise<never> => Promise.reject(EIO);
    const { log, fatal } = await bed.open({ store: wrapStore(store, { commit }) });
    const waiting = log.commit(await log.admit(bed.entry(0)));
    const closing = log.close();
    await expect(waiting).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await closing;
    expect(fatal).toEqual([EIO]);
  });
});
