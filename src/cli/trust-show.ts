/** Trust roots as people read them. */
import { encodeHex } from '../core/bytes/hex.ts';
import { parseVkey } from '../core/note/vkey.ts';
import { parseTrustEnvelope, rootSigners } from '../core/trust/root-signatures.ts';
import { type Tolerance, toleranceOf } from '../core/trust/tolerance.ts';
import type {
  CosignerFields,
  OperatorFields,
  OperatorKeyFields,
} from '../core/trust/trust-file.ts';
import type { TrustRoot } from '../core/trust/trust-root.ts';
import type { WindowFields } from '../core/trust/window.ts';
import { formatPairs, formatTable } from './terminal.ts';

/** `A quorum of 3 of 4 organisations of witnesses tolerates 1 dishonest one.` */
export function toleranceSentence(
  { quorum, organisations, dishonest }: Tolerance,
  role: 'witness' | 'verifier',
): string {
  const parties = role === 'witness' ? 'witnesses' : 'verifiers';
  const of = `A quorum of ${quorum} of ${organisations} organisations with ${parties}`;
  if (dishonest < 0) return `${of} tolerates nothing: two quorums need not share a ${role}.`;
  return `${of} tolerates ${dishonest} dishonest ${dishonest === 1 ? 'one' : 'ones'}.`;
}

/** What the quorums tolerate from `now` on, in a sentence each. */
export function toleranceSentences(trust: TrustRoot, now: number): readonly string[] {
  const { witnesses, witnessQuorum, verifiers, verifierQuorum } = trust;
  return [
    toleranceSentence(toleranceOf(witnesses, witnessQuorum, now), 'witness'),
    ...(verifierQuorum === 0
      ? []
      : [toleranceSentence(toleranceOf(verifiers, verifierQuorum, now), 'verifier')]),
  ];
}

/** `2 of 3 root keys have signed, 2 are needed.` */
export function signersSentence(trust: TrustRoot): string {
  const { keys, threshold } = trust.roots;
  const signed = rootSigners(parseTrustEnvelope(trust.bytes), trust.roots).length;
  return `${signed} of ${keys.size} root keys have signed, ${threshold} needed.`;
}

/** Everything that a trust root says, a draft too. */
export function formatTrust(trust: TrustRoot, now: number): readonly string[] {
  const { file } = trust;
  return [
    formatPairs([
      ['digest', trust.digest],
      [
        'version',
        `${trust.version}${file.previous === undefined ? '' : ` (follows ${file.previous})`}`,
      ],
      ['expires', `${file.expires}${now < trust.expires ? '' : ' (expired)'}`],
      ['signatures', signersSentence(trust)],
      ...toleranceSentences(trust, now).map((sentence): [string, string] => ['quorum', sentence]),
    ]),
    formatTable(
      ['root key', 'keyid'],
      [...trust.roots.keys].map(([keyid, key]) => [encodeHex(key), keyid]),
    ),
    formatTable(
      ['log', 'region', 'operator', 'url', 'valid'],
      file.logs.map(({ key, region, operator, url, ...window }) => [
        parseVkey(key).name,
        region,
        operator,
        url,
        formatWindow(window),
      ]),
    ),
    cosignerTable('witness', file.witnesses),
    ...(file.verifiers === undefined
      ? []
      : [cosignerTable(`verifier (quorum ${trust.verifierQuorum})`, file.verifiers)]),
    operatorTable(file.operators),
  ];
}

function cosignerTable(title: string, parties: readonly CosignerFields[]): string {
  return formatTable(
    [title, 'operator', 'url', 'valid'],
    parties.map(({ key, operator, url, ...window }) => [
      parseVkey(key).name,
      operator,
      url,
      formatWindow(window),
    ]),
  );
}

function operatorTable(operators: readonly OperatorFields[]): string {
  return formatTable(
    ['operator', 'keys', 'may state', 'on logs', 'about'],
    operators.map(({ id, keys, kinds, logs, models }) => [
      id,
      keys.map(formatKey).join(', '),
      kinds.join(', '),
      logs.join(', '),
      models === undefined ? 'all models' : `${models.length} models`,
    ]),
  );
}

function formatKey({ key, revoked, ...window }: OperatorKeyFields): string {
  const valid = formatWindow(window);
  const marks = [valid === 'always' ? '' : ` ${valid}`, revoked === undefined ? '' : ' revoked'];
  return `${key.slice(0, 16)}…${marks.join('')}`;
}

/** `2026-01-01T00:00:00Z to 2027-01-01T00:00:00Z`, or `always`. */
function formatWindow({ validFrom, validUntil }: WindowFields): string {
  if (validFrom === undefined && validUntil === undefined) return 'always';
  return [validFrom && `from ${validFrom}`, validUntil && `until ${validUntil}`]
    .filter((part) => part !== undefined)
    .join(' ');
}
