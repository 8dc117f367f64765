/** attestry trust sign: a holder of a root key agrees to what a trust root says. */
import type { Command } from 'commander';
import { keyIdOf } from '../../core/statement/dsse.ts';
import { parseTrustEnvelope, rootSigners } from '../../core/trust/root-signatures.ts';
import {
  addRootSignature,
  parseTrustRoot,
  readTrustRoot,
  type TrustRoot,
} from '../../core/trust/trust-root.ts';
import { verifyFollows } from '../../core/trust/update.ts';
import { AttestryError } from '../../errors.ts';
import { defineCommand, passphraseFileOption, repeated } from '../command.ts';
import { LARGEST_TRUST_BYTES, readInput, writeResult } from '../input.ts';
import { openKey, type PassphraseOptions } from '../passphrase.ts';
import { tell } from '../terminal.ts';
import { diffTrust } from '../trust-diff.ts';
import { signersSentence } from '../trust-show.ts';

interface SignFlags extends PassphraseOptions {
  readonly key: readonly string[];
  readonly from?: string;
  readonly out?: string;
}

export function signCommand(): Command {
  return defineCommand({
    name: 'sign',
    summary: 'sign a draft with a root key',
    description:
      'Adds the signature of a root key to a draft, or to a trust root that others have signed already. Of a change it shows what changes. Look at the draft with attestry trust show or diff before, and compare its digest with the other holders.',
    examples: [
      'attestry trust sign draft.json --key root.key --out trust.json',
      'attestry trust sign draft.json --from trust.json --key root.key --out partly-signed.json',
    ],
  })
    .argument('<file>', 'the draft, or the partly signed trust root')
    .requiredOption('--key <file>', 'file of a root key (repeatable)', repeated)
    .option('--from <file>', 'the version before, which must sign a change too')
    .addOption(passphraseFileOption())
    .option('--out <file>', 'where the signed file goes (standard output unless told)')
    .action(async (file: string, flags: SignFlags) => sign(file, flags));
}

async function sign(file: string, flags: SignFlags): Promise<void> {
  let bytes = await readInput(file, LARGEST_TRUST_BYTES);
  const draft = readTrustRoot(bytes);
  const before = await readBefore(draft, flags.from);
  if (before !== undefined) tell(...diffTrust(before.file, draft.file));
  for (const path of flags.key) {
    const { seed, name, publicKey } = await openKey(path, flags);
    demandRootKey(keyIdOf(publicKey), [draft, before]);
    bytes = addRootSignature(bytes, seed);
    tell(`Signed with the key of ${name}.`);
  }
  const signed = readTrustRoot(bytes);
  await writeResult(flags.out, bytes);
  tell(`Trust root ${signed.digest}, version ${signed.version}: ${signersSentence(signed)}`);
  if (before !== undefined) {
    const { keys, threshold } = before.roots;
    const count = rootSigners(parseTrustEnvelope(bytes), before.roots).length;
    tell(
      `Of version ${before.version}, ${count} of ${keys.size} have signed, ${threshold} needed.`,
    );
  }
}

/** The version before, where the draft is one that follows. @throws TRUST_VERSION_*, TRUST_PREVIOUS_MISMATCH */
async function readBefore(
  draft: TrustRoot,
  path: string | undefined,
): Promise<TrustRoot | undefined> {
  if (path === undefined) return undefined;
  const before = parseTrustRoot(await readInput(path, LARGEST_TRUST_BYTES));
  verifyFollows(before, draft);
  return before;
}

function demandRootKey(keyid: string, versions: readonly (TrustRoot | undefined)[]): void {
  if (versions.some((trust) => trust?.roots.keys.has(keyid))) return;
  throw new AttestryError(
    'KEY_UNKNOWN',
    `Expected a root key of this trust root, or of the one before (--from), got key ${keyid.slice(0, 16)}….`,
  );
}
