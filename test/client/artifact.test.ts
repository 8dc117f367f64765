import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readArtifact, readShardArtifact } from '../../src/client/artifact.ts';
import { digestModel, proveShard, subjectOf } from '../../src/client/model-digest.ts';
import { formatDossier } from '../../src/core/dossier/dossier.ts';
import { formatReceipt } from '../../src/core/receipt/receipt.ts';
import type { Artifact } from '../../src/core/report/artifact.ts';
import { judge } from '../../src/core/report/judge.ts';
import type { Subject } from '../../src/core/statement/resource.ts';
import { makeNetwork, type TestLog } from '../helpers/fixtures.ts';
import { codeOf } from '../helpers/store-suite.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const SHARD_BYTES = 4;

interface Stated {
  readonly folder: string;
  readonly receipt: Uint8Array;
  readonly dossier: Uint8Array;
  judge(artifact: Artifact): string;
}

/** A folder with a model, and a receipt and a dossier about it. */
async function stated(name?: string): Promise<Stated> {
  const folder = join(await temporaryFolder(), 'model');
  await mkdir(join(folder, 'sub'), { recursive: true });
  await writeFile(join(folder, 'a.bin'), '0123456789');
  await writeFile(join(folder, 'sub', 'b.bin'), 'abcdefgh');
  const subject = subjectOf(await digestModel(folder, { shardSize: SHARD_BYTES }), name);
  return { folder, ...statedAs(subject) };
}

function statedAs(subject: Subject): Omit<Stated, 'folder'> {
  const network = makeNetwork({ regions: ['eu'] });
  const log = network.logs[0] as TestLog;
  const index = log.state('deployment', { subject: [subject] });
  const receipt = formatReceipt(log.receipt(index));
  return {
    receipt,
    dossier: formatDossier(network.dossier(subject.digest.sha256)),
    judge: (artifact) => {
      const { artifact: verdict, problems } = judge(receipt, { ...network.rules, artifact });
      return [verdict, ...problems.map(({ code }) => code)].join(' ');
    },
  };
}

describe('readArtifact', () => {
  test('is the model that a receipt or a dossier states, whatever its folder is called here', async () => {
    for (const name of [undefined, 'The model, version 3']) {
      const { folder, receipt, dossier, judge: verdictOn } = await stated(name);
      const elsewhere = join(folder, '..', 'elsewhere');
      await rename(folder, elsewhere);
      expect(verdictOn(await readArtifact(elsewhere, { judged: receipt }))).toBe('matches');
      expect(verdictOn(await readArtifact(elsewhere, { judged: dossier }))).toBe('matches');
    }
  });

  test('is not the model once a byte or a file name has changed', async () => {
    const { folder, receipt, judge: verdictOn } = await stated();
    await rename(join(folder, 'a.bin'), join(folder, 'c.bin'));
    await rename(join(folder, 'sub', 'b.bin'), join(folder, 'd.bin'));
    const renamed = await readArtifact(folder, { judged: receipt });
    expect(verdictOn(renamed)).toBe('does not match SUBJECT_MISMATCH');
    await writeFile(join(folder, 'c.bin'), '0123456788');
    const changed = await readArtifact(folder, { judged: receipt });
    expect(verdictOn(changed)).toBe('does not match SUBJECT_MISMATCH');
  });

  test('is a single file by its SHA-256', async () => {
    const { folder } = await stated();
    const file = join(folder, 'a.bin');
    const { receipt, judge: verdictOn } = statedAs(subjectOf(await digestModel(file)));
    expect(verdictOn(await readArtifact(file, { judged: receipt }))).toBe('matches');
    expect(verdictOn(await readArtifact(folder, { judged: receipt }))).toBe(
      'does not match SUBJECT_MISMATCH',
    );
  });

  test('leaves it to the judge to refuse a file that is none', async () => {
    const { folder } = await stated();
    const artifact = await readArtifact(folder, { judged: Uint8Array.of(0) });
    expect(artifact.omsManifestSha256).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('readShardArtifact', () => {
  async function shardBed(index: number) {
    const made = await stated();
    const model = await digestModel(made.folder, { shardSize: SHARD_BYTES });
    return { ...made, proof: proveShard(model, index) };
  }

  test('is a part of the model in its folder, in its file, and alone', async () => {
    // Shards 0 to 2 are of a.bin.
    const { folder, proof, judge: verdictOn } = await shardBed(4);
    expect(proof.resource.name).toBe('sub/b.bin:4:8');
    const alone = join(folder, '..', 'downloaded');
    await writeFile(alone, 'efgh');
    for (const path of [folder, join(folder, 'sub', 'b.bin'), alone]) {
      expect(verdictOn(await readShardArtifact(path, proof)), path).toBe('matches');
    }
  });

  test('is no part of the model with one bit flipped', async () => {
    const { folder, proof, judge: verdictOn } = await shardBed(4);
    const damaged = join(folder, '..', 'damaged');
    await writeFile(damaged, 'efgi');
    expect(verdictOn(await readShardArtifact(damaged, proof))).toBe(
      'does not match SHARD_MISMATCH',
    );
  });

  test('is refused at another index, under another name, with another proof', async () => {
    const { folder, proof, judge: verdictOn } = await shardBed(4);
    const other = { ...proof.resource, name: 'sub/b.bin:0:4' };
    const wrong = [
      { ...proof, index: 3 },
      { ...proof, index: 5 },
      { ...proof, resource: other },
      { ...proof, proof: proof.proof.slice(1) },
      { ...proof, proof: [...proof.proof, ...proof.proof] },
    ];
    for (const claim of wrong) {
      expect(verdictOn(await readShardArtifact(folder, claim))).toBe(
        'does not match SHARD_MISMATCH',
      );
    }
  });

  test('is not looked for beyond the end of a file, or in a file that is not there', async () => {
    const { folder, proof } = await shardBed(0);
    const beyond = { ...proof, resource: { ...proof.resource, name: 'a.bin:8:12' } };
    expect(await codeOf(() => readShardArtifact(folder, beyond))).toBe('SHARD_MISMATCH');
    const nowhere = { ...proof, resource: { ...proof.resource, name: 'none.bin:0:4' } };
    expect(await codeOf(() => readShardArtifact(folder, nowhere))).toBe('FILE_UNREADABLE');
    const outside = { ...proof, resource: { ...proof.resource, name: '../model/a.bin:0:4' } };
    expect(await codeOf(() => readShardArtifact(folder, outside))).toBe('MODEL_MALFORMED');
  });

  test('needs a statement that commits to shards', async () => {
    const { folder, proof } = await shardBed(0);
    const { judge: verdictOn } = statedAs(subjectOf(await digestModel(folder)));
    expect(verdictOn(await readShardArtifact(folder, proof))).toBe('does not match SHARD_MISMATCH');
  });
});
