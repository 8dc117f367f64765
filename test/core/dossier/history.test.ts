import { describe, expect, it } from 'vitest';
import { encodeHex } from '../../../src/core/bytes/hex.ts';
import type { DossierLog } from '../../../src/core/dossier/dossier.ts';
import { verifyDossier } from '../../../src/core/dossier/verify.ts';
import {
  makeNetwork,
  signedEntry,
  type TestLog,
  type TestNetwork,
  TRUSTING_ENGINE,
} from '../../helpers/fixtures.ts';
import { naiveLeafHash } from '../../helpers/naive-tree.ts';
import { trustOf } from '../../helpers/signed-trust.ts';
import { MODEL, sampleStream } from '../../helpers/statements.ts';

/** Two logs; on each, one meter of four windows. */
function makeMetered(): TestNetwork {
  const network = makeNetwork({ regions: ['eu', 'us'] });
  for (const log of network.logs) {
    for (const statement of sampleStream(4, { context: log.context })) {
      log.append(signedEntry(statement).entry);
    }
  }
  return network;
}

function problems(
  network: TestNetwork,
  change: (logs: readonly DossierLog[]) => readonly DossierLog[],
): string[] {
  const dossier = network.dossier(MODEL);
  const verified = verifyDossier(
    { ...dossier, logs: change(dossier.logs) },
    { ...network.rules, engine: TRUSTING_ENGINE },
  );
  return verified.problems.map(({ code, origin }) => `${code} ${origin}`);
}

const asIs = (logs: readonly DossierLog[]): readonly DossierLog[] => logs;

/** The first log without the entries at these indexes. */
const without =
  (...indexes: number[]) =>
  ([first, ...rest]: readonly DossierLog[]): readonly DossierLog[] => {
    if (first === undefined || 'missing' in first) return [];
    return [
      { ...first, entries: first.entries.filter(({ index }) => !indexes.includes(index)) },
      ...rest,
    ];
  };

describe('streamProblems', () => {
  it('finds none in whole streams, of which each log has its own', () => {
    const network = makeMetered();
    const [eu] = network.logs as [TestLog];
    for (const statement of sampleStream(2, { context: eu.context, meter: 'meter-2' })) {
      eu.append(signedEntry(statement).entry);
    }
    expect(problems(network, asIs)).toEqual([]);
  });

  it('keeps the streams of one meter on two logs apart', () => {
    const network = makeNetwork({ regions: ['eu', 'us'] });
    const operators = network.file.operators.map((operator) => ({
      ...operator,
      logs: network.logs.map(({ origin }) => origin),
    }));
    const trust = trustOf({ ...network.file, operators });
    for (const log of network.logs) {
      for (const statement of sampleStream(2, { context: { log: log.origin } })) {
        log.append(signedEntry(statement).entry);
      }
    }
    const verified = verifyDossier(network.dossier(MODEL), {
      ...network.rules,
      trust,
      engine: TRUSTING_ENGINE,
    });
    expect(verified.statements).toHaveLength(4);
    expect(verified.problems).toEqual([]);
  });

  it('reports each gap once: at the start, in the middle', () => {
    const network = makeMetered();
    const gap = 'STREAM_SEQUENCE_MISMATCH eu.log.example';
    expect(problems(network, without(0))).toEqual([gap]);
    expect(problems(network, without(1, 2))).toEqual([gap]);
    expect(problems(network, without(0, 2))).toEqual([gap, gap]);
  });

  it('cannot see statements that are missing at the end', () => {
    expect(problems(makeMetered(), without(3))).toEqual([]);
  });

  it('reports a stream that the log let fork', () => {
    const network = makeMetered();
    const [eu] = network.logs as [TestLog];
    const [, , third] = sampleStream(3, { context: { ...eu.context, jurisdiction: 'FRA' } });
    eu.append(signedEntry(third as NonNullable<typeof third>).entry);
    expect(problems(network, asIs)).toEqual(['STREAM_SEQUENCE_MISMATCH eu.log.example']);
    expect(problems(network, without(2, 3))).toEqual(['STREAM_PREVIOUS_MISMATCH eu.log.example']);
  });
});

describe('withdrawals', () => {
  it('reports a revocation of the model', () => {
    const network = makeNetwork({ regions: ['eu'] });
    const [eu] = network.logs as [TestLog];
    eu.state('deployment');
    eu.state('revocation');
    expect(problems(network, asIs)).toEqual(['MODEL_WITHDRAWN eu.log.example']);
  });

  it('reports a statement that a revocation names, and no other', () => {
    const network = makeNetwork({ regions: ['eu'] });
    const [eu] = network.logs as [TestLog];
    eu.state('deployment');
    eu.state('evaluation');
    const entryHash = encodeHex(naiveLeafHash(eu.entries[1] as Uint8Array));
    eu.state('revocation', { predicate: { target: { scope: 'entry', entryHash } } });
    expect(problems(network, asIs)).toEqual(['STATEMENT_WITHDRAWN eu.log.example']);
    expect(problems(network, without(1))).toEqual([]);
  });
});
