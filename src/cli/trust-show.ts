/** Trust roots as people read them. */
import { encodeHex } from '../core/bytes/hex.ts';
import { parseVkey } from '../core/note/vkey.ts';
import { parseTrustEnvelope, rootSigners } from '../core/trust/root-signatures.ts';
import { describeTolerance } from '../core/trust/tolerance.ts';
import type {
  CosignerFields,
  OperatorFields,
  OperatorKeyFields,
} from '../core/trust/trust-file.ts';
import type { TrustRoot } from '../core/trust/trust-root.ts';
import type { WindowFields } from '../core/trust/window.ts';
import { formatPairs, formatTable } from './terminal.ts';

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
      ...describeTolerance(trust, now).map((sentence): [string, string] => ['quorum', sentence]),
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
