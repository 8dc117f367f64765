/** attestry keygen: a new Ed25519 key. */
import { randomBytes } from 'node:crypto';
import { type Command, Option } from 'commander';
import { encodeHex } from '../../core/bytes/hex.ts';
import { publicKeyOf } from '../../core/note/ed25519.ts';
import { formatVkey, makeVkey, SIGNATURE_TYPE } from '../../core/note/vkey.ts';
import { keyIdOf } from '../../core/statement/dsse.ts';
import { writeKeyFile } from '../../keys/key-file.ts';
import { defineCommand, jsonOption, passphraseFileOption } from '../command.ts';
import { newPassphrase } from '../passphrase.ts';
import { formatPairs, say, sayJson } from '../terminal.ts';

interface KeygenOptions {
  readonly name: string;
  readonly type: 'log' | 'witness' | 'verifier' | 'operator' | 'root';
  readonly out: string;
  readonly passphraseFile?: string;
  /** False with --no-passphrase. */
  readonly passphrase: boolean;
  readonly json?: boolean;
}

const SEED_BYTES = 32;

export function keygenCommand(): Command {
  return defineCommand({
    name: 'keygen',
    summary: 'make a key for a log, a witness, a verifier, an operator or a trust root',
    description:
      'Makes a key. The file is encrypted with a passphrase; what is printed may be told to everyone.',
    examples: [
      'attestry keygen --type log --name eu.example.org/log --out eu.key',
      'attestry keygen --type operator --name https://op-eu.example/ --out op-eu.key',
    ],
  })
    .addOption(
      new Option('--type <role>', 'what the key signs for')
        .choices(['log', 'witness', 'verifier', 'operator', 'root'])
        .makeOptionMandatory(),
    )
    .requiredOption(
      '--name <name>',
      "a log's origin, a witness's or verifier's name, an operator's id, a holder of a root key; no spaces or plus signs",
    )
    .requiredOption('--out <file>', 'the key file; never written over')
    .addOption(passphraseFileOption())
    .option('--no-passphrase', 'leave the key in the clear, readable by you alone')
    .addOption(jsonOption())
    .action(async (options: KeygenOptions) => keygen(options));
}

async function keygen(options: KeygenOptions): Promise<void> {
  const { name, type, out } = options;
  const seed = new Uint8Array(randomBytes(SEED_BYTES));
  const cosigns = type === 'witness' || type === 'verifier';
  const signatureType = cosigns ? SIGNATURE_TYPE.cosignature : SIGNATURE_TYPE.ed25519;
  const publicKey = publicKeyOf(seed);
  const vkey = formatVkey(makeVkey(name, signatureType, publicKey));
  const passphrase = options.passphrase ? await newPassphrase(options) : undefined;
  await writeKeyFile(
    out,
    { name, type: signatureType, seed },
    passphrase === undefined ? {} : { passphrase },
  );
  const made = {
    file: out,
    encrypted: passphrase !== undefined,
    type,
    name,
    publicKey: encodeHex(publicKey),
    ...(type === 'operator' || type === 'root' ? { keyid: keyIdOf(publicKey) } : { vkey }),
  };
  if (options.json === true) sayJson(made);
  else {
    const { encrypted, ...shown } = made;
    say(`A new ${type} key, ${encrypted ? 'encrypted' : 'in the clear'}. Keep a copy of the file.`);
    say(formatPairs(Object.entries(shown)));
  }
}
