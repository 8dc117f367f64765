/** Keys whose time has ended: the same receipts under a later version of the trust root. */
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { formatReceipt, type Receipt } from '../../src/core/receipt/receipt.ts';
import type { LogFields, TrustRootFile } from '../../src/core/trust/trust-file.ts';
import type { AttestryErrorCode } from '../../src/errors.ts';
import {
  makeNetwork,
  operatorSeed,
  signedEntry,
  type TestLog,
} from '../../test/helpers/fixtures.ts';
import { signAsTrust, signTrust, trustOf } from '../../test/helpers/signed-trust.ts';
import { NOW, sampleStatement } from '../../test/helpers/statements.ts';
import { RULES, WITNESSES } from './network.ts';
import { inputOf, makeVector, type VectorFile } from './vector.ts';

const LATER_PATH = 'trust-root-later.json';
const { file, logs } = makeNetwork({ regions: ['eu', 'us', 'asia', 'africa'] });
const [EU, US, RETIRED, SUCCESSOR] = logs as [TestLog, TestLog, TestLog, TestLog];
for (const [deploymentId, key] of [
  ['0', 1],
  ['1', 2],
  ['2', 1],
  ['3', 2],
] as const) {
  const statement = sampleStatement('deployment', {
    context: EU.context,
    predicate: { deploymentId },
  });
  EU.append(signedEntry(statement, [operatorSeed(EU.operator, key)]).entry);
}
for (const log of [US, RETIRED, RETIRED, SUCCESSOR]) log.state('deployment');

/** The receipt with the cosignatures of all witnesses but the first. */
const seen = (log: TestLog, index: number, time = NOW - 60): Receipt =>
  log.receipt(index, { witnesses: WITNESSES.slice(1), time });

/** The receipts of the vectors under the second version of the trust root, and trust roots that too few have signed. */
export function lifecycleVectors(): VectorFile[] {
  const cases: readonly (readonly [string, Receipt, AttestryErrorCode | null, object?])[] = [
    ['entry below the cut-off of its key', seen(EU, 0), null],
    ['entry behind the cut-off of its key', seen(EU, 2), 'KEY_REVOKED'],
    ['entry seen in the window of its key', seen(EU, 1, NOW - 3_601), null],
    ['entry seen after the window of its key', seen(EU, 3), 'KEY_OUT_OF_WINDOW'],
    ['checkpoint seen after the window of its log', seen(US, 0), 'LOG_OUT_OF_WINDOW'],
    ['cosignature after the window of its witness', EU.receipt(0), 'QUORUM_SHORT'],
    ['checkpoint behind the final one of its log', seen(RETIRED, 0), 'LOG_RETIRED'],
    [
      'first entry of a successor that commits to nothing',
      seen(SUCCESSOR, 0),
      'SUCCESSION_MISMATCH',
    ],
    ['trust root that has expired', seen(EU, 0), 'TRUST_EXPIRED', { now: NOW + 86_400 }],
  ];
  return [
    { path: LATER_PATH, text: new TextDecoder().decode(signTrust(laterFile())) },
    ...cases.map(([desc, receipt, wantCode, rules = {}]) =>
      makeVector(
        'receipt',
        { desc, wantCode },
        {
          ...inputOf(formatReceipt(receipt)),
          ...RULES,
          trust: LATER_PATH,
          ...rules,
        },
      ),
    ),
    makeVector(
      'trust',
      { desc: 'no root key has signed', wantCode: 'TRUST_THRESHOLD_SHORT' },
      inputOf(signAsTrust(file, [])),
    ),
    makeVector(
      'trust',
      { desc: 'a stranger has signed', wantCode: 'TRUST_THRESHOLD_SHORT' },
      inputOf(signAsTrust(file, [operatorSeed('stranger')])),
    ),
  ];
}

function laterFile(): TrustRootFile {
  const [eu, us, ...more] = file.operators as [
    TrustRootFile['operators'][0],
    TrustRootFile['operators'][0],
  ];
  const [first, second] = eu.keys as [(typeof eu.keys)[0], (typeof eu.keys)[0]];
  const ended = { validUntil: '2026-10-01T11:00:00Z' };
  const [euLog, usLog, retiredLog, successorLog] = file.logs as [
    LogFields,
    LogFields,
    LogFields,
    LogFields,
  ];
  const root = encodeHex(RETIRED.tree.root(1));
  const retired = { size: 1, root, successor: SUCCESSOR.origin };
  const [witness, ...others] = file.witnesses as [TrustRootFile['witnesses'][0]];
  return {
    ...file,
    version: 2,
    previous: trustOf(file).digest,
    expires: '2026-10-02T12:00:00Z',
    logs: [euLog, { ...usLog, ...ended }, { ...retiredLog, retired }, successorLog],
    witnesses: [{ ...witness, ...ended }, ...others],
    operators: [
      {
        ...eu,
        keys: [
          { ...first, revoked: { [EU.origin]: 2 } },
          { ...second, ...ended },
        ],
      },
      us,
      ...more,
    ],
  };
}
