/** attestry trust init, add, rotate, revoke: drafts of the first version of a trust root, and of the next one. */
import type { Command } from 'commander';
import { parseTime } from '../../core/bytes/time.ts';
import { decodeUtf8 } from '../../core/bytes/utf8.ts';
import { verifyWitnessedCheckpoint } from '../../core/trust/quorum.ts';
import { finalDigest } from '../../core/trust/retirement.ts';
import { describeTolerance, verifyTolerance } from '../../core/trust/tolerance.ts';
import type { TrustRootFile } from '../../core/trust/trust-file.ts';
import { parseTrustRoot, type TrustRoot } from '../../core/trust/trust-root.ts';
import {
  defineCommand,
  repeated,
  required,
  unixNow,
  usageError,
  weakQuorumOption,
  wholeNumber,
} from '../command.ts';
import { LARGEST_TRUST_BYTES, readInput, writeResult } from '../input.ts';
import { tell } from '../terminal.ts';
import { retireLog, revoke, rotate } from '../trust-change.ts';
import { diffTrust } from '../trust-diff.ts';
import { makeDraft, type PartFlags, readParts, withFlags } from '../trust-draft.ts';

interface DraftFlags extends PartFlags {
  readonly acceptWeakQuorum?: boolean;
  readonly out?: string;
}

type Parts = Readonly<Record<string, unknown>>;

const DAY_SECONDS = 86_400;
const LARGEST_CHECKPOINT_BYTES = 1024 * 1024;

export function initCommand(): Command {
  const command = defineCommand({
    name: 'init',
    summary: 'draft a first trust root',
    description:
      'Drafts version 1 of a trust root from flags, or from a JSON or YAML file of the same shape. It refuses a quorum that tolerates no dishonest witness.',
    examples: [
      'attestry trust init --file network.yaml --out draft.json',
      'attestry trust init --root <hex> --root <hex> --root <hex> --threshold 2 \\',
      '    --log key=…,url=https://eu.example.org,region=eu,operator=op-eu \\',
      '    --witness key=…,url=https://w1.example.org,operator=w1 (and more) --quorum 3 \\',
      '    --operator id=op-eu,key=<hex>,kind=usage,kind=training,log=eu.example.org/log --out draft.json',
    ],
  }).option('--file <file>', 'the description; flags add to it');
  return withPartOptions(command).action(async (flags: DraftFlags & { readonly file?: string }) => {
    const parts = withFlags(await readParts(flags.file), flags, unixNow());
    await writeDraft(parts, flags);
  });
}

export function addCommand(): Command {
  const command = defineCommand({
    name: 'add',
    summary: 'draft the next version with more in it',
    description:
      'Drafts the next version of a trust root with logs, witnesses, verifiers, operators or root keys added, or with other quorums. It expires in a year unless told.',
    examples: [
      'attestry trust add trust.json --witness key=…,url=https://w5.example.org,operator=w5 --quorum 4 --out draft.json',
    ],
  }).argument('<file>', 'the trust root as it is');
  return withPartOptions(command).action(async (file: string, flags: DraftFlags) => {
    await writeNext(file, (before) => before, flags);
  });
}

interface RotateFlags extends DraftFlags {
  readonly old: string;
  readonly new: string;
  readonly url?: string;
  readonly from?: string;
  readonly until?: string;
  readonly final?: string;
}

export function rotateCommand(): Command {
  return withOutput(
    defineCommand({
      name: 'rotate',
      summary: 'draft the next version with a key replaced',
      description:
        "Drafts the next version of a trust root in which a witness, a verifier, or a key of an operator is replaced: the new one counts from now on, the old one's window ends in a day. What it signed before stays valid. A root key is replaced at once. A log is retired at its final checkpoint, and another log goes on.",
      examples: [
        'attestry trust rotate trust.json --old w1.example.org --new <vkey> --url https://w1b.example.org --out draft.json',
        'attestry trust rotate trust.json --old <hex> --new <hex> --until 2027-01-01T00:00:00Z --out draft.json',
        'attestry trust rotate trust.json --old log.example.org/1 --final checkpoint.txt --new <vkey> --url https://log2.example.org --out draft.json',
      ],
    })
      .argument('<file>', 'the trust root as it is')
      .requiredOption(
        '--old <name>',
        'name of the witness, verifier or log, or public key of the operator or holder of a root key, in hex',
      )
      .requiredOption('--new <key>', 'its verifier key, or public key in hex')
      .option('--url <url>', "of the new witness, verifier or log (the old one's unless told)")
      .option('--final <file>', 'of a log: its final checkpoint, as it serves it at /checkpoint')
      .option('--from <time>', 'when the new one begins to count (now unless told)')
      .option('--until <time>', 'when the old one counts no longer (in a day unless told)'),
  ).action(async (file: string, flags: RotateFlags) => {
    if (flags.final !== undefined) return await retire(file, flags, flags.final);
    const from = timeOf(flags.from, unixNow());
    const until = timeOf(flags.until, unixNow() + DAY_SECONDS);
    const rotation = { old: flags.old, new: flags.new, url: flags.url, from, until };
    await writeNext(file, (before) => rotate(before, rotation), flags);
  });
}

interface RevokeFlags extends DraftFlags {
  readonly key: string;
  readonly at: readonly string[];
}

export function revokeCommand(): Command {
  return withOutput(
    defineCommand({
      name: 'revoke',
      summary: "draft the next version with an operator's key revoked",
      description:
        "Drafts the next version of a trust root in which a key of an operator is revoked: of each of the operator's logs it counts for the entries below a size, and for none behind it. Of a stolen key, give the size at which the log stood before the theft.",
      examples: [
        'attestry trust revoke trust.json --key <hex> --at eu.example.org/log=120455 --out draft.json',
      ],
    })
      .argument('<file>', 'the trust root as it is')
      .requiredOption('--key <hex>', 'the public key')
      .requiredOption(
        '--at <cut-off>',
        '<origin>=<size>, for each log of the operator (repeatable)',
        repeated,
      ),
  ).action(async (file: string, flags: RevokeFlags) => {
    await writeNext(file, (before) => revoke(before, flags.key, flags.at), flags);
  });
}

async function retire(file: string, flags: RotateFlags, finalFile: string): Promise<void> {
  const url = required(flags.url, '--url <url>');
  const note = decodeUtf8(await readInput(finalFile, LARGEST_CHECKPOINT_BYTES));
  await writeNext(
    file,
    (before, trust) => {
      const { checkpoint } = verifyWitnessedCheckpoint(note, { trust, now: unixNow() });
      const { origin, size, root } = checkpoint;
      if (origin !== flags.old)
        throw usageError(`Expected the final checkpoint of ${flags.old}, got one of ${origin}.`);
      tell(
        `The first entry of the new log is to be a deployment statement with --action retire about`,
        `--sha256 ${finalDigest(origin, checkpoint)}, the final checkpoint of ${origin}.`,
      );
      return retireLog(before, { old: origin, new: flags.new, url, size, root });
    },
    flags,
  );
}

async function writeNext(
  path: string,
  change: (before: TrustRootFile, trust: TrustRoot) => TrustRootFile,
  flags: DraftFlags,
): Promise<void> {
  const before = parseTrustRoot(await readInput(path, LARGEST_TRUST_BYTES));
  const { type, version, previous, expires, ...parts } = change(before.file, before);
  await writeDraft(withFlags(parts, flags, unixNow()), flags, before);
}

async function writeDraft(
  parts: Parts,
  { out, acceptWeakQuorum }: DraftFlags,
  before?: TrustRoot,
): Promise<void> {
  const now = unixNow();
  const draft = makeDraft(parts, before);
  if (acceptWeakQuorum !== true) verifyTolerance(draft, now);
  await writeResult(out, draft.bytes);
  const { version, digest, roots } = draft;
  tell(`Draft of version ${version}, trust root ${digest}.`, ...describeTolerance(draft, now));
  if (before !== undefined) {
    tell(...diffTrust(before.file, draft.file));
    tell(`Next: the thresholds of root keys of versions ${before.version} and ${version} sign it.`);
  } else tell(`Next: ${roots.threshold} of ${roots.keys.size} root keys sign it.`);
}

function timeOf(text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : parseTime(text);
}

function withOutput(command: Command): Command {
  return command
    .option(
      '--expires <time>',
      'when it expires, like 2027-10-01T00:00:00Z (in a year unless told)',
    )
    .addOption(weakQuorumOption())
    .option('--out <file>', 'where the draft goes (standard output unless told)');
}

function withPartOptions(command: Command): Command {
  const withParts = command
    .option('--root <hex>', 'public key of a holder of a root key (repeatable)', repeated)
    .option(
      '--threshold <number>',
      'how many root keys must sign (more than half unless told)',
      wholeNumber(1),
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
    );
  return withOutput(withParts);
}
