/** What every run is made of: keys, the trust root, and statements signed beforehand. Made once for a process. */
import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { formatCanonicalJson } from '../../src/core/bytes/json.ts';
import { leafHash } from '../../src/core/merkle/hash.ts';
import type { SignatureEngine } from '../../src/core/note/ed25519.ts';
import type { NoteSigner } from '../../src/core/note/vkey.ts';
import { type Envelope, PAYLOAD_TYPE, parseEnvelope } from '../../src/core/statement/envelope.ts';
import type { Statement } from '../../src/core/statement/statement.ts';
import type { TrustRoot } from '../../src/core/trust/trust-root.ts';
import { opensslEngine } from '../../src/keys/openssl-engine.ts';
import type { TestLog } from '../../test/helpers/fixtures.ts';
import { quickEntry } from '../../test/helpers/quick-entry.ts';
import { digestOf, sampleStatement, sampleStream } from '../../test/helpers/statements.ts';
import { makeTalliedNetwork, VERIFIERS } from '../../test/helpers/tallied-network.ts';

/** A statement as its operator signed it. */
export interface Signed {
  readonly statement: Statement;
  readonly envelope: Envelope;
  /** Lowercase hex. */
  readonly entryHash: string;
}

/** Models that statements speak of. */
export const MODELS: readonly string[] = [
  digestOf('simulated model 1'),
  digestOf('simulated model 2'),
];

const DEPLOYMENTS = 40;
const WINDOWS = 16;
const KEPT_SIGNATURES = 50_000;

const network = makeTalliedNetwork({ regions: ['eu'], witnesses: 4, quorum: 3 });
const [eu] = network.logs as readonly [TestLog];

export const TRUST: TrustRoot = network.rules.trust;
export const LOG_SIGNER: NoteSigner = fast(eu.signer);
export const WITNESS_SIGNERS: readonly NoteSigner[] = network.witnesses.map(fast);
export const VERIFIER_SIGNERS: readonly NoteSigner[] = VERIFIERS.map(fast);
export const OPERATOR: string = eu.operator;
export const ORIGIN: string = eu.origin;

/** Statements of one usage stream for each model, in their order, and others that stand alone. */
export const STREAMS: readonly (readonly Signed[])[] = MODELS.map((model, i) =>
  sampleStream(WINDOWS, { model, meter: `meter-${i}`, context: eu.context }).map(signed),
);
export const DEPLOYED: readonly Signed[] = Array.from({ length: DEPLOYMENTS }, (_, i) =>
  signed(
    sampleStatement('deployment', {
      model: MODELS[i % MODELS.length] as string,
      context: eu.context,
      predicate: { deploymentId: `deployment-${i}` },
    }),
  ),
);

export function signed(statement: Statement): Signed {
  const entry = quickEntry(statement);
  return { statement, envelope: parseEnvelope(entry), entryHash: encodeHex(leafHash(entry)) };
}

/** The statement with one bit of its signature otherwise: in good form, and signed by nobody. */
export function forged({ statement, envelope }: Signed): Signed {
  const { payload, signatures } = envelope;
  const wrong = signatures.map(({ keyid, signature }) => {
    const other = signature.slice();
    other[40] = (other[40] as number) ^ 1;
    return { keyid, sig: encodeBase64(other) };
  });
  const entry = formatCanonicalJson({
    payload: encodeBase64(payload),
    payloadType: PAYLOAD_TYPE,
    signatures: wrong,
  });
  return { statement, envelope: parseEnvelope(entry), entryHash: encodeHex(leafHash(entry)) };
}

/** OpenSSL, which remembers its verdicts: the same signatures go around in every run. */
export const ENGINE: SignatureEngine = {
  name: 'remembering',
  verify(publicKey, message, signature) {
    const key = `${latin(publicKey)}${latin(signature)}${latin(message)}`;
    const known = verdicts.get(key);
    if (known !== undefined) return known;
    const verdict = opensslEngine.verify(publicKey, message, signature);
    if (verdicts.size >= KEPT_SIGNATURES) verdicts.clear();
    verdicts.set(key, verdict);
    return verdict;
  },
};

const verdicts = new Map<string, boolean>();
const keys = new Map<string, KeyObject>();

// The DER before the 32 bytes of a seed, RFC 8410 section 7.
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

function fast(signer: NoteSigner): NoteSigner {
  return { ...signer, sign: signFast };
}

function signFast(seed: Uint8Array, message: Uint8Array): Uint8Array {
  const name = latin(seed);
  const kept = keys.get(name);
  const key =
    kept ??
    createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  if (kept === undefined) keys.set(name, key);
  return new Uint8Array(sign(null, message, key));
}

function latin(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
