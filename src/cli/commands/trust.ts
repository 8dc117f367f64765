/** attestry trust: makes, signs and shows trust roots. */
import type { Command } from 'commander';
import { toleranceOf } from '../../core/trust/tolerance.ts';
import { addRootSignature, parseTrustRoot, readTrustRoot } from '../../core/trust/trust-root.ts';
import { AttestryError } from '../../errors.ts';
import {
  defineCommand,
  jsonOption,
  passphraseFileOption,
  repeated,
  wholeNumber,
} from '../command.ts';
import { LARGEST_TRUST_BYTES, readInput, writeResult } from '../input.ts';
import { openKey, type PassphraseOptions } from '../passphrase.ts';
import { say, sayJson, tell } from '../terminal.ts';
import {
  demandTolerance,
  makeDraft,
  type PartFlags,
  readParts,
  withFlags,
} from '../trust-draft.ts';
import { formatTrust, signersSentence, toleranceSentences } from '../trust-show.ts';

interface DraftFlags extends PartFlags {
  readonly acceptWeakQuorum?: boolean;
  readonly out?: string;
}

interface InitFlags extends DraftFlags {
  readonly file?: string;
}

interface SignFlags extends PassphraseOptions {
  readonly key: readonly string[];
  readonly out?: string;
}

const INIT_EXAMPLES = [
  'attestry trust init --file network.yaml --out draft.json',
  'attestry trust init --root <hex> --root <hex> --root <hex> --threshold 2 \\',
  '    --log key=…,url=https://eu.example.org,region=eu,operator=op-eu \\',
  '    --witness key=…,url=https://w1.example.org,operator=w1 (and more) --quorum 3 \\',
  '    --operator id=op-eu,key=<hex>,kind=usage,kind=training,log=eu.example.org/log --out draft.json',
];

export function trustCommand(): Command {
  return defineCommand({
    name: 'trust',
    summary: 'make, sign and show trust roots',
    description:
      'Makes, signs and shows trust roots: the one file that an auditor trusts. A draft is carried from one holder of a root key to the next until enough have signed.',
    examples: ['attestry trust show trust.json'],
  })
    .addCommand(initCommand())
    .addCommand(signCommand())
    .addCommand(showCommand());
}

function initCommand(): Command {
  const command = defineCommand({
    name: 'init',
    summary: 'draft a first trust root',
    description:
      'Drafts version 1 of a trust root from flags, or from a JSON or YAML file of the same shape. It refuses a quorum that tolerates no dishonest witness.',
    examples: INIT_EXAMPLES,
  }).option('--file <file>', 'the description; flags add to it');
  return addPartOptions(command).action(async (flags: InitFlags) => {
    const parts = withFlags(await readParts(flags.file), flags, unixNow());
    const draft = demandTolerance(makeDraft(parts), unixNow(), flags.acceptWeakQuorum);
    await writeResult(flags.out, draft.bytes);
    tell(
      `Draft of trust root ${draft.digest}. ${toleranceSentences(draft, unixNow()).join(' ')}`,
      `Next: ${draft.roots.threshold} of ${draft.roots.keys.size} root keys sign it (attestry trust sign).`,
    );
  });
}

function addPartOptions(command: Command): Command {
  return command
    .option('--root <hex>', 'public key of a holder of a root key (repeatable)', repeated)
    .option(
      '--threshold <number>',
      'how many root keys must sign (more than half unless told)',
      wholeNumber(1),
    )
    .option(
      '--expires <time>',
      'when it expires, like 2027-10-01T00:00:00Z (in a year unless told)',
    )
    .option('--log <fields>', 'key=<vkey>,url=…,region=…,operator=… (repeatable)', repeated)
    .option('--witness <fields>', 'key=<vkey>,url=…,operator=… (repeatable)', repeated)
    .option(
      '--operator <fields>',
      'id=…,key=<hex>,kind=…,log=<origin>,model=<digest>; all but id as often as needed (repeatable)',
      repeated,
    )
    .option(
      '--quorum <number>',
      'witnesses of how many organisations must have cosigned',
      wholeNumber(1),
    )
    .option(
      '--verifier <fields>',
      'key=<vkey>,url=…,operator=…: who cosigns tallies (repeatable)',
      repeated,
    )
    .option(
      '--verifier-quorum <number>',
      'verifiers of how many organisations must have cosigned a tally',
      wholeNumber(0),
    )
    .option('--accept-weak-quorum', 'accept a quorum that tolerates no dishonest witness')
    .option('--out <file>', 'where the draft goes (standard output unless told)');
}

function signCommand(): Command {
  return defineCommand({
    name: 'sign',
    summary: 'sign a draft with a root key',
    description:
      'Adds the signature of a root key to a draft, or to a trust root that others have signed already. Look at it with attestry trust show before.',
    examples: ['attestry trust sign draft.json --key root.key --out trust.json'],
  })
    .argument('<file>', 'the draft, or the partly signed trust root')
    .requiredOption('--key <file>', 'file of a root key (repeatable)', repeated)
    .addOption(passphraseFileOption())
    .option('--out <file>', 'where the signed file goes (standard output unless told)')
    .action(async (file: string, flags: SignFlags) => sign(file, flags));
}

async function sign(file: string, flags: SignFlags): Promise<void> {
  let bytes = await readInput(file, LARGEST_TRUST_BYTES);
  for (const path of flags.key) {
    const { seed, name } = await openKey(path, flags);
    bytes = addRootSignature(bytes, seed);
    tell(`Signed with the key of ${name}.`);
  }
  const trust = readTrustRoot(bytes);
  await writeResult(flags.out, bytes);
  tell(`Trust root ${trust.digest}, version ${trust.version}. ${signersSentence(trust)}`);
}

function showCommand(): Command {
  return defineCommand({
    name: 'show',
    summary: 'show a trust root or a draft',
    description:
      'Shows a trust root or a draft of one: its digest, its parties, who has signed, and what its quorums tolerate.',
    examples: ['attestry trust show trust.json'],
  })
    .argument('<file>', 'the trust root')
    .addOption(jsonOption())
    .action(async (file: string, { json }: { readonly json?: boolean }) => {
      const trust = readTrustRoot(await readInput(file, LARGEST_TRUST_BYTES));
      const { witnesses, witnessQuorum } = trust;
      const tolerance = toleranceOf(witnesses, witnessQuorum, unixNow()).dishonest;
      if (json === true) {
        sayJson({ digest: trust.digest, signed: isSigned(trust.bytes), tolerance, ...trust.file });
      } else say(...formatTrust(trust, unixNow()));
    });
}

function isSigned(bytes: Uint8Array): boolean {
  try {
    parseTrustRoot(bytes);
    return true;
  } catch (error) {
    if (error instanceof AttestryError && error.code === 'TRUST_THRESHOLD_SHORT') return false;
    throw error;
  }
}

function unixNow(): number {
  return Math.floor(Date.now() / 1000);
}
