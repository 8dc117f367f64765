import { describe, expect, it } from 'vitest';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { formatDossier } from '../../src/core/dossier/dossier.ts';
import { judge } from '../../src/core/report/judge.ts';
import { climb, openJudged, proofOf } from '../../src/web/worker/judged.ts';
import { endedKeyDossier, endedKeyNetwork } from '../helpers/ended-key.ts';
import { makeNetwork } from '../helpers/fixtures.ts';
import { NaiveTree, naiveLeaves } from '../helpers/naive-tree.ts';
import { MODEL } from '../helpers/statements.ts';

describe('climb', () => {
  it('ends in the root, from every leaf of every small tree', () => {
    const leaves = naiveLeaves(33);
    const tree = new NaiveTree(leaves);
    for (let size = 1; size <= leaves.length; size++) {
      for (let index = 0; index < size; index++) {
        const proof = tree.path(index, size);
        const leaf = leaves[index] as Uint8Array;
        const last = climb(leaf, { index, size, proof }).at(-1)?.parent ?? encodeHex(leaf);
        expect(last).toBe(encodeHex(tree.root(size)));
      }
    }
  });
});

describe('proofOf', () => {
  const network = makeNetwork({ regions: ['eu'] });
  const [log] = network.logs;
  if (log === undefined) throw new TypeError('a log');
  for (const kind of ['training', 'evaluation', 'deployment'] as const) log.state(kind);

  it('opens what the report has verified, and nothing else', () => {
    const shown = log.dossierLog(MODEL);
    const dossier = { model: MODEL, logs: [shown], findings: [] };
    const bytes = formatDossier(dossier);
    const judged = openJudged(bytes, judge(bytes, network.rules), dossier);
    const view = proofOf(judged, log.origin, 1);
    expect([view.size, view.path.at(-1)?.parent]).toEqual([3, view.root]);
    expect(JSON.parse(view.statement)).toMatchObject({ predicate: { sampleSize: '1000' } });
    expect(() => proofOf(judged, log.origin, 7)).toThrow(RangeError);
    const unwitnessed = { ...dossier, logs: [{ ...shown, checkpoint: 'x' }] };
    const bad = formatDossier(unwitnessed);
    const refused = openJudged(bad, judge(bad, network.rules), unwitnessed);
    expect(() => proofOf(refused, log.origin, 1)).toThrow(RangeError);
  });

  it('opens an entry that has an earlier sighting by its proof under the newest checkpoint', () => {
    const ended = endedKeyNetwork();
    const dossier = endedKeyDossier(ended);
    const bytes = formatDossier(dossier);
    const judged = openJudged(bytes, judge(bytes, ended.rules), dossier);
    expect(judged.report.outcome).toBe('VALID');
    const { size, path, root } = proofOf(judged, 'eu.log.example', 0);
    expect([size, path.at(-1)?.parent]).toEqual([4, root]);
  });
});
