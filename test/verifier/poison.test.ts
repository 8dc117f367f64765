import { describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { parseFinding } from '../../src/core/finding/finding.ts';
import { verifyFinding } from '../../src/core/finding/verify.ts';
import { signCheckpoint } from '../../src/core/note/checkpoint.ts';
import { formatNote, type NoteSignature, parseNote } from '../../src/core/note/note.ts';
import type { Statement } from '../../src/core/statement/statement.ts';
import { AttestryError } from '../../src/errors.ts';
import { cosign } from '../helpers/fixtures.ts';
import { quickEntry } from '../helpers/quick-entry.ts';
import { digestOf, sampleStatement } from '../helpers/statements.ts';
import { type ServedLog, standingOf, statusOf, VerifierBed } from '../helpers/verifier-bed.ts';
import { flipBit } from '../helpers/wrapped-store.ts';

type Served = Uint8Array | undefined;

interface Poison {
  readonly what: string;
  /** How the log stands then. */
  readonly standing: string;
  readonly damage: (path: string, served: Served) => Served;
}

const isTile = (path: string): boolean => path.startsWith('tile/') && !isBundle(path);
const isBundle = (path: string): boolean => path.startsWith('tile/entries/');
const isPartial = (path: string): boolean => isTile(path) && path.includes('.p/');
const isCheckpoint = (path: string): boolean => path === 'checkpoint';

function at(
  which: (path: string) => boolean,
  change: (served: Uint8Array) => Served,
): Poison['damage'] {
  return (path, served) => (which(path) && served !== undefined ? change(served) : served);
}

function replaced(old: string, by: string): (served: Uint8Array) => Uint8Array {
  return (served) => encodeUtf8(new TextDecoder().decode(served).replace(old, by));
}

const fail =
  (code: 'PEER_UNAVAILABLE' | 'RESPONSE_TOO_LARGE' | 'RESPONSE_INVALID') => (): never => {
    throw new AttestryError(code, 'as the network side says it');
  };

const POISONS: readonly Poison[] = [
  {
    what: 'a checkpoint that is no note',
    standing: 'invalid NOTE_MALFORMED',
    damage: at(isCheckpoint, () => encodeUtf8('{"size":5}')),
  },
  {
    what: 'an empty checkpoint',
    standing: 'invalid NOTE_MALFORMED',
    damage: at(isCheckpoint, () => new Uint8Array()),
  },
  {
    what: 'a checkpoint with control characters',
    standing: 'invalid NOTE_MALFORMED',
    damage: at(isCheckpoint, replaced('\n', '\r\n')),
  },
  {
    what: 'a checkpoint with another size than was signed',
    standing: 'invalid CHECKPOINT_SIGNATURE_INVALID',
    damage: at(isCheckpoint, replaced('\n300\n', '\n9007199254740991\n')),
  },
  {
    what: 'a checkpoint with a size beyond all numbers',
    standing: 'invalid CHECKPOINT_MALFORMED',
    damage: at(isCheckpoint, replaced('\n300\n', '\n9007199254740993\n')),
  },
  {
    what: 'a checkpoint without its own signature',
    standing: 'invalid CHECKPOINT_UNSIGNED',
    damage: at(isCheckpoint, replaced('— eu.log.example ', '— eu.log.example.org ')),
  },
  {
    what: 'a cosignature that does not verify',
    standing: 'invalid COSIGNATURE_INVALID',
    damage: at(isCheckpoint, (served) => {
      const { text, signatures } = parseNote(new TextDecoder().decode(served));
      const last = signatures.at(-1) as NoteSignature;
      const forged = { ...last, signature: flipBit(last.signature, 40 * 8) };
      return encodeUtf8(formatNote({ text, signatures: [...signatures.slice(0, -1), forged] }));
    }),
  },
  {
    what: 'no answer',
    standing: 'unreachable PEER_UNAVAILABLE',
    damage: at(isCheckpoint, fail('PEER_UNAVAILABLE')),
  },
  {
    what: 'an endless checkpoint',
    standing: 'invalid RESPONSE_TOO_LARGE',
    damage: at(isCheckpoint, fail('RESPONSE_TOO_LARGE')),
  },
  {
    what: 'no answer for tiles',
    standing: 'unreachable PEER_UNAVAILABLE',
    damage: at(isTile, fail('PEER_UNAVAILABLE')),
  },
  {
    what: 'a redirect for tiles',
    standing: 'invalid RESPONSE_INVALID',
    damage: at(isTile, fail('RESPONSE_INVALID')),
  },
  {
    what: 'no tiles',
    standing: 'invalid TILE_MISSING',
    damage: (path, served) => (isTile(path) ? undefined : served),
  },
  {
    what: 'an empty tile',
    standing: 'invalid TILE_LENGTH_WRONG',
    damage: at(isTile, () => new Uint8Array()),
  },
  {
    what: 'a tile that is too short',
    standing: 'invalid TILE_LENGTH_WRONG',
    damage: at(isTile, (served) => served.subarray(32)),
  },
  {
    what: 'a tile with a byte too many',
    standing: 'invalid TILE_LENGTH_WRONG',
    damage: at(isTile, (served) => Uint8Array.from([...served, 0])),
  },
  {
    what: 'a partial tile with a hash too many',
    standing: 'invalid TILE_LENGTH_WRONG',
    damage: at(isPartial, (served) => Uint8Array.from([...served, ...served.subarray(0, 32)])),
  },
  {
    what: 'a tile at the right edge that is not the signed one',
    standing: 'invalid ROOT_MISMATCH',
    damage: at(
      (path) => path === 'tile/1/000.p/1',
      (served) => flipBit(served),
    ),
  },
  {
    what: 'a full tile that does not hash to the one above',
    standing: 'invalid TILE_HASH_MISMATCH',
    damage: at(
      (path) => path === 'tile/0/000',
      (served) => flipBit(served),
    ),
  },
  {
    what: 'no bundles',
    standing: 'invalid TILE_MISSING',
    damage: (path, served) => (isBundle(path) ? undefined : served),
  },
  {
    what: 'a bundle with bytes behind its entries',
    standing: 'invalid BUNDLE_MALFORMED',
    damage: at(isBundle, (served) => Uint8Array.from([...served, 0, 0])),
  },
  {
    what: 'a bundle that ends early',
    standing: 'invalid BUNDLE_MALFORMED',
    damage: at(isBundle, (served) => served.subarray(0, served.length - 1)),
  },
  {
    what: 'an entry that is not the one in the tree',
    standing: 'invalid ENTRY_HASH_MISMATCH',
    damage: at(
      (path) => path === 'tile/entries/001.p/44',
      (served) => flipBit(served, 200),
    ),
  },
  {
    what: 'an answer that makes the verifier itself stumble',
    standing: 'invalid INTERNAL',
    damage: at(isTile, () => {
      throw new TypeError('a defect');
    }),
  },
];

/** Different entries of the first log that are in order, as many as any test here needs. */
const ENTRIES: readonly Uint8Array[] = Array.from({ length: 320 }, (_, i) => {
  const predicate = { deploymentId: `deployment-${i}` };
  return quickEntry(sampleStatement('deployment', { predicate }) as Statement);
});

async function twoLogs(size: number): Promise<VerifierBed> {
  const bed = await VerifierBed.make();
  for (const entry of ENTRIES.slice(0, size)) bed.eu.log.append(entry);
  for (let i = 0; i < 3; i++) bed.us.log.state('evaluation', { model: digestOf(`${i}`) });
  for (const served of bed.served) served.publish();
  return bed;
}

describe('a log that answers with what it must not', () => {
  it.each(POISONS)('stands alone as it deserves, and recovers: $what', async (poison) => {
    const bed = await twoLogs(300);
    const verifier = await bed.open();
    bed.eu.damage = poison.damage;
    await verifier.round();
    expect(standingOf(verifier, bed.eu)).toBe(poison.standing);
    expect(statusOf(verifier, bed.eu.log.origin).mirroredSize).toBe(0);
    expect(standingOf(verifier, bed.us)).toBe('followed');
    bed.eu.damage = (_, served) => served;
    await verifier.round();
    expect(standingOf(verifier, bed.eu)).toBe('followed');
    expect(statusOf(verifier, bed.eu.log.origin).mirroredSize).toBe(300);
    expect(verifier.findings.contradictionOf(bed.eu.log.origin)).toBeUndefined();
  });

  it('does not make another log wait by answering nothing at all', async () => {
    const bed = await twoLogs(3);
    let answer: (() => void) | undefined;
    bed.eu.damage = (_, served) =>
      new Promise((resolve) => {
        answer = () => resolve(served);
      });
    const verifier = await bed.open();
    verifier.start();
    await expect.poll(() => standingOf(verifier, bed.us)).toBe('followed');
    bed.us.log.state('evaluation');
    bed.us.publish();
    await expect.poll(() => statusOf(verifier, bed.us.log.origin).mirroredSize).toBe(4);
    expect(standingOf(verifier, bed.eu)).toBe('starting');
    bed.eu.damage = (_, served) => served;
    answer?.();
    await expect.poll(() => standingOf(verifier, bed.eu)).toBe('followed');
  });
});

/** Publishes a checkpoint whose root is not that of any tree that is served. */
function publishWrongRoot({ log }: ServedLog, bed: VerifierBed): void {
  const size = log.entries.length;
  const root = new Uint8Array(32).fill(9);
  const note = signCheckpoint({ origin: log.origin, size, root }, log.signer);
  bed.eu.checkpoint = cosign(note, bed.network.witnesses.slice(0, 3), bed.now);
}

describe('a log that signs a root that its tiles do not give', () => {
  it.each([0, 3, 256, 300])(
    'is found with the hashes that it served, after %i entries',
    async (before) => {
      const bed = await twoLogs(before);
      const verifier = await bed.openAndLook();
      for (const entry of ENTRIES.slice(before, before + 20)) bed.eu.log.append(entry);
      publishWrongRoot(bed.eu, bed);
      await verifier.round();
      await verifier.round();
      expect(standingOf(verifier, bed.eu)).toBe('invalid ROOT_MISMATCH');
      const [filed, ...others] = verifier.findings
        .list()
        .filter(({ kind }) => kind === 'root-mismatch');
      expect(others).toEqual([]);
      const finding = parseFinding(verifier.findings.read(filed?.id ?? ''));
      expect(finding.evidence).toMatchObject({ frontierSize: before, leafHashes: { length: 20 } });
      expect(verifyFinding(finding, bed.network.rules)).toMatchObject({
        code: 'FINDING_UNATTRIBUTED',
        selfContained: false,
      });
      expect(statusOf(verifier, bed.eu.log.origin).mirroredSize).toBe(before);
    },
  );

  it('is not accused where only a tile between leaves and root is wrong', async () => {
    const bed = await twoLogs(300);
    bed.eu.damage = (path, served) =>
      path === 'tile/1/000.p/1' && served !== undefined ? flipBit(served) : served;
    const verifier = await bed.openAndLook();
    expect(standingOf(verifier, bed.eu)).toBe('invalid ROOT_MISMATCH');
    expect(verifier.findings.list()).toEqual([]);
  });
});
