/** Receipts: everything between a good one and what an attacker would hand over. */
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import { canonicalText } from '../../src/core/bytes/json.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { appendSignatures } from '../../src/core/note/cosignature.ts';
import { checkpointText } from '../../src/core/note/signable.ts';
import { SIGNATURE_TYPE } from '../../src/core/note/vkey.ts';
import { formatReceipt, type Receipt } from '../../src/core/receipt/receipt.ts';
import { fieldsOf } from '../../src/core/statement/envelope.ts';
import type { AttestryErrorCode } from '../../src/errors.ts';
import { cosign, signedEntry, type TestLog } from '../../test/helpers/fixtures.ts';
import { withLargeScalar } from '../../test/helpers/forgeries.ts';
import {
  cosignatureLine,
  signatureLine,
  signText,
  withSignatures,
} from '../../test/helpers/notes.ts';
import { testSigner } from '../../test/helpers/signed-log.ts';
import { digestOf, MODEL, NOW, sampleStatement } from '../../test/helpers/statements.ts';
import { logWith, newNetwork, RULES, resign, swap, WITNESSES } from './network.ts';
import { inputOf, makeVector, type VectorFile } from './vector.ts';

type Case = readonly [
  desc: string,
  receipt: Receipt | Uint8Array,
  code: AttestryErrorCode | null,
  rules?: object,
];

const LOG = logWith(...[1, 2, 3, 4].map((i) => deployment(`${i}`)));
const RECEIPT = LOG.receipt(2);
const TEXT = new TextDecoder().decode(formatReceipt(RECEIPT));
const { proof } = RECEIPT.proof;

export function receiptVectors(): VectorFile[] {
  return [
    ...fileCases(),
    ...checkpointCases(),
    ...witnessCases(),
    ...proofCases(),
    ...factCases(),
  ].map(([desc, receipt, code, rules = {}]) => {
    const bytes = receipt instanceof Uint8Array ? receipt : formatReceipt(receipt);
    return makeVector(
      'receipt',
      { desc, wantCode: code },
      {
        ...inputOf(bytes),
        ...RULES,
        ...rules,
      },
    );
  });
}

function fileCases(): Case[] {
  const damaged = (part: string, by: string): Uint8Array => encodeUtf8(swap(TEXT, part, by));
  return [
    ['good receipt', RECEIPT, null],
    ['duplicate key', damaged('"type"', '"proof":"","type"'), 'JSON_NOT_CANONICAL'],
    ['other version', damaged('"version":1', '"version":2'), 'RECEIPT_MALFORMED'],
    ['unknown field', damaged('"type"', '"trusted":true,"type"'), 'RECEIPT_MALFORMED'],
    [
      'no proof',
      encodeUtf8(
        canonicalText({
          envelope: fieldsOf(RECEIPT.envelope),
          type: 'attestry/receipt',
          version: 1,
        }),
      ),
      'RECEIPT_MALFORMED',
    ],
    ['proof with CRLF line ends', encodeUtf8(TEXT.replaceAll('\\n', '\\r\\n')), 'PROOF_MALFORMED'],
    ['index with a leading zero', damaged('index 2', 'index 02'), 'PROOF_MALFORMED'],
    [
      'hash of 31 bytes',
      withProof({ proof: [new Uint8Array(31), ...proof.slice(1)] }),
      'PROOF_MALFORMED',
    ],
  ];
}

function checkpointCases(): Case[] {
  const root = encodeBase64(LOG.tree.root());
  const signed = (text: string): Receipt =>
    withProof({ checkpoint: cosign(signText(text, LOG.signer), WITNESSES.slice(0, 3), NOW - 60) });
  const stranger = testSigner(LOG.origin, SIGNATURE_TYPE.ed25519, 'stranger');
  const plain = LOG.checkpoint();
  return [
    [
      'checkpoint with CRLF line ends',
      withProof({ checkpoint: plain.replaceAll('\n', '\r\n') }),
      'NOTE_MALFORMED',
    ],
    ['size with a leading zero', signed(`${LOG.origin}\n05\n${root}\n`), 'CHECKPOINT_MALFORMED'],
    ['extension line', signed(`${LOG.origin}\n5\n${root}\nmore\n`), 'CHECKPOINT_EXTENSION_UNKNOWN'],
    [
      'checkpoint signed by a stranger',
      withProof({
        checkpoint: cosign(
          signText(checkpointText(LOG.origin, 5, LOG.tree.root()), stranger),
          WITNESSES.slice(0, 3),
          NOW - 60,
        ),
      }),
      'CHECKPOINT_UNSIGNED',
    ],
    [
      'checkpoint with another size',
      withProof({
        checkpoint: cosign(swap(plain, '\n5\n', '\n6\n'), WITNESSES.slice(0, 3), NOW - 60),
      }),
      'CHECKPOINT_SIGNATURE_INVALID',
    ],
    [
      'checkpoint signature with S + L',
      withProof({ checkpoint: withSignatures(plain, withLargeScalar) }),
      'CHECKPOINT_SIGNATURE_INVALID',
    ],
    [
      'checkpoint of another log',
      withProof({ checkpoint: otherLog().cosigned() }),
      'STATEMENT_LOG_MISMATCH',
    ],
  ];
}

function witnessCases(): Case[] {
  const plain = LOG.checkpoint();
  const [w1, w2, w3] = WITNESSES as [
    (typeof WITNESSES)[0],
    (typeof WITNESSES)[0],
    (typeof WITNESSES)[0],
  ];
  const two = cosign(plain, [w1, w2], NOW - 60);
  const third = (line: string): Receipt => withProof({ checkpoint: appendSignatures(two, [line]) });
  const stranger = testSigner(w3.vkey.name, SIGNATURE_TYPE.cosignature, 'stranger');
  const again = cosign(two, [w1, w2], NOW - 30);
  const older = cosign(LOG.checkpoint(4), [w3], NOW - 60);
  return [
    ['one witness short', withProof({ checkpoint: two }), 'QUORUM_SHORT'],
    ['one witness twice', withProof({ checkpoint: again }), 'QUORUM_SHORT'],
    [
      'stranger under the name of a witness',
      withProof({ checkpoint: cosign(two, [stranger], NOW - 60) }),
      'QUORUM_SHORT',
    ],
    ['line of an unknown type', LOG_GREASED, null],
    [
      'cosignature of 71 bytes',
      third(signatureLine(new Uint8Array(71), w3)),
      'COSIGNATURE_MALFORMED',
    ],
    ['cosignature at time zero', third(cosignatureLine(plain, 0n, w3)), 'COSIGNATURE_TIME_INVALID'],
    [
      'cosignature from the future',
      third(cosignatureLine(plain, BigInt(NOW + 301), w3)),
      'COSIGNATURE_TIME_FUTURE',
    ],
    [
      'cosignature of an older checkpoint',
      third(older.slice(older.lastIndexOf('—'))),
      'COSIGNATURE_INVALID',
    ],
    ['older than asked for', RECEIPT, 'CHECKPOINT_STALE', { maxAge: 59 }],
    [
      'statement dated after its witnesses',
      LOG.receipt(2, { time: NOW - 4000 }),
      'STATEMENT_TIME_FUTURE',
    ],
  ];
}

function proofCases(): Case[] {
  return [
    ['index beyond the log', withProof({ index: 5 }), 'INCLUSION_INDEX_OUT_OF_RANGE'],
    [
      'one hash too long',
      withProof({ proof: [...proof, new Uint8Array(32)] }),
      'INCLUSION_LENGTH_WRONG',
    ],
    ['one hash too short', withProof({ proof: proof.slice(1) }), 'INCLUSION_LENGTH_WRONG'],
    ['neighbouring index', withProof({ index: 3 }), 'INCLUSION_ROOT_MISMATCH'],
    [
      'proof of another entry',
      { ...RECEIPT, envelope: LOG.receipt(1).envelope },
      'INCLUSION_ROOT_MISMATCH',
    ],
  ];
}

function factCases(): Case[] {
  const log = logWith(
    resign('{}').entry,
    signedEntry(sampleStatement('usage', { context: { log: 'us.log.example' } })).entry,
  );
  const shard = {
    part: 'shard',
    resource: { name: 'model.bin:0:10', digest: MODEL },
    index: 0,
    proof: [],
  };
  return [
    ['file in hand is the model', RECEIPT, null, { artifact: { part: 'whole', sha256: MODEL } }],
    [
      'file in hand is another',
      RECEIPT,
      'SUBJECT_MISMATCH',
      { artifact: { part: 'whole', sha256: digestOf('other') } },
    ],
    ['shard of a model without shards', RECEIPT, 'SHARD_MISMATCH', { artifact: shard }],
    ['logged entry that is no statement', log.receipt(1), 'STATEMENT_MALFORMED'],
    ['statement replayed on another log', log.receipt(2), 'STATEMENT_LOG_MISMATCH'],
    [
      'entry under a key that is unknown',
      logWith(signedEntry(sampleStatement('deployment'), [testSigner('x', 1).seed]).entry).receipt(
        1,
      ),
      'KEY_UNKNOWN',
    ],
  ];
}

function deployment(id: string): Uint8Array {
  return signedEntry(sampleStatement('deployment', { predicate: { deploymentId: id } })).entry;
}

function withProof(changes: Partial<Receipt['proof']>): Receipt {
  return { ...RECEIPT, proof: { ...RECEIPT.proof, ...changes } };
}

function otherLog(): TestLog {
  const [, log] = newNetwork().logs as [TestLog, TestLog];
  for (let i = 0; i < 5; i++) log.state('deployment', { predicate: { deploymentId: `${i}` } });
  return log;
}

const LOG_GREASED: Receipt = withProof({
  checkpoint: LOG.cosigned() + signatureLine(new Uint8Array(100), testSigner('grease.example', 4)),
});
