/** attestry trust: makes a trust root from its parts, and shows what one says. */
import type { Command } from 'commander';
import { formatCanonicalJson } from '../../core/bytes/json.ts';
import {
  parseTrustRoot,
  quorumTolerance,
  TRUST_ROOT_TYPE,
  type TrustRoot,
} from '../../core/trust/trust-root.ts';
import { AttestryError } from '../../errors.ts';
import { defineCommand, jsonOption, repeated, wholeNumber } from '../command.ts';
import { readDescription, readTrustFile, writeResult } from '../input.ts';
import { formatPairs, formatTable, say, sayJson, tell } from '../terminal.ts';
import { parseLogPart, parseOperatorPart, parseWitnessPart } from '../trust-part.ts';

interface MakeFlags {
  readonly file?: string;
  readonly log?: readonly string[];
  readonly witness?: readonly string[];
  readonly operator?: readonly string[];
  readonly quorum?: number;
  readonly verifier?: readonly string[];
  readonly verifierQuorum?: number;
  readonly acceptWeakQuorum?: boolean;
  readonly out?: string;
}

interface Description {
  readonly logs: readonly unknown[];
  readonly witnesses: readonly unknown[];
  readonly operators: readonly unknown[];
  readonly witnessQuorum: unknown;
  readonly verifiers: readonly unknown[];
  readonly verifierQuorum: unknown;
}

const FIELDS: readonly string[] = [
  'logs',
  'witnesses',
  'witnessQuorum',
  'operators',
  'verifiers',
  'verifierQuorum',
  'type',
  'version',
];

const MAKE_EXAMPLES = [
  'attestry trust make --file network.yaml --out trust.json',
  'attestry trust make --log key=…,url=https://eu.example.org,region=eu,operator=op-eu \\',
  '    --witness key=…,url=https://w1.example.org,operator=w1 (and more) --quorum 3 \\',
  '    --operator id=op-eu,key=<hex>,kind=usage,kind=training,log=eu.example.org/log --out trust.json',
];

export function trustCommand(): Command {
  return defineCommand({
    name: 'trust',
    summary: 'make and show trust roots',
    description: 'Makes and shows trust roots: the one file that an auditor trusts.',
    examples: ['attestry trust show trust.json'],
  })
    .addCommand(makeCommand())
    .addCommand(showCommand());
}

function makeCommand(): Command {
  return defineCommand({
    name: 'make',
    summary: 'make a trust root',
    description:
      'Makes a trust root from flags, or from a JSON or YAML file of the same shape as a trust root. It refuses a quorum that tolerates no dishonest witness.',
    examples: MAKE_EXAMPLES,
  })
    .option('--file <file>', 'the description; flags add to it')
    .option('--log <fields>', 'key=<vkey>,url=…,region=…,operator=… (repeatable)', repeated)
    .option('--witness <fields>', 'key=<vkey>,url=…,operator=… (repeatable)', repeated)
    .option(
      '--operator <fields>',
      'id=…,key=<hex>,kind=…,log=<origin>; key, kind and log as often as needed (repeatable)',
      repeated,
    )
    .option('--quorum <number>', 'how many witnesses must have cosigned', wholeNumber(1))
    .option(
      '--verifier <fields>',
      'key=<vkey>,url=…,operator=…: who cosigns tallies (repeatable)',
      repeated,
    )
    .option(
      '--verifier-quorum <number>',
      'how many verifiers must have cosigned a tally',
      wholeNumber(0),
    )
    .option('--accept-weak-quorum', 'accept a quorum that tolerates no dishonest witness')
    .option('--out <file>', 'where the trust root goes (standard output unless told)')
    .action(async (flags: MakeFlags) => makeTrust(flags));
}

function showCommand(): Command {
  return defineCommand({
    name: 'show',
    summary: 'show a trust root',
    description: 'Shows a trust root: its digest, its parties, and what its quorum tolerates.',
    examples: ['attestry trust show trust.json'],
  })
    .argument('<file>', 'the trust root')
    .addOption(jsonOption())
    .action(async (file: string, { json }: { readonly json?: boolean }) => {
      const trust = await readTrustFile(file);
      if (json === true)
        sayJson({ digest: trust.digest, tolerance: toleranceOf(trust), ...trust.file });
      else say(...formatTrust(trust));
    });
}

async function makeTrust(flags: MakeFlags): Promise<void> {
  const described = await readParts(flags.file);
  const verifiers = [...described.verifiers, ...(flags.verifier ?? []).map(parseWitnessPart)];
  const verifierQuorum = flags.verifierQuorum ?? described.verifierQuorum;
  const bytes = formatCanonicalJson({
    type: TRUST_ROOT_TYPE,
    version: 1,
    logs: [...described.logs, ...(flags.log ?? []).map(parseLogPart)],
    witnesses: [...described.witnesses, ...(flags.witness ?? []).map(parseWitnessPart)],
    operators: [...described.operators, ...(flags.operator ?? []).map(parseOperatorPart)],
    witnessQuorum: flags.quorum ?? described.witnessQuorum,
    ...(verifiers.length === 0 ? {} : { verifiers }),
    ...(verifierQuorum === undefined ? {} : { verifierQuorum }),
  });
  const trust = parseTrustRoot(bytes);
  if (toleranceOf(trust) < 1 && flags.acceptWeakQuorum !== true) {
    throw new AttestryError(
      'TRUST_QUORUM_WEAK',
      `${toleranceSentence(trust)} Raise the quorum, add witnesses, or say --accept-weak-quorum.`,
    );
  }
  await writeResult(flags.out, bytes);
  tell(`Trust root ${trust.digest}. ${toleranceSentence(trust)}`);
}

/** The parts in a description file. What they are like is judged by `parseTrustRoot`. @throws TRUST_MALFORMED */
async function readParts(file: string | undefined): Promise<Description> {
  const value = file === undefined ? {} : await readDescription(file, 'TRUST_MALFORMED');
  const fields: Readonly<Record<string, unknown>> =
    typeof value === 'object' && value !== null ? { ...value } : {};
  const unknown = Object.keys(fields).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) {
    throw new AttestryError(
      'TRUST_MALFORMED',
      `Expected ${FIELDS.join(', ')} in ${file}, got ${JSON.stringify(unknown)}.`,
    );
  }
  return {
    logs: listOf(fields, 'logs'),
    witnesses: listOf(fields, 'witnesses'),
    operators: listOf(fields, 'operators'),
    witnessQuorum: fields['witnessQuorum'] ?? 0,
    verifiers: listOf(fields, 'verifiers'),
    verifierQuorum: fields['verifierQuorum'],
  };
}

function listOf(fields: Readonly<Record<string, unknown>>, name: string): readonly unknown[] {
  const value = fields[name] ?? [];
  if (Array.isArray(value)) return value;
  throw new AttestryError('TRUST_MALFORMED', `Expected ${name} to be a list.`);
}

function toleranceOf({ witnesses, witnessQuorum }: TrustRoot): number {
  return quorumTolerance(witnesses.length, witnessQuorum);
}

function toleranceSentence(trust: TrustRoot): string {
  const { witnesses, witnessQuorum } = trust;
  const tolerated = toleranceOf(trust);
  const quorum = `A quorum of ${witnessQuorum} of ${witnesses.length} witnesses`;
  if (tolerated < 0) return `${quorum} tolerates nothing: two quorums need not share a witness.`;
  return `${quorum} tolerates ${tolerated} dishonest ${tolerated === 1 ? 'one' : 'ones'}.`;
}

function formatTrust(trust: TrustRoot): readonly string[] {
  const { file } = trust;
  return [
    formatPairs([
      ['digest', trust.digest],
      ['quorum', toleranceSentence(trust)],
    ]),
    formatTable(
      ['log', 'region', 'operator', 'url'],
      [...trust.logs.values()].map((log) => [log.origin, log.region, log.operator, log.url]),
    ),
    formatTable(
      ['witness', 'operator', 'url'],
      trust.witnesses.map((witness) => [witness.name, witness.operator, witness.url]),
    ),
    ...(trust.verifiers.length === 0 ? [] : [verifierTable(trust)]),
    formatTable(
      ['operator', 'keys', 'may state', 'on logs'],
      file.operators.map(({ id, keys, kinds, logs }) => [
        id,
        keys.map((key) => `${key.slice(0, 16)}…`).join(', '),
        kinds.join(', '),
        logs.join(', '),
      ]),
    ),
  ];
}

function verifierTable({ verifiers, verifierQuorum }: TrustRoot): string {
  return formatTable(
    [`verifier (quorum ${verifierQuorum})`, 'operator', 'url'],
    verifiers.map((verifier) => [verifier.name, verifier.operator, verifier.url]),
  );
}
