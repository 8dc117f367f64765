/** attestry state: builds a statement, says in plain words what it says, signs it. */
import { type Command, Option } from 'commander';
import { subjectOf } from '../../client/model-digest.ts';
import { type NextUsage, nextUsage, signStatement } from '../../client/operator.ts';
import { encodeHex } from '../../core/bytes/hex.ts';
import { leafHash } from '../../core/merkle/hash.ts';
import { keyIdOf } from '../../core/statement/dsse.ts';
import { LARGEST_ENTRY_BYTES, parseEnvelope } from '../../core/statement/envelope.ts';
import type { Subject } from '../../core/statement/resource.ts';
import { KINDS, type Kind } from '../../core/statement/statement.ts';
import {
  defineCommand,
  passphraseFileOption,
  repeated,
  required,
  usageError,
  wholeNumber,
} from '../command.ts';
import { describeStatement } from '../describe-statement.ts';
import { readDescription, readInput, writeResult } from '../input.ts';
import { openKey } from '../passphrase.ts';
import { contextPath, type DraftField, draftStatement } from '../statement-draft.ts';
import { STATEMENT_EXAMPLES } from '../statement-examples.ts';
import {
  CONTEXT_FLAGS,
  readPair,
  STATEMENT_FLAGS,
  type StatementFlag,
} from '../statement-flags.ts';
import { tell } from '../terminal.ts';
import { digestWithProgress } from './digest.ts';

interface StateFlags {
  readonly [flag: string]: unknown;
  readonly file?: string;
  readonly example?: boolean;
  readonly subject?: readonly string[];
  readonly sha256?: string;
  readonly name?: string;
  readonly shardSize?: number;
  readonly ignore?: readonly string[];
  readonly previous?: string;
  readonly key?: readonly string[];
  readonly passphraseFile?: string;
  readonly out?: string;
}

const EXAMPLES: { readonly [K in Kind]: string } = {
  training: '--file training.yaml --subject ./my-model',
  evaluation:
    '--subject model.bin --operator op-eu --log eu.example.org/log --region eu-central-1 --jurisdiction DEU --evaluator https://lab.example/ --suite "held-out rows" --sample-size 1000 --claim "accuracy 931000 >= 900000" --assurance-level self_attested',
  deployment: '--file deployment.yaml --subject ./my-model --shard-size 100000000',
  usage:
    '--file usage.yaml --previous last.envelope.json --from 2026-10-01T11:00:00Z --to 2026-10-01T12:00:00Z --requests 12 --input-uncached 340 --output-visible 56',
  revocation: '--file context.yaml --subject model.bin --reason defective',
};

export function stateCommand(): Command {
  const command = defineCommand({
    name: 'state',
    summary: 'build and sign a statement about a model',
    description:
      'Builds and signs a statement about a model. What it says is printed in plain words before it is signed.',
    examples: [
      'attestry state usage --example > usage.yaml',
      'attestry state usage --file usage.yaml --key op-eu.key --out envelope.json',
    ],
  });
  for (const kind of KINDS) command.addCommand(kindCommand(kind));
  return command;
}

function kindCommand(kind: Kind): Command {
  const command = defineCommand({
    name: kind,
    summary: `sign a ${kind} statement`,
    description: `Signs a ${kind} statement, from flags, from a JSON or YAML file with subject and predicate, or from both: flags win.`,
    examples: [
      `attestry state ${kind} ${EXAMPLES[kind]} --key op-eu.key --out ${kind}.envelope.json`,
    ],
  })
    .option('--file <file>', 'description with subject and predicate; - for standard input')
    .option('--example', 'print a description to begin with, and nothing else')
    .option('--subject <path>', 'a model: file or folder (repeatable)', repeated)
    .option('--sha256 <digest>', 'the model by its digest, with --name')
    .option('--name <name>', "the model's name (the file's or folder's own unless told)")
    .option('--shard-size <bytes>', 'commit to the shards of the model as well', wholeNumber(1))
    .option('--ignore <path>', 'leave out a path of the folder (repeatable)', repeated)
    .option('--key <file>', "the operator's key (repeatable)", repeated)
    .addOption(passphraseFileOption())
    .option('--out <file>', 'where the envelope goes (standard output unless told)');
  if (kind === 'usage') {
    command.option('--previous <file>', "envelope of the meter's statement before this one");
  }
  for (const flag of [...CONTEXT_FLAGS, ...STATEMENT_FLAGS[kind]])
    command.addOption(optionOf(flag));
  return command.action(async (flags: StateFlags) => state(kind, flags));
}

function optionOf({ flag, help, isList, isRecord }: StatementFlag): Option {
  const option = new Option(flag, help);
  return isList === true || isRecord === true ? option.argParser(repeated) : option;
}

async function state(kind: Kind, flags: StateFlags): Promise<void> {
  if (flags.example === true) {
    process.stdout.write(STATEMENT_EXAMPLES[kind]);
    return;
  }
  const keyFiles = required(flags.key, '--key <file>');
  const next = await readNext(flags.previous);
  const statement = draftStatement({
    kind,
    described:
      flags.file === undefined ? {} : await readDescription(flags.file, 'STATEMENT_MALFORMED'),
    subject: await readSubjects(flags),
    fields: fieldsFrom(kind, flags),
    now: Math.floor(Date.now() / 1000),
    ...(next === undefined ? {} : { next }),
  });
  tell(...describeStatement(statement));
  const keys = [];
  for (const file of keyFiles) keys.push(await openKey(file, flags));
  const envelope = signStatement(
    statement,
    keys.map(({ seed }) => seed),
  );
  await writeResult(flags.out, envelope.entry);
  const keyIds = keys.map(({ publicKey }) => `${keyIdOf(publicKey).slice(0, 16)}…`);
  tell(`Signed with ${keyIds.join(' and ')}; entry hash ${encodeHex(leafHash(envelope.entry))}.`);
}

async function readNext(previous: string | undefined): Promise<NextUsage | undefined> {
  if (previous === undefined) return undefined;
  return nextUsage(parseEnvelope(await readInput(previous, LARGEST_ENTRY_BYTES)));
}

async function readSubjects(flags: StateFlags): Promise<readonly Subject[]> {
  const { subject: paths = [], sha256, name, shardSize, ignore } = flags;
  if (sha256 !== undefined) {
    if (paths.length > 0) throw usageError('--sha256 and --subject exclude each other');
    return [{ name: required(name, '--name <name>'), digest: { sha256 } }];
  }
  if (name !== undefined && paths.length !== 1)
    throw usageError('--name needs exactly one --subject');
  const subjects: Subject[] = [];
  for (const path of paths) {
    const model = await digestWithProgress(path, {
      ...(shardSize === undefined ? {} : { shardSize }),
      ...(ignore === undefined ? {} : { ignorePaths: ignore }),
    });
    subjects.push(subjectOf(model, name));
  }
  return subjects;
}

/** The fields that flags fill, with their place in the predicate. */
function fieldsFrom(kind: Kind, flags: StateFlags): readonly DraftField[] {
  const inContext = CONTEXT_FLAGS.map((flag) => ({
    ...flag,
    path: [...contextPath(kind), ...flag.path],
  }));
  return [...inContext, ...STATEMENT_FLAGS[kind]].flatMap((flag) => {
    const value = flags[optionOf(flag).attributeName()];
    return value === undefined ? [] : [{ path: flag.path, value: readValue(flag, value) }];
  });
}

function readValue(
  { read = (text) => text, isList, isRecord }: StatementFlag,
  value: unknown,
): unknown {
  const texts = Array.isArray(value) ? value.map(String) : [String(value)];
  if (isRecord === true) return Object.fromEntries(texts.map(readPair));
  return isList === true ? texts.map(read) : read(texts[0] as string);
}
