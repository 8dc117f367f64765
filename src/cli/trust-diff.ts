/** What changes from one trust root to another, in lines that people read before they sign. */
import { canonicalText } from '../core/bytes/json.ts';
import { parseVkey } from '../core/note/vkey.ts';
import type { CosignerFields, LogFields, TrustRootFile } from '../core/trust/trust-file.ts';

/** `+ witness …`, `- witness …`, `~ witness …: old → new`; none where both say the same. */
export function diffTrust(before: TrustRootFile, after: TrustRootFile): readonly string[] {
  const [old, next] = [factsOf(before), factsOf(after)];
  const names = [...new Set([...old.keys(), ...next.keys()])].sort();
  return names.flatMap((name) => {
    const [was, is] = [old.get(name), next.get(name)];
    if (was === is) return [];
    if (was === undefined) return [`+ ${name}: ${is}`];
    return [is === undefined ? `- ${name}: ${was}` : `~ ${name}: ${was} → ${is}`];
  });
}

/** Everything that a trust root says, by what it says it of. */
function factsOf(file: TrustRootFile): ReadonlyMap<string, string> {
  const { roots, operators, verifiers = [], verifierQuorum = 0 } = file;
  return new Map([
    ['version', String(file.version)],
    ['expires', file.expires],
    ['threshold of root keys', String(roots.threshold)],
    ['quorum of witnesses', String(file.witnessQuorum)],
    ['quorum of verifiers', String(verifierQuorum)],
    ...roots.keys.map((key): [string, string] => [`root key ${key}`, 'signs']),
    ...file.logs.map((log) => named('log', log)),
    ...file.witnesses.map((witness) => named('witness', witness)),
    ...verifiers.map((verifier) => named('verifier', verifier)),
    ...operators.flatMap(({ keys, id, ...rights }) =>
      keys.map(({ key, ...fields }): [string, string] => [
        `key ${key} of operator ${id}`,
        canonicalText({ ...rights, ...fields }),
      ]),
    ),
  ]);
}

function named(role: string, { key, ...fields }: CosignerFields | LogFields): [string, string] {
  return [`${role} ${parseVkey(key).name}`, canonicalText({ key, ...fields })];
}
