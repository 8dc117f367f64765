/** Entries to submit: signed envelopes, made beforehand. */
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import { formatCanonicalJson } from '../../src/core/bytes/json.ts';
import { formatTime } from '../../src/core/bytes/time.ts';
import { preAuthEncoding } from '../../src/core/note/signable.ts';
import { PAYLOAD_TYPE } from '../../src/core/statement/envelope.ts';
import { formatStatement } from '../../src/core/statement/statement.ts';
import { opensslSigner } from '../../src/keys/openssl-signer.ts';

export const ORIGIN = 'log.bench.example';
export const OPERATOR = 'bench-operator';
const MODELS = 100;

/** Distinct entries, numbered from `from`: deployments of one of a hundred models. */
export function makeEntries(seed: Uint8Array, from: number, count: number): Uint8Array[] {
  const signer = opensslSigner(seed);
  const issuedAt = formatTime(Math.floor(Date.now() / 1000));
  const context = {
    issuedAt,
    jurisdiction: 'DEU',
    log: ORIGIN,
    operator: OPERATOR,
    region: 'loopback',
  };
  return Array.from({ length: count }, (_, i) => {
    const number = from + i;
    const payload = formatStatement({
      kind: 'deployment',
      subject: [
        { name: 'model.bin', digest: { sha256: String(number % MODELS).padStart(64, '0') } },
      ],
      predicate: {
        context,
        deploymentId: `deployment-${number}`,
        action: 'deploy',
        environment: 'production',
        effectiveAt: issuedAt,
      },
    });
    const sig = encodeBase64(signer.sign(preAuthEncoding(PAYLOAD_TYPE, payload)));
    return formatCanonicalJson({
      payload: encodeBase64(payload),
      payloadType: PAYLOAD_TYPE,
      signatures: [{ keyid: signer.keyid, sig }],
    });
  });
}
