import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseCheckpoint } from '../../src/core/note/checkpoint.ts';
import { signCosignature, verifyCosignatures } from '../../src/core/note/cosignature.ts';
import { parseNote } from '../../src/core/note/note.ts';
import type { NoteSigner } from '../../src/core/note/vkey.ts';
import { verifyTally } from '../../src/core/tally/proof.ts';
import { decodeTallyProof } from '../../src/core/tally/proof-bytes.ts';
import { questionsAbout } from '../../src/core/tally/questions.ts';
import { verifyTallyNote } from '../../src/core/tally/tally-note.ts';
import { LogTally, type LogTallyOptions } from '../../src/log/log-tally.ts';
import type { StoredCheckpoint } from '../../src/store/log-store.ts';
import { openLevelTallyStore } from '../../src/tally/level-tally-store.ts';
import type { TallyStore } from '../../src/tally/tally-store.ts';
import { codeOf } from '../helpers/code-of.ts';
import { makeNetwork, type TestLog } from '../helpers/fixtures.ts';
import { MemoryTally } from '../helpers/memory-tally.ts';
import { testSigner } from '../helpers/signed-log.ts';
import { MODEL, NOW } from '../helpers/statements.ts';
import { leavesOfLog, VERIFIERS } from '../helpers/tallied-network.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

/** A log that publishes when a test says so, and its tally on a disk that outlives it. */
class TallyBed {
  readonly log: TestLog = makeNetwork({ regions: ['eu'] }).logs[0] as TestLog;
  readonly fatal: unknown[] = [];
  readonly folder: string;
  published: StoredCheckpoint | undefined;
  /** Called before entries are read. */
  beforeRead: () => unknown = () => undefined;
  /** Called when the tally has grown, before its note is kept. */
  beforePut: () => unknown = () => undefined;

  waitForGrowth: LogTallyOptions['waitForGrowth'] = () => sleep(2);

  constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<TallyBed> {
    return new TallyBed(await temporaryFolder());
  }

  grow(count: number): void {
    for (let i = 0; i < count; i++) {
      const deploymentId = `deployment-${this.log.entries.length}`;
      this.log.state('deployment', { predicate: { deploymentId } });
    }
  }

  publish(size: number = this.log.entries.length): void {
    this.published = { size, note: this.log.cosigned({ size }) };
  }

  async open(): Promise<{ tally: LogTally; store: TallyStore; close: () => Promise<void> }> {
    const store = await openLevelTallyStore(this.folder);
    const putPair = store.putPair.bind(store);
    store.putPair = async (pair) => {
      await this.beforePut();
      await putPair(pair);
    };
    const options: LogTallyOptions = {
      store,
      signer: this.log.signer,
      verifiers: VERIFIERS.map(({ vkey }) => vkey),
      readEntries: async (start, end) => {
        await this.beforeRead();
        return this.log.entries.slice(start, end);
      },
      published: () => this.published,
      waitForGrowth: (size, timeoutMs) => this.waitForGrowth(size, timeoutMs),
      now: () => NOW,
      onFatal: (error) => this.fatal.push(error),
    };
    const tally = new LogTally(options);
    let isOpen = true;
    const close = async (): Promise<void> => {
      if (!isOpen) return;
      isOpen = false;
      await tally.close();
      await store.close();
    };
    onTestFinished(close);
    return { tally, store, close };
  }

  /** Opens it and waits until it has published the tally of all that the log has. */
  async following(): Promise<LogTally> {
    this.publish();
    const { tally } = await this.open();
    await until(() => tally.size === this.log.entries.length);
    return tally;
  }
}

async function until(holds: () => boolean): Promise<void> {
  await expect.poll(holds, { timeout: 5_000, interval: 5 }).toBe(true);
}

function lineOf(signer: NoteSigner, note: string, time: number = NOW): string {
  return signCosignature(parseNote(note).text, time, signer);
}

const [FIRST, SECOND] = VERIFIERS as [NoteSigner, NoteSigner];

describe('LogTally', () => {
  it('says that there is no tally before one is published', async () => {
    const bed = await TallyBed.make();
    bed.grow(2);
    const { tally } = await bed.open();
    expect(tally.size).toBe(0);
    for (const ask of [
      () => tally.pair(),
      () => tally.prove(questionsAbout(MODEL, null)),
      () => tally.addCosignatures(''),
    ]) {
      expect(codeOf(ask)).toBe('TALLY_UNPUBLISHED');
    }
  });

  it('signs the tally of what the log has published, and of no more', async () => {
    const bed = await TallyBed.make();
    bed.grow(5);
    bed.publish(3);
    const { tally } = await bed.open();
    await until(() => tally.size === 3);
    const { checkpoint, tally: note } = tally.pair();
    const { head } = verifyTallyNote(note, bed.log.signer.vkey);
    expect(head).toMatchObject({ origin: bed.log.origin, size: 3, count: 3 });
    expect(head.logRoot).toEqual(parseCheckpoint(checkpoint).checkpoint.root);
    expect(head.tallyRoot).toEqual(new MemoryTally(leavesOfLog(bed.log, 3)).hash);
    bed.publish();
    await until(() => tally.size === 5);
    expect(bed.fatal).toEqual([]);
  });

  it('signs the tally of an empty log', async () => {
    const bed = await TallyBed.make();
    bed.publish();
    const { tally } = await bed.open();
    await until(() => codeOf(() => tally.pair()) === 'none');
    expect(verifyTallyNote(tally.pair().tally, bed.log.signer.vkey).head.size).toBe(0);
  });

  it('proves from the note that it has published while the log grows on', async () => {
    const bed = await TallyBed.make();
    bed.grow(3);
    const tally = await bed.following();
    let isHeld = true;
    let isGrown = false;
    bed.beforePut = async () => {
      isGrown = true;
      await until(() => !isHeld);
    };
    bed.grow(40);
    bed.publish();
    const questions = questionsAbout(MODEL, null);
    const check = (): number => {
      const served = tally.prove(questions);
      const { head } = verifyTallyNote(served.tally, bed.log.signer.vkey);
      const proof = decodeTallyProof(served.proof);
      const [answer] = verifyTally({ root: head.tallyRoot, questions, proof });
      expect(answer?.count).toBe(head.size);
      return head.size;
    };
    expect(check()).toBe(3);
    await until(() => isGrown);
    expect(check()).toBe(3);
    isHeld = false;
    await until(() => check() === 43);
  });

  it('goes on after a restart where it was, with the same note', async () => {
    const bed = await TallyBed.make();
    bed.grow(6);
    bed.publish();
    const first = await bed.open();
    await until(() => first.tally.size === 6);
    const before = first.tally.pair();
    await first.close();
    let reads = 0;
    bed.beforeRead = () => {
      reads += 1;
    };
    const again = await bed.open();
    await until(() => again.tally.size === 6);
    expect(again.tally.pair()).toEqual(before);
    expect(reads).toBe(0);
    bed.grow(1);
    bed.publish();
    await until(() => again.tally.size === 7);
    expect(reads).toBe(1);
  });

  it('builds anew what has run ahead of the published log, but not what it has signed', async () => {
    const bed = await TallyBed.make();
    bed.grow(6);
    bed.publish(4);
    const first = await bed.open();
    await until(() => first.tally.size === 4);
    await first.close();
    bed.publish(2);
    const rolledBack = await bed.open();
    await until(() => bed.fatal.length > 0);
    expect(bed.fatal).toMatchObject([{ code: 'HEAD_ROLLBACK' }]);
    expect(codeOf(() => rolledBack.tally.pair())).toBe('TALLY_UNPUBLISHED');
  });

  it("keeps verifiers' cosignatures on the current note", async () => {
    const bed = await TallyBed.make();
    bed.grow(2);
    const tally = await bed.following();
    const { tally: note } = tally.pair();
    expect(tally.addCosignatures(lineOf(FIRST, note))).toBe(1);
    expect(tally.addCosignatures(lineOf(FIRST, note) + lineOf(SECOND, note))).toBe(2);
    const witnesses = VERIFIERS.map(({ vkey }) => vkey);
    const cosigned = verifyCosignatures(parseNote(tally.pair().tally), { witnesses, now: NOW });
    expect(cosigned.map(({ name }) => name)).toEqual(witnesses.map(({ name }) => name));
    expect(verifyTallyNote(tally.pair().tally, bed.log.signer.vkey).head.size).toBe(2);
    expect(tally.prove(questionsAbout(MODEL, null)).tally).toBe(tally.pair().tally);
  });

  it('keeps one cosignature of a verifier, however often it signs', async () => {
    const bed = await TallyBed.make();
    bed.grow(1);
    const tally = await bed.following();
    const { tally: note } = tally.pair();
    tally.addCosignatures(lineOf(FIRST, note));
    const once = tally.pair().tally;
    tally.addCosignatures(lineOf(FIRST, note));
    for (let age = 1; age < 20; age++) tally.addCosignatures(lineOf(FIRST, note, NOW - age));
    expect(tally.pair().tally).toBe(once);
  });

  it('leaves out lines of others, for older notes, from the future, and wrong ones', async () => {
    const bed = await TallyBed.make();
    bed.grow(1);
    const tally = await bed.following();
    const older = tally.pair().tally;
    bed.grow(1);
    bed.publish();
    await until(() => tally.size === 2);
    const { tally: note } = tally.pair();
    const stranger = testSigner('stranger.example', 4);
    const impostor = testSigner(FIRST.vkey.name, 4, 'an impostor');
    const lines = {
      'a stranger': lineOf(stranger, note),
      'a verifier’s name with another key': lineOf(impostor, note),
      'an older note': lineOf(FIRST, older),
      'a checkpoint': lineOf(FIRST, bed.log.checkpoint()),
      'the future': lineOf(FIRST, note, NOW + 301),
      'the wrong key under the right id': lineOf({ ...impostor, vkey: FIRST.vkey }, note),
    };
    for (const [what, line] of Object.entries(lines)) {
      expect(tally.addCosignatures(line), what).toBe(0);
    }
    expect(tally.pair().tally).toBe(note);
    // One bad line does not take the good ones with it.
    expect(tally.addCosignatures(Object.values(lines).join('') + lineOf(SECOND, note))).toBe(1);
  });

  it('refuses what are no signature lines', async () => {
    const bed = await TallyBed.make();
    bed.grow(1);
    const tally = await bed.following();
    const good = lineOf(FIRST, tally.pair().tally);
    for (const garbage of ['garbage', '\n', 'a line\n', good.trimEnd(), good.repeat(101)]) {
      expect(codeOf(() => tally.addCosignatures(garbage))).toBe('NOTE_MALFORMED');
    }
    expect(tally.addCosignatures('')).toBe(0);
  });

  it('drops cosignatures with the note that they are on', async () => {
    const bed = await TallyBed.make();
    bed.grow(1);
    const tally = await bed.following();
    tally.addCosignatures(lineOf(FIRST, tally.pair().tally));
    bed.grow(1);
    bed.publish();
    await until(() => tally.size === 2);
    expect(parseNote(tally.pair().tally).signatures).toHaveLength(1);
  });

  it('closes at once while it waits for the log to grow', async () => {
    const bed = await TallyBed.make();
    let isWaiting = false;
    bed.waitForGrowth = () => {
      isWaiting = true;
      return new Promise(() => undefined);
    };
    bed.grow(1);
    bed.publish();
    const { close } = await bed.open();
    await until(() => isWaiting);
    await close();
    expect(bed.fatal).toEqual([]);
  });

  it('tells the process when its entries or its disk fail', async () => {
    const bed = await TallyBed.make();
    bed.grow(1);
    bed.publish();
    bed.beforeRead = () => Promise.reject(new Error('no disk'));
    await bed.open();
    await until(() => bed.fatal.length === 1);
  });
});
