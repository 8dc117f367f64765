/** Entries to submit: signed envelopes, made beforehand. */
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import { formatTime } from '../../src/core/bytes/time.ts';
import { decodeUtf8, encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { preAuthEncoding } from '../../src/core/note/signable.ts';
import { PAYLOAD_TYPE } from '../../src/core/statement/envelope.ts';
import { formatStatement } from '../../src/core/statement/statement.ts';
import { opensslSigner } from '../../src/keys/openssl-signer.ts';

const MODELS = 100;
const SAMPLE_ID = 'deployment-sample';
const SAMPLE_MODEL = 'f'.repeat(64);

/** Whose statements, and for which log. */
export interface EntrySource {
  /** Of the operator's key. */
  readonly seed: Uint8Array;
  readonly origin: string;
  readonly operator: string;
  readonly region: string;
}

export interface EntryNumbers {
  readonly from: number;
  readonly count: number;
}

/** Distinct entries, numbered: deployments of one of a hundred models. */
export function makeEntries(source: EntrySource, { from, count }: EntryNumbers): Uint8Array[] {
  const signer = opensslSigner(source.seed);
  const sample = decodeUtf8(sampleStatement(source));
  return Array.from({ length: count }, (_, i) => {
    const number = from + i;
    const model = String(number % MODELS).padStart(64, '0');
    const text = sample.replace(SAMPLE_ID, `deployment-${number}`).replace(SAMPLE_MODEL, model);
    const payload = encodeUtf8(text);
    const sig = encodeBase64(signer.sign(preAuthEncoding(PAYLOAD_TYPE, payload)));
    return encodeUtf8(
      JSON.stringify({
        payload: encodeBase64(payload),
        payloadType: PAYLOAD_TYPE,
        signatures: [{ keyid: signer.keyid, sig }],
      }),
    );
  });
}

// Put together from the canonical text of one: to make entries must cost less than to take them. A log refuses any that is not.
function sampleStatement({ origin, operator, region }: EntrySource): Uint8Array {
  const issuedAt = formatTime(Math.floor(Date.now() / 1000));
  return formatStatement({
    kind: 'deployment',
    subject: [{ name: 'model.bin', digest: { sha256: SAMPLE_MODEL } }],
    predicate: {
      context: { issuedAt, jurisdiction: 'DEU', log: origin, operator, region },
      deploymentId: SAMPLE_ID,
      action: 'deploy',
      environment: 'production',
      effectiveAt: issuedAt,
    },
  });
}
