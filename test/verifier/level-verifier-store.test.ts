import { describe, expect, it, onTestFinished } from 'vitest';
import { FINDING_KINDS } from '../../src/core/finding/finding.ts';
import { openLevelLogStore } from '../../src/store/level-log-store.ts';
import { openLevelVerifierStore } from '../../src/verifier/level-verifier-store.ts';
import type {
  FiledFinding,
  RefusedRecord,
  VerifierStore,
} from '../../src/verifier/verifier-store.ts';
import { digestOf } from '../helpers/statements.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

async function open(folder: string): Promise<VerifierStore> {
  const store = await openLevelVerifierStore(folder);
  onTestFinished(() => store.close());
  return store;
}

function filed(number: number): FiledFinding {
  return {
    id: digestOf(`finding ${number}`),
    origin: 'log.example/eu',
    kind: 'entry-inadmissible',
    foundBy: 'verifier2.example',
    accused: ['log.example'],
    foundAt: '2026-10-01T12:00:00Z',
    code: 'ENTRY_INADMISSIBLE',
    sentence: 'It is wrong.',
    models: [digestOf('model')],
    wrong: `entry ${number}`,
  };
}

function refused(index: number): RefusedRecord {
  return {
    index,
    code: 'USAGE_SUM_MISMATCH',
    message: 'They do not add up.',
    models: [],
    previous: null,
    evidence: 'pending',
  };
}

async function refusedOf(store: VerifierStore, origin: string): Promise<RefusedRecord[]> {
  const records: RefusedRecord[] = [];
  for await (const record of store.refused(origin)) records.push(record);
  return records;
}

describe('openLevelVerifierStore', () => {
  it('keeps findings in the order in which they were filed, over restarts', async () => {
    const folder = await temporaryFolder();
    const first = await open(folder);
    for (const i of [3, 1]) await first.addFinding(filed(i), Uint8Array.of(i));
    await first.close();
    const second = await open(folder);
    await second.addFinding(filed(2), Uint8Array.of(2));
    expect(await second.filedFindings()).toEqual([filed(3), filed(1), filed(2)]);
    expect(second.findingBytes(filed(1).id)).toEqual(Uint8Array.of(1));
    expect(second.findingBytes(digestOf('none'))).toBeUndefined();
  });

  it.each(FINDING_KINDS)('reads findings of kind %s back', async (kind) => {
    const store = await open(await temporaryFolder());
    const finding = { ...filed(1), kind };
    await store.addFinding(finding, Uint8Array.of(1));
    expect(await store.filedFindings()).toEqual([finding]);
  });

  it('keeps notes and refused entries of each log apart, in numeric order', async () => {
    const store = await open(await temporaryFolder());
    const note = (size: number, fill = 1) => ({
      size,
      root: new Uint8Array(32).fill(fill),
      note: `note of ${size}\n`,
    });
    for (const [origin, known] of [
      ['a', note(300)],
      ['a', note(2)],
      ['a', note(2, 2)],
      ['b', note(1)],
    ] as const) {
      await store.putNote(origin, known);
    }
    expect(await store.notes('a')).toEqual([note(2), note(2, 2), note(300)]);
    await store.deleteNotes('a', [note(2), note(300)]);
    expect(await store.notes('a')).toEqual([note(2, 2)]);
    expect(await store.notes('b')).toEqual([note(1)]);
    await store.putRefused('a', [refused(256), refused(3)]);
    await store.putRefused('b', [refused(7)]);
    await store.putRefused('a', [{ ...refused(3), evidence: 'filed', previous: digestOf('p') }]);
    expect(await refusedOf(store, 'a')).toEqual([
      { ...refused(3), evidence: 'filed', previous: digestOf('p') },
      refused(256),
    ]);
    expect(store.refusedAt('b', 7)).toEqual(refused(7));
    expect(store.refusedAt('b', 3)).toBeUndefined();
  });

  it('refuses the folder of another database, and one that another process holds', async () => {
    const folder = await temporaryFolder();
    const log = await openLevelLogStore(folder);
    await expect(openLevelVerifierStore(folder)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await log.close();
    await expect(openLevelVerifierStore(folder)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
