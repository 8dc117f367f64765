/** What every run is made of: keys, the trust root, and statements signed beforehand. Made once for a process. */
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import { bytesEqual } from '../../src/core/bytes/equal.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { formatCanonicalJson } from '../../src/core/bytes/json.ts';
import { leafHash } from '../../src/core/merkle/hash.ts';
import type { SignatureEngine } from '../../src/core/note/ed25519.ts';
import type { NoteSigner } from '../../src/core/note/vkey.ts';
import { type Envelope, PAYLOAD_TYPE, parseEnvelope } from '../../src/core/statement/envelope.ts';
import type { Statement } from '../../src/core/statement/statement.ts';
import type { TrustRoot } from '../../src/core/trust/trust-root.ts';
import { opensslEngine, signInProcess, type VerifyMany } from '../../src/keys/openssl-engine.ts';
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
const KEPT_VERDICTS = 20_000;

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

/** OpenSSL, which remembers its verdicts: every node of a run judges the same signatures, again and again. */
export const ENGINE: SignatureEngine = {
  name: 'remembering',
  verify(publicKey, message, signature) {
    const name = latin(signature);
    const known = verdicts.get(name);
    const isSame = known !== undefined && isAbout(known, publicKey, message);
    if (isSame) return known.holds;
    const holds = opensslEngine.verify(publicKey, message, signature);
    if (verdicts.size >= KEPT_VERDICTS) verdicts.clear();
    verdicts.set(name, { publicKey: publicKey.slice(), message: message.slice(), holds });
    return holds;
  },
};

/** Its verdicts at once: in a run nothing happens beside the one thread. */
export const verifyAtOnce: VerifyMany = async (claims) =>
  claims.map(({ publicKey, message, signature }) => ENGINE.verify(publicKey, message, signature));

interface Verdict {
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly holds: boolean;
}

/** By signature: the last verdict on it. */
const verdicts = new Map<string, Verdict>();

function isAbout(verdict: Verdict, publicKey: Uint8Array, message: Uint8Array): boolean {
  return bytesEqual(verdict.publicKey, publicKey) && bytesEqual(verdict.message, message);
}

function fast(signer: NoteSigner): NoteSigner {
  return { ...signer, sign: signInProcess };
}

function latin(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
