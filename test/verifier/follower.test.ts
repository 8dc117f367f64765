import { describe, expect, it } from 'vitest';
import { bytesEqual, concatBytes } from '../../src/core/bytes/equal.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { formatReceipt } from '../../src/core/receipt/receipt.ts';
import type { Statement } from '../../src/core/statement/statement.ts';
import { AttestryError } from '../../src/errors.ts';
import { openMemoryLogStore } from '../../src/store/memory-log-store.ts';
import { quickEntry } from '../helpers/quick-entry.ts';
import { sampleStatement } from '../helpers/statements.ts';
import { type ServedLog, standingOf, statusOf, VerifierBed } from '../helpers/verifier-bed.ts';
import { Gate, wrapStore } from '../helpers/wrapped-store.ts';

/** Appends deployments that differ in nothing but their id. */
function grow({ log }: ServedLog, count: number): void {
  for (let i = 0; i < count; i++) {
    const deploymentId = `deployment-${log.entries.length}`;
    const statement = sampleStatement('deployment', {
      context: log.context,
      predicate: { deploymentId },
    });
    log.append(quickEntry(statement as Statement));
  }
}

describe('Follower.poll', () => {
  it('mirrors a log and follows it as it grows, across tiles and pieces', async () => {
    const bed = await VerifierBed.make();
    const verifier = await bed.open();
    for (const count of [1, 2, 252, 1, 1, 1043]) {
      grow(bed.eu, count);
      bed.eu.publish();
      await verifier.round();
      const { facts, mirroredSize, state } = statusOf(verifier, bed.eu.log.origin);
      expect(state).toBe('followed');
      expect(mirroredSize).toBe(bed.eu.log.entries.length);
      expect(encodeHex(facts.current?.checkpoint.root ?? new Uint8Array())).toBe(
        encodeHex(bed.eu.log.tree.root()),
      );
    }
    expect(statusOf(verifier, bed.eu.log.origin).verifiedEntries).toBe(1300);
    expect(bed.defects).toEqual([]);
    await verifier.close();
    const mirror = openMemoryLogStore(bed.disks.get(bed.eu.log.origin));
    const mirrored = await mirror.entries(0, 1300);
    expect(bytesEqual(concatBytes(...mirrored), concatBytes(...bed.eu.log.entries))).toBe(true);
    await mirror.close();
  });

  it('follows a log that is empty and one that publishes nothing yet', async () => {
    const bed = await VerifierBed.make();
    bed.eu.publish();
    const verifier = await bed.openAndLook();
    expect(standingOf(verifier, bed.eu)).toBe('followed');
    expect(standingOf(verifier, bed.us)).toBe('unwitnessed CHECKPOINT_UNPUBLISHED');
  });

  it('goes on after a restart from where it was, and fetches nothing twice', async () => {
    const bed = await VerifierBed.make();
    grow(bed.eu, 600);
    bed.eu.publish();
    const first = await bed.openAndLook();
    await first.close();
    grow(bed.eu, 1);
    bed.eu.publish();
    bed.eu.asked.length = 0;
    const second = await bed.openAndLook();
    expect(statusOf(second, bed.eu.log.origin)).toMatchObject({
      state: 'followed',
      mirroredSize: 601,
      verifiedEntries: 1,
    });
    expect(bed.eu.asked.filter((path) => path.startsWith('tile/entries'))).toEqual([
      'tile/entries/002.p/89',
    ]);
  });

  it('goes on from the last whole piece when it was cut off in the middle', async () => {
    const bed = await VerifierBed.make();
    grow(bed.eu, 1500);
    bed.eu.publish();
    bed.eu.damage = (path, served) => {
      if (path.startsWith('tile/entries/005')) throw new TypeError('cut off');
      return served;
    };
    const first = await bed.openAndLook();
    expect(statusOf(first, bed.eu.log.origin).mirroredSize).toBe(1024);
    expect(statusOf(first, bed.eu.log.origin).facts.current).toBeUndefined();
    await first.close();
    bed.eu.damage = (_, served) => served;
    const second = await bed.openAndLook();
    expect(statusOf(second, bed.eu.log.origin)).toMatchObject({
      state: 'followed',
      mirroredSize: 1500,
      verifiedEntries: 476,
    });
  });

  it('fetches the next bundles while a piece is committed, and tells of one failure where both fail', async () => {
    for (const isFailing of [false, true]) {
      const bed = await VerifierBed.make();
      grow(bed.eu, 2500);
      bed.eu.publish();
      const asked = new Gate();
      bed.eu.damage = (path, served) => {
        const isLater = path.startsWith('tile/entries/007');
        if (isLater) asked.open();
        if (isLater && isFailing) throw new TypeError('cut off');
        return served;
      };
      const verifier = await bed.openAndLook({
        openMirror: async () => {
          const store = openMemoryLogStore();
          const commit: typeof store.commit = async (piece) => {
            await asked.pass();
            if (isFailing) throw storeFull();
            await store.commit(piece);
          };
          return wrapStore(store, { commit });
        },
      });
      expect(standingOf(verifier, bed.eu)).toBe(isFailing ? 'failed STORE_FAILED' : 'followed');
      expect(statusOf(verifier, bed.eu.log.origin).mirroredSize).toBe(isFailing ? 0 : 2500);
      expect(bed.defects).toHaveLength(isFailing ? 1 : 0);
      await verifier.close();
    }
  });

  it('looks for what comes to be known during a look at the next one, when a growing log has published it', async () => {
    const bed = await VerifierBed.make();
    grow(bed.eu, 300);
    bed.eu.publish({ size: 290 });
    const verifier = await bed.open();
    let isShown = false;
    bed.eu.damage = async (path, served) => {
      const isFirst = path.startsWith('tile/entries') && !isShown;
      isShown ||= isFirst;
      if (isFirst) await verifier.holdToReceipt(formatReceipt(bed.eu.log.receipt(0)));
      return served;
    };
    await verifier.round();
    expect(standingOf(verifier, bed.eu)).toBe('followed');
    expect(bed.eu.asked).not.toContain('tile/0/001.p/44');
    await verifier.round();
    expect(bed.eu.asked).toContain('tile/0/001.p/44');
    expect(bed.defects).toEqual([]);
  });

  it('takes a full tile and bundle where the partial one is gone', async () => {
    const bed = await VerifierBed.make();
    grow(bed.eu, 300);
    bed.eu.publish({ size: 200 });
    bed.eu.damage = (path, served) => (path.includes('.p/') ? undefined : served);
    const verifier = await bed.openAndLook();
    expect(standingOf(verifier, bed.eu)).toBe('followed');
    expect(statusOf(verifier, bed.eu.log.origin).mirroredSize).toBe(200);
  });

  it('takes later cosignatures on the same checkpoint, and never earlier ones', async () => {
    const bed = await VerifierBed.make();
    grow(bed.eu, 3);
    const witnessedAt = (): number | undefined =>
      statusOf(verifier, bed.eu.log.origin).facts.current?.witnessedAt;
    const verifier = await bed.open();
    for (const [time, expected] of [
      [bed.now - 60, bed.now - 60],
      [bed.now - 10, bed.now - 10],
      [bed.now - 30, bed.now - 10],
    ] as const) {
      bed.eu.publish({ time });
      await verifier.round();
      expect(witnessedAt()).toBe(expected);
    }
  });

  it('does not take a checkpoint that too few witnesses have cosigned', async () => {
    const bed = await VerifierBed.make();
    grow(bed.eu, 3);
    bed.eu.publish();
    const verifier = await bed.openAndLook();
    grow(bed.eu, 3);
    bed.eu.publish({ witnesses: bed.network.witnesses.slice(0, 2) });
    await verifier.round();
    expect(standingOf(verifier, bed.eu)).toBe('unwitnessed QUORUM_SHORT');
    expect(statusOf(verifier, bed.eu.log.origin).mirroredSize).toBe(3);
    bed.eu.publish();
    await verifier.round();
    expect(standingOf(verifier, bed.eu)).toBe('followed');
  });

  it('calls a smaller checkpoint that fits stale, and no contradiction', async () => {
    const bed = await VerifierBed.make();
    grow(bed.eu, 5);
    bed.eu.publish();
    const verifier = await bed.openAndLook();
    bed.eu.publish({ size: 3 });
    await verifier.round();
    expect(standingOf(verifier, bed.eu)).toBe('behind CHECKPOINT_STALE');
    expect(verifier.findings.list()).toEqual([]);
    expect(statusOf(verifier, bed.eu.log.origin).facts.current?.checkpoint.size).toBe(5);
  });

  it('notices when a log withholds what witnesses have been shown', async () => {
    const bed = await VerifierBed.make();
    grow(bed.eu, 5);
    bed.eu.publish({ size: 3 });
    bed.show(bed.witness(0), bed.eu, bed.eu.log.cosigned({ size: 5 }));
    const verifier = await bed.openAndLook();
    expect(standingOf(verifier, bed.eu)).toBe('followed');
    bed.now += 301;
    bed.eu.publish({ size: 3, time: bed.now });
    await verifier.round();
    expect(standingOf(verifier, bed.eu)).toBe('behind CHECKPOINT_STALE');
    bed.eu.publish({ size: 5, time: bed.now });
    await verifier.round();
    expect(standingOf(verifier, bed.eu)).toBe('followed');
  });

  it('calls a log behind whose cosignatures have grown old', async () => {
    const bed = await VerifierBed.make();
    grow(bed.eu, 1);
    bed.eu.publish();
    const verifier = await bed.openAndLook();
    bed.now += 400;
    await verifier.round();
    expect(standingOf(verifier, bed.eu)).toBe('behind CHECKPOINT_STALE');
  });

  it('says that its own mirror failed, tells of it, and follows the other logs on', async () => {
    const bed = await VerifierBed.make();
    for (const served of bed.served) {
      grow(served, 2);
      served.publish();
    }
    const verifier = await bed.openAndLook({
      openMirror: async ({ origin }) => {
        const store = openMemoryLogStore();
        if (origin !== bed.eu.log.origin) return store;
        return wrapStore(store, {
          head: () => ({ size: 0, root: bed.eu.log.tree.root(0) }),
          commit: () => Promise.reject(storeFull()),
        });
      },
    });
    expect(standingOf(verifier, bed.eu)).toBe('failed STORE_FAILED');
    expect(standingOf(verifier, bed.us)).toBe('followed');
    expect(bed.defects).toHaveLength(1);
  });

  it('refuses to start on a mirror whose tiles do not give its root', async () => {
    const bed = await VerifierBed.make();
    grow(bed.eu, 3);
    bed.eu.publish();
    const verifier = await bed.openAndLook();
    await verifier.close();
    const disk = bed.disks.get(bed.eu.log.origin);
    disk?.tiles.get('0/0')?.fill(7, 0, 1);
    await expect(bed.open()).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });

  it('does not let a damaged mirror turn into an accusation', async () => {
    const bed = await VerifierBed.make();
    grow(bed.eu, 3);
    bed.eu.publish();
    const verifier = await bed.openAndLook();
    bed.disks.get(bed.eu.log.origin)?.tiles.get('0/0')?.fill(7, 0, 1);
    grow(bed.eu, 1);
    bed.eu.publish();
    await verifier.round();
    expect(standingOf(verifier, bed.eu)).toBe('failed STORE_CORRUPT');
    expect(verifier.findings.list()).toEqual([]);
    expect(statusOf(verifier, bed.eu.log.origin).mirroredSize).toBe(3);
  });
});

function storeFull(): Error {
  return new AttestryError('STORE_FAILED', 'The disk is full.');
}
