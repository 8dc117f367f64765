import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { AttestryError } from '../../src/errors.ts';
import { DEFAULT_LOG_LIMITS, type LogLimits } from '../../src/log/limits.ts';
import { Publisher, type PublisherOptions } from '../../src/log/publisher.ts';
import type { CosignRequest, WitnessPort } from '../../src/log/witness-port.ts';
import type { StoredCheckpoint } from '../../src/store/log-store.ts';
import { eventually } from '../helpers/eventually.ts';
import { Gate } from '../helpers/wrapped-store.ts';

const at = (size: number): StoredCheckpoint => ({ size, note: `note ${size}\n` });
const down = new AttestryError('PEER_UNAVAILABLE', 'down');

class FakeWitness implements WitnessPort {
  readonly name: string;
  readonly url: string;
  readonly asked: { size: number; oldSize: number }[] = [];
  /** How it answers; by default with a line that names itself, the size and how often it was asked. */
  answer: (line: string) => Promise<string> = async (line) => line;

  constructor(name: string) {
    this.name = name;
    this.url = `https://${name}.example`;
  }

  async cosign({ checkpoint, oldSize }: CosignRequest): Promise<{ lines: string; time: number }> {
    const size = Number(/\d+/.exec(checkpoint)?.[0]);
    this.asked.push({ size, oldSize });
    const time = this.asked.length;
    return { lines: await this.answer(`${this.name} ${size} ${time}\n`), time };
  }

  async latestSeen(): Promise<undefined> {
    return undefined;
  }
}

interface Bed {
  readonly publisher: Publisher;
  readonly witnesses: FakeWitness[];
  readonly kept: StoredCheckpoint[];
  readonly fatal: unknown[];
  readonly dissenters: string[];
}

function makeBed(limits: Partial<LogLimits> = {}, options: Partial<PublisherOptions> = {}): Bed {
  const witnesses = ['a', 'b', 'c', 'd'].map((name) => new FakeWitness(name));
  const kept: StoredCheckpoint[] = [];
  const fatal: unknown[] = [];
  const dissenters: string[] = [];
  const publisher = new Publisher({
    witnesses,
    quorum: 3,
    organisationOf: (name) => name,
    limits: { ...DEFAULT_LOG_LIMITS, retryMs: 10, refreshMs: 60_000, ...limits },
    readNode: () => new Uint8Array(32),
    clockMs: () => performance.now(),
    published: undefined,
    keep: async (checkpoint) => void kept.push(checkpoint),
    onDissent: async ({ name }) => void dissenters.push(name),
    onFatal: (error) => fatal.push(error),
    ...options,
  });
  onTestFinished(() => publisher.close());
  return { publisher, witnesses, kept, fatal, dissenters };
}

/** Until the test ends. */
function fakeTimers(): void {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

/** Who has cosigned the published checkpoint, and which one it is. */
function publishedBy({ publisher }: Bed): { size: number; by: string } | undefined {
  const { published } = publisher;
  const lines = published?.note.split('\n').slice(1, -1) ?? [];
  const by = lines.map((line) => line[0]).join('');
  return published && { size: published.size, by };
}

const silent = (): Promise<never> => new Promise(() => undefined);
const failing = (): Promise<never> => Promise.reject(down);

describe('Publisher', () => {
  it('publishes what the quorum has cosigned, and keeps it first', async () => {
    const bed = makeBed();
    const [, , , d] = bed.witnesses as [FakeWitness, FakeWitness, FakeWitness, FakeWitness];
    d.answer = silent;
    const next = bed.publisher.waitFor(5, 100);
    bed.publisher.start(at(5));
    expect(await bed.publisher.waitFor(4, 10_000)).toBe(true);
    expect(publishedBy(bed)).toEqual({ size: 5, by: 'abc' });
    expect(bed.kept).toEqual([bed.publisher.published]);
    expect(await next).toBe(false);
  });

  it('publishes nothing before it is kept', async () => {
    const gate = new Gate();
    const bed = makeBed({}, { keep: () => gate.pass() });
    bed.publisher.start(at(5));
    await eventually(() => expect(gate.arrived).toBeGreaterThan(0));
    expect(bed.publisher.published).toBeUndefined();
    gate.open();
    expect(await bed.publisher.waitFor(4, 10_000)).toBe(true);
  });

  it('publishes nothing short of the quorum, says why, and tries again', async () => {
    const bed = makeBed();
    const [, , c, d] = bed.witnesses as [FakeWitness, FakeWitness, FakeWitness, FakeWitness];
    c.answer = failing;
    d.answer = failing;
    bed.publisher.start(at(5));
    expect(await bed.publisher.waitFor(4, 50)).toBe(false);
    expect(bed.publisher.published).toBeUndefined();
    expect(bed.publisher.witnesses.map(({ lastError }) => lastError)).toEqual([
      null,
      null,
      'PEER_UNAVAILABLE: down',
      'PEER_UNAVAILABLE: down',
    ]);
    expect(d.asked.length).toBeGreaterThan(1);
    c.answer = async (line) => line;
    expect(await bed.publisher.waitFor(4, 10_000)).toBe(true);
    expect(publishedBy(bed)).toEqual({ size: 5, by: 'abc' });
    expect(bed.publisher.witnesses[2]).toMatchObject({ size: 5, lastError: null });
  });

  it('does not wait for a slow witness, nor ask it twice', async () => {
    const bed = makeBed();
    const [a, , , slow] = bed.witnesses as [FakeWitness, FakeWitness, FakeWitness, FakeWitness];
    const gate = new Gate();
    slow.answer = async (line) => {
      await gate.pass();
      return line;
    };
    bed.publisher.start(at(1));
    for (const size of [1, 2, 3]) {
      if (size > 1) bed.publisher.offer(at(size));
      expect(await bed.publisher.waitFor(size - 1, 10_000)).toBe(true);
      expect(publishedBy(bed)).toEqual({ size, by: 'abc' });
    }
    expect(slow.asked).toEqual([{ size: 1, oldSize: 0 }]);
    expect(a.asked.map(({ size }) => size)).toEqual([1, 2, 3]);
    gate.open();
    await eventually(() => expect(bed.publisher.witnesses[3]).toMatchObject({ size: 1 }));
    expect(publishedBy(bed)).toEqual({ size: 3, by: 'abc' });
    bed.publisher.offer(at(4));
    await eventually(() => expect(publishedBy(bed)).toEqual({ size: 4, by: 'abcd' }));
    expect(slow.asked.at(-1)).toEqual({ size: 4, oldSize: 1 });
  });

  it('adds a late cosignature to the checkpoint that is out, and keeps that as it was', async () => {
    const bed = makeBed();
    const [, , , late] = bed.witnesses as [FakeWitness, FakeWitness, FakeWitness, FakeWitness];
    const gate = new Gate();
    late.answer = (line) => gate.pass().then(() => line);
    bed.publisher.start(at(5));
    expect(await bed.publisher.waitFor(4, 10_000)).toBe(true);
    gate.open();
    await eventually(() => expect(publishedBy(bed)).toEqual({ size: 5, by: 'abcd' }));
    expect(bed.kept).toHaveLength(1);
    expect(bed.kept[0]?.note).not.toContain('d 5');
  });

  it('asks from the size that each witness cosigned last', async () => {
    const bed = makeBed();
    const [a, , , d] = bed.witnesses as [FakeWitness, FakeWitness, FakeWitness, FakeWitness];
    d.answer = failing;
    bed.publisher.start(at(5));
    await bed.publisher.waitFor(4, 10_000);
    bed.publisher.offer(at(7));
    await bed.publisher.waitFor(6, 10_000);
    expect(a.asked).toEqual([
      { size: 5, oldSize: 0 },
      { size: 7, oldSize: 5 },
    ]);
    expect(d.asked.at(-1)?.oldSize).toBe(0);
  });

  it('leaves out checkpoints that are overtaken while a round is under way', async () => {
    const bed = makeBed();
    const gate = new Gate();
    for (const witness of bed.witnesses) witness.answer = (line) => gate.pass().then(() => line);
    bed.publisher.start(at(1));
    await eventually(() => expect(gate.arrived).toBe(4));
    for (const size of [2, 3, 4]) bed.publisher.offer(at(size));
    gate.open();
    expect(await bed.publisher.waitFor(3, 10_000)).toBe(true);
    expect(bed.kept.map(({ size }) => size)).toEqual([1, 4]);
  });

  it('lets a log gather for twice as long as the round took', async () => {
    fakeTimers();
    let ms = 0;
    const bed = makeBed({}, { clockMs: () => ms });
    const [a] = bed.witnesses as [FakeWitness];
    a.answer = async (line) => {
      ms += 30;
      bed.publisher.offer(at(1 + a.asked.length));
      return line;
    };
    bed.publisher.start(at(1));
    await vi.advanceTimersByTimeAsync(59);
    expect(a.asked.map(({ size }) => size)).toEqual([1]);
    await vi.advanceTimersByTimeAsync(1);
    expect(a.asked.map(({ size }) => size)).toEqual([1, 2]);
  });

  it.each([
    [1, 1, 30],
    [63, 1, 30],
    [64, 1, 0],
    [64, 0, 60],
  ])(
    'rests after a round of 30 ms, while %i wait for entry %i of two, %i ms',
    async (waiting, index, restMs) => {
      fakeTimers();
      let ms = 0;
      const bed = makeBed({}, { clockMs: () => ms });
      const [a] = bed.witnesses as [FakeWitness];
      a.answer = async (line) => {
        if (a.asked.length === 1) {
          ms += 30;
          bed.publisher.offer(at(2));
        }
        return line;
      };
      const waiters = Array.from({ length: waiting }, () => bed.publisher.waitFor(index, 10_000));
      bed.publisher.start(at(1));
      await vi.advanceTimersByTimeAsync(0);
      await vi.advanceTimersByTimeAsync(Math.max(restMs - 1, 0));
      expect(a.asked).toHaveLength(restMs > 0 ? 1 : 2);
      await vi.advanceTimersByTimeAsync(1);
      expect(a.asked).toHaveLength(2);
      expect(await Promise.all(waiters)).toEqual(Array(waiting).fill(true));
    },
  );

  it('begins a round of a busy log 400 ms after the last, or sooner where someone waits', async () => {
    fakeTimers();
    let roundsMs = 0;
    const bed = makeBed({}, { clockMs: () => Date.now() + roundsMs });
    const [a] = bed.witnesses as [FakeWitness];
    const sizes = (): number[] => a.asked.map(({ size }) => size);
    a.answer = async (line) => {
      roundsMs += 30;
      return line;
    };
    bed.publisher.start(at(1));
    await vi.advanceTimersByTimeAsync(1_000);
    bed.publisher.offer(at(500));
    await vi.advanceTimersByTimeAsync(0);
    expect(sizes()).toEqual([1, 500]);
    bed.publisher.offer(at(901));
    await vi.advanceTimersByTimeAsync(369);
    expect(sizes()).toEqual([1, 500]);
    await vi.advanceTimersByTimeAsync(1);
    expect(sizes()).toEqual([1, 500, 901]);
    bed.publisher.offer(at(1_400));
    const growth = bed.publisher.waitForGrowth(901, 1_000);
    await vi.advanceTimersByTimeAsync(100);
    expect(sizes()).toEqual([1, 500, 901]);
    const covered = bed.publisher.waitFor(1_399, 10);
    await vi.advanceTimersByTimeAsync(0);
    expect(sizes()).toEqual([1, 500, 901, 1_400]);
    expect(await Promise.all([covered, growth])).toEqual([true, true]);
  });

  it('begins a round of a busy log sooner also for who waits since before the last one was over', async () => {
    fakeTimers();
    let roundsMs = 0;
    const bed = makeBed({}, { clockMs: () => Date.now() + roundsMs });
    const [a] = bed.witnesses as [FakeWitness];
    let covered: Promise<boolean> | undefined;
    a.answer = async (line) => {
      roundsMs += 30;
      if (a.asked.length === 2) {
        bed.publisher.offer(at(900));
        covered = bed.publisher.waitFor(899, 10_000);
      }
      return line;
    };
    bed.publisher.start(at(1));
    await vi.advanceTimersByTimeAsync(1_000);
    bed.publisher.offer(at(500));
    await vi.advanceTimersByTimeAsync(29);
    expect(a.asked.map(({ size }) => size)).toEqual([1, 500]);
    await vi.advanceTimersByTimeAsync(1);
    expect(a.asked.map(({ size }) => size)).toEqual([1, 500, 900]);
    expect(await covered).toBe(true);
  });

  it('has the newest checkpoint cosigned afresh while nothing is added', async () => {
    const bed = makeBed({ refreshMs: 10 });
    bed.publisher.start(at(5));
    await eventually(() => expect(bed.publisher.published?.note).toContain('a 5 3'));
    expect(bed.publisher.published?.note).not.toContain('a 5 1\n');
    expect(new Set(bed.kept.map(({ size }) => size))).toEqual(new Set([5]));
    expect(bed.publisher.witnesses[0]?.lastCosignedAt).toBeGreaterThanOrEqual(3);
  });

  it('knows which entries the checkpoint that it kept last is the first to cover', async () => {
    const bed = makeBed();
    const [, , , late] = bed.witnesses as [FakeWitness, FakeWitness, FakeWitness, FakeWitness];
    const gate = new Gate();
    const covering = (): (StoredCheckpoint | undefined)[] =>
      [4, 5, 8, 9].map((index) => bed.publisher.keptCovering(index));
    bed.publisher.start(at(5));
    await bed.publisher.waitFor(4, 10_000);
    expect(covering()).toEqual([undefined, undefined, undefined, undefined]);
    late.answer = (line) => gate.pass().then(() => line);
    bed.publisher.offer(at(9));
    await bed.publisher.waitFor(8, 10_000);
    const [, kept] = bed.kept;
    expect(kept?.size).toBe(9);
    expect(covering()).toEqual([undefined, kept, kept, undefined]);
    gate.open();
    await eventually(() => expect(publishedBy(bed)).toEqual({ size: 9, by: 'abcd' }));
    expect(covering()).toEqual([undefined, kept, kept, undefined]);
  });

  it('does not know it before that is kept', async () => {
    const gate = new Gate();
    const keep = async ({ size }: StoredCheckpoint): Promise<void> => {
      if (size === 9) await gate.pass();
    };
    const { publisher } = makeBed({}, { keep });
    publisher.start(at(5));
    await publisher.waitFor(4, 10_000);
    publisher.offer(at(9));
    await eventually(() => expect(gate.arrived).toBe(1));
    expect(publisher.keptCovering(5)).toBeUndefined();
    gate.open();
    expect(await publisher.waitFor(8, 10_000)).toBe(true);
    expect(publisher.keptCovering(5)?.size).toBe(9);
  });

  it('keeps nothing of the size that was published before the start', async () => {
    const bed = makeBed({}, { published: at(9) });
    bed.publisher.start(at(9));
    await eventually(() => expect(publishedBy(bed)).toEqual({ size: 9, by: 'abcd' }));
    expect(bed.kept).toEqual([]);
    expect(bed.publisher.keptCovering(8)).toBeUndefined();
  });

  it('knows that also of the first after a start', async () => {
    const bed = makeBed({}, { published: at(9) });
    bed.publisher.start(at(12));
    await bed.publisher.waitFor(11, 10_000);
    expect(bed.publisher.keptCovering(8)).toBeUndefined();
    expect(bed.publisher.keptCovering(9)).toEqual(bed.kept[0]);
  });

  it('goes on from what was published before the start, and never back', async () => {
    const bed = makeBed({}, { published: at(9) });
    expect(await bed.publisher.waitFor(8, 20)).toBe(true);
    bed.publisher.start(at(5));
    await eventually(() => expect(bed.publisher.witnesses[0]?.size).toBe(5));
    expect(bed.publisher.published).toEqual(at(9));
    expect(bed.kept).toEqual([]);
  });
});

describe('Publisher and a witness that dissents', () => {
  it.each(['WITNESS_AHEAD', 'WITNESS_PROOF_INVALID'] as const)('looks into %s', async (code) => {
    const bed = makeBed();
    const [a] = bed.witnesses as [FakeWitness];
    a.answer = () => Promise.reject(new AttestryError(code, 'I know better'));
    bed.publisher.start(at(5));
    expect(await bed.publisher.waitFor(4, 10_000)).toBe(true);
    expect(publishedBy(bed)).toEqual({ size: 5, by: 'bcd' });
    expect(bed.dissenters).toEqual(['a']);
    expect(bed.fatal).toEqual([]);
  });

  it('stops the log when it is right', async () => {
    const fork = new AttestryError('HEAD_FORK', 'two histories');
    const bed = makeBed({}, { onDissent: () => Promise.reject(fork) });
    for (const witness of bed.witnesses) {
      witness.answer = () => Promise.reject(new AttestryError('WITNESS_AHEAD', 'more'));
    }
    bed.publisher.start(at(5));
    await eventually(() => expect(bed.fatal).toContain(fork));
    expect(bed.publisher.published).toBeUndefined();
  });
});

describe('Publisher at the end', () => {
  it('does not wait for witnesses that hang, and drops what they answer later', async () => {
    const bed = makeBed();
    const gate = new Gate();
    for (const witness of bed.witnesses) witness.answer = (line) => gate.pass().then(() => line);
    bed.publisher.start(at(5));
    const waiting = bed.publisher.waitFor(4, 60_000);
    await eventually(() => expect(gate.arrived).toBe(4));
    await bed.publisher.close();
    expect(await waiting).toBe(false);
    expect(await bed.publisher.waitFor(4, 10)).toBe(false);
    gate.open();
    await eventually(() => expect(bed.publisher.witnesses[3]?.size).toBe(5));
    expect(bed.publisher.published).toBeUndefined();
    expect(bed.kept).toEqual([]);
  });

  it('asks nobody any more', async () => {
    const bed = makeBed({ refreshMs: 1 });
    const [a] = bed.witnesses as [FakeWitness];
    bed.publisher.start(at(5));
    await bed.publisher.waitFor(4, 10_000);
    await bed.publisher.close();
    const { length } = a.asked;
    bed.publisher.offer(at(6));
    await new Promise((resolve) => setImmediate(resolve));
    expect(a.asked).toHaveLength(length);
  });

  it('is told to stop when a published checkpoint cannot be kept', async () => {
    const failure = new AttestryError('STORE_FAILED', 'EIO');
    const bed = makeBed({}, { keep: () => Promise.reject(failure) });
    bed.publisher.start(at(5));
    await eventually(() => expect(bed.fatal).toContain(failure));
    expect(bed.publisher.published).toBeUndefined();
  });

  it('is told to stop by a defect in a witness client', async () => {
    const bed = makeBed();
    const defect = new TypeError('defect');
    (bed.witnesses[0] as FakeWitness).answer = () => Promise.reject(defect);
    bed.publisher.start(at(5));
    await eventually(() => expect(bed.fatal).toEqual([defect]));
  });
});
