import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseCheckpoint } from '../../src/core/note/checkpoint.ts';
import { signCosignature, verifyCosignatures } from '../../src/core/note/cosignature.ts';
import { parseNote } from '../../src/core/note/note.ts';
import type { NoteSigner } from '../../src/core/note/vkey.ts';
import { verifyTally } from '../../src/core/tally/proof.ts';
import { decodeTallyProof } from '../../src/core/tally/proof-bytes.ts';
import { OPENED_IN_A_STEP } from '../../src/core/tally/prove.ts';
import { questionsAbout } from '../../src/core/tally/questions.ts';
import { verifyTallyNote } from '../../src/core/tally/tally-note.ts';
import { LogTally, type LogTallyOptions } from '../../src/log/log-tally.ts';
import { OFFERED_SECONDS } from '../../src/log/tally-notes.ts';
import type { StoredCheckpoint } from '../../src/store/log-store.ts';
import { openLevelTallyStore } from '../../src/tally/level-tally-store.ts';
import type { TallyStore } from '../../src/tally/tally-store.ts';
import { codeOf } from '../helpers/code-of.ts';
import { makeNetwork, type TestLog } from '../helpers/fixtures.ts';
import { MemoryTally, WHOLE } from '../helpers/memory-tally.ts';
import { testSigner } from '../helpers/signed-log.ts';
import { MODEL, NOW } from '../helpers/statements.ts';
import { codeOf as codeOfPromise } from '../helpers/store-suite.ts';
import { leavesOfLog, makeTalliedNetwork, VERIFIERS } from '../helpers/tallied-network.ts';
import { fakeLog } from '../helpers/tally-entries.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const { verifiers: TRUSTED_VERIFIERS } = makeTalliedNetwork({ regions: ['eu'] }).rules.trust;

/** A log that publishes when a test says so, and its tally on a disk that outlives it. */
class TallyBed {
  readonly log: TestLog = makeNetwork({ regions: ['eu'] }).logs[0] as TestLog;
  readonly fatal: unknown[] = [];
  readonly folder: string;
  published: StoredCheckpoint | undefined;
  now: number = NOW;
  clockMs = 0;
  verifierQuorum = 2;
  verifiers = TRUSTED_VERIFIERS;
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
      verifiers: this.verifiers,
      verifierQuorum: this.verifierQuorum,
      readEntries: async (start, end) => {
        await this.beforeRead();
        return this.log.entries.slice(start, end);
      },
      published: () => this.published,
      waitForGrowth: (size, timeoutMs) => this.waitForGrowth(size, timeoutMs),
      now: () => this.now,
      clockMs: () => this.clockMs,
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

  /** One more entry, and the tally of it. */
  async advance(tally: LogTally): Promise<void> {
    this.grow(1);
    this.publish();
    await until(() => tally.status.size === this.log.entries.length);
  }

  /** Opens it and waits until it has published the tally of all that the log has. */
  async following(): Promise<LogTally> {
    this.publish();
    const { tally } = await this.open();
    await until(() => tally.status.size === this.log.entries.length);
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
    expect(tally.status.size).toBe(0);
    expect(codeOf(() => tally.pair())).toBe('TALLY_UNPUBLISHED');
    for (const ask of [
      () => tally.prove(questionsAbout(MODEL, null)),
      () => tally.addCosignatures(''),
    ]) {
      expect(await codeOfPromise(ask)).toBe('TALLY_UNPUBLISHED');
    }
  });

  it('signs the tally of what the log has published, and of no more', async () => {
    const bed = await TallyBed.make();
    bed.grow(5);
    bed.publish(3);
    const { tally } = await bed.open();
    await until(() => tally.status.size === 3);
    const { checkpoint, tally: note } = tally.pair();
    const { head } = verifyTallyNote(note, bed.log.signer.vkey);
    expect(head).toMatchObject({ origin: bed.log.origin, size: 3, count: 3 });
    expect(head.logRoot).toEqual(parseCheckpoint(checkpoint).checkpoint.root);
    expect(head.tallyRoot).toEqual(new MemoryTally(leavesOfLog(bed.log, 3)).hash);
    bed.publish();
    await until(() => tally.status.size === 5);
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
    const check = async (): Promise<number> => {
      const served = await tally.prove(questions);
      const { head } = verifyTallyNote(served.tally, bed.log.signer.vkey);
      const proof = decodeTallyProof(served.proof);
      const [answer] = verifyTally({ root: head.tallyRoot, questions, proof });
      expect(answer?.count).toBe(head.size);
      return head.size;
    };
    expect(await check()).toBe(3);
    await until(() => isGrown);
    expect(await check()).toBe(3);
    isHeld = false;
    await expect.poll(check, { timeout: 5_000, interval: 5 }).toBe(43);
  });

  it('goes on after a restart where it was, with the same note', async () => {
    const bed = await TallyBed.make();
    bed.grow(6);
    bed.publish();
    const first = await bed.open();
    await until(() => first.tally.status.size === 6);
    const before = first.tally.pair();
    await first.close();
    let reads = 0;
    bed.beforeRead = () => {
      reads += 1;
    };
    const again = await bed.open();
    await until(() => again.tally.status.size === 6);
    expect(again.tally.pair()).toEqual(before);
    expect(reads).toBe(0);
    bed.grow(1);
    bed.publish();
    await until(() => again.tally.status.size === 7);
    expect(reads).toBe(1);
  });

  it('builds anew what has run ahead of the published log, but not what it has signed', async () => {
    const bed = await TallyBed.make();
    bed.grow(6);
    bed.publish(4);
    const first = await bed.open();
    await until(() => first.tally.status.size === 4);
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
    expect(await tally.addCosignatures(lineOf(FIRST, note))).toBe(1);
    expect(await tally.addCosignatures(lineOf(FIRST, note) + lineOf(SECOND, note))).toBe(2);
    const witnesses = VERIFIERS.map(({ vkey }) => vkey);
    const cosigned = verifyCosignatures(parseNote(tally.pair().tally), { witnesses, now: NOW });
    expect(cosigned.map(({ name }) => name)).toEqual(witnesses.map(({ name }) => name));
    expect(verifyTallyNote(tally.pair().tally, bed.log.signer.vkey).head.size).toBe(2);
    expect((await tally.prove(questionsAbout(MODEL, null))).tally).toBe(tally.pair().tally);
  });

  it('keeps one cosignature of a verifier, however often it signs', async () => {
    const bed = await TallyBed.make();
    bed.grow(1);
    const tally = await bed.following();
    const { tally: note } = tally.pair();
    await tally.addCosignatures(lineOf(FIRST, note));
    const once = tally.pair().tally;
    await tally.addCosignatures(lineOf(FIRST, note));
    for (let age = 1; age < 20; age++) await tally.addCosignatures(lineOf(FIRST, note, NOW - age));
    expect(tally.pair().tally).toBe(once);
  });

  it('leaves out lines of others, for older notes, from the future, and wrong ones', async () => {
    const bed = await TallyBed.make();
    bed.grow(1);
    const tally = await bed.following();
    await bed.advance(tally);
    const older = tally.pair().tally;
    await bed.advance(tally);
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
      expect(await tally.addCosignatures(line), what).toBe(0);
    }
    expect(tally.pair().tally).toBe(note);
    // One bad line does not take the good ones with it.
    expect(await tally.addCosignatures(Object.values(lines).join('') + lineOf(SECOND, note))).toBe(
      1,
    );
  });

  it('refuses what are no signature lines', async () => {
    const bed = await TallyBed.make();
    bed.grow(1);
    const tally = await bed.following();
    const good = lineOf(FIRST, tally.pair().tally);
    for (const garbage of ['garbage', '\n', 'a line\n', good.trimEnd(), good.repeat(101)]) {
      expect(await codeOfPromise(() => tally.addCosignatures(garbage))).toBe('NOTE_MALFORMED');
    }
    expect(await tally.addCosignatures('')).toBe(0);
  });

  it('drops cosignatures with the note that they are on', async () => {
    const bed = await TallyBed.make();
    bed.grow(1);
    const tally = await bed.following();
    await tally.addCosignatures(lineOf(FIRST, tally.pair().tally));
    bed.grow(1);
    bed.publish();
    await until(() => tally.status.size === 2);
    expect(parseNote(tally.pair().tally).signatures).toHaveLength(1);
  });

  it('offers one note until the quorum has cosigned it, however many come after it', async () => {
    const bed = await TallyBed.make();
    bed.grow(1);
    const tally = await bed.following();
    const offered = tally.pair('offered').tally;
    expect(codeOf(() => tally.pair('cosigned'))).toBe('TALLY_UNPUBLISHED');
    for (let more = 0; more < 5; more++) await bed.advance(tally);
    expect(tally.pair('offered').tally).toBe(offered);
    expect(await tally.addCosignatures(lineOf(FIRST, offered))).toBe(1);
    await bed.advance(tally);
    expect(codeOf(() => tally.pair('cosigned'))).toBe('TALLY_UNPUBLISHED');
    expect(await tally.addCosignatures(lineOf(SECOND, offered))).toBe(1);
    const { tally: cosigned } = tally.pair('cosigned');
    expect(parseNote(cosigned).text).toBe(parseNote(offered).text);
    const witnesses = VERIFIERS.map(({ vkey }) => vkey);
    expect(verifyCosignatures(parseNote(cosigned), { witnesses, now: NOW })).toHaveLength(2);
    expect(tally.status).toMatchObject({ size: 7, cosignedSize: 1 });
    expect(tally.pair('offered')).toEqual(tally.pair('newest'));
  });

  it('proves from each note that it serves, with the checkpoint of its size', async () => {
    const bed = await TallyBed.make();
    bed.grow(1);
    const tally = await bed.following();
    const cosign = async (): Promise<void> => {
      const { tally: note } = tally.pair('offered');
      await tally.addCosignatures(lineOf(FIRST, note) + lineOf(SECOND, note));
    };
    await cosign();
    await bed.advance(tally);
    await cosign();
    await bed.advance(tally);
    await bed.advance(tally);
    const questions = questionsAbout(MODEL, null);
    for (const [choice, size] of [
      ['cosigned', 2],
      ['offered', 3],
      ['newest', 4],
    ] as const) {
      const { tally: note, checkpoint, proof } = await tally.prove(questions, choice);
      const { head } = verifyTallyNote(note, bed.log.signer.vkey);
      expect([head.size, parseCheckpoint(checkpoint).checkpoint.size]).toEqual([size, size]);
      const decoded = decodeTallyProof(proof);
      const [answer] = verifyTally({ root: head.tallyRoot, questions, proof: decoded });
      expect(answer?.count).toBe(size);
    }
  });

  it('offers a newer note in place of one that has waited too long for the quorum', async () => {
    const bed = await TallyBed.make();
    bed.grow(1);
    const tally = await bed.following();
    const first = tally.pair('offered').tally;
    bed.now += OFFERED_SECONDS - 1;
    await bed.advance(tally);
    expect(tally.pair('offered').tally).toBe(first);
    bed.now += 1;
    await bed.advance(tally);
    expect(tally.pair('offered')).toEqual(tally.pair('newest'));
    expect(await tally.addCosignatures(lineOf(FIRST, first))).toBe(0);
  });

  it('counts two verifiers of one organisation as one', async () => {
    const bed = await TallyBed.make();
    bed.verifiers = TRUSTED_VERIFIERS.map((verifier) => ({ ...verifier, operator: 'one' }));
    bed.grow(1);
    const tally = await bed.following();
    const { tally: note } = tally.pair('offered');
    expect(await tally.addCosignatures(lineOf(FIRST, note) + lineOf(SECOND, note))).toBe(2);
    expect(codeOf(() => tally.pair('cosigned'))).toBe('TALLY_UNPUBLISHED');
  });

  it('calls every note cosigned under a trust root that asks for no verifier', async () => {
    const bed = await TallyBed.make();
    bed.verifierQuorum = 0;
    bed.grow(1);
    const tally = await bed.following();
    for (let more = 0; more < 3; more++) {
      for (const choice of ['offered', 'cosigned'] as const) {
        expect(tally.pair(choice)).toEqual(tally.pair('newest'));
      }
      await bed.advance(tally);
    }
  });

  it('makes a proof in turns, and closes the tally that it is from only afterwards', async () => {
    const bed = await TallyBed.make();
    bed.verifierQuorum = 0;
    for (const entry of fakeLog(1000)) bed.log.append(entry);
    const tally = await bed.following();
    const questions = [{ ...WHOLE, want: 'list' }] as const;
    const leaves = leavesOfLog(bed.log).length;
    let turns = 0;
    let isMade = false;
    const proving = tally.prove(questions).finally(() => {
      isMade = true;
    });
    const others = (): void => {
      turns++;
      if (!isMade) setImmediate(others);
    };
    others();
    bed.grow(1);
    bed.publish();
    const { proof, tally: note } = await proving;
    const { head } = verifyTallyNote(note, bed.log.signer.vkey);
    const decoded = decodeTallyProof(proof);
    expect(verifyTally({ root: head.tallyRoot, questions, proof: decoded })[0]?.count).toBe(leaves);
    // As many inner nodes as leaves, but for one.
    expect(turns).toBeGreaterThanOrEqual(Math.floor((2 * leaves - 1) / OPENED_IN_A_STEP));
    await until(() => tally.status.size === 1001);
    expect(bed.fatal).toEqual([]);
  });

  it('says how long ago it held everything that was published', async () => {
    const bed = await TallyBed.make();
    bed.grow(1);
    const tally = await bed.following();
    expect(tally.status.lagSeconds).toBe(0);
    let isHeld = true;
    bed.beforePut = () => until(() => !isHeld);
    bed.grow(1);
    bed.publish();
    bed.clockMs += 4000;
    expect(tally.status.lagSeconds).toBe(4);
    isHeld = false;
    await until(() => tally.status.size === 2);
    expect(tally.status.lagSeconds).toBe(0);
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
