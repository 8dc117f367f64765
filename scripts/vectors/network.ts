/** The network of the vectors: two logs, four witnesses of which three make the quorum, and a statement about a model. */
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { type Envelope, signEnvelope } from '../../src/core/statement/envelope.ts';
import { formatStatement, type Statement } from '../../src/core/statement/statement.ts';
import {
  makeNetwork,
  operatorSeed,
  type TestLog,
  type TestNetwork,
} from '../../test/helpers/fixtures.ts';
import { signTrust } from '../../test/helpers/signed-trust.ts';
import { NOW, sampleStatement } from '../../test/helpers/statements.ts';
import type { VectorFile } from './vector.ts';

const TRUST_ROOT_PATH = 'trust-root.json';
export const SEED: Uint8Array = operatorSeed('operator-eu');

const NETWORK = newNetwork();

/** The fields that say by what a vector is judged. */
export const RULES = { trust: TRUST_ROOT_PATH, now: NOW } as const;
export const WITNESSES = NETWORK.witnesses;

/** Always the same trust root, with logs that are empty. */
export function newNetwork(): TestNetwork {
  return makeNetwork({ regions: ['eu', 'us'] });
}

/** The log in the EU with these entries behind one deployment. */
export function logWith(...entries: readonly Uint8Array[]): TestLog {
  const [log] = newNetwork().logs as [TestLog];
  log.state('deployment', { predicate: { deploymentId: 'first entry' } });
  for (const entry of entries) log.append(entry);
  return log;
}

export function trustRootVector(): VectorFile {
  const text = new TextDecoder().decode(signTrust(NETWORK.file));
  return { path: TRUST_ROOT_PATH, text };
}

/** An envelope over any payload, with a good signature of the operator: what follows fails, not the signature. */
export function resign(payload: string | Uint8Array): Envelope {
  const bytes = typeof payload === 'string' ? encodeUtf8(payload) : payload;
  return signEnvelope(bytes, [SEED]);
}

/** The text of a statement's payload, to be damaged and signed again. */
export function payloadText(statement: Statement = sampleStatement('deployment')): string {
  return new TextDecoder().decode(formatStatement(statement));
}

/** The text with one part replaced; fails where the part is not there, so that no vector is good by mistake. */
export function swap(text: string, part: string, by: string): string {
  if (!text.includes(part)) throw new RangeError(`Expected ${part} in the text.`);
  return text.replace(part, by);
}
