/** Passphrases of key files: from a file, the environment, or the person at the terminal; never from a flag, which others can see. */
import { readLocalFile } from '../client/local-file.ts';
import { decodeUtf8 } from '../core/bytes/utf8.ts';
import { AttestryError } from '../errors.ts';
import { type OpenedKey, readKeyFile } from '../keys/key-file.ts';

const PASSPHRASE_ENV = 'ATTESTRY_PASSPHRASE';
const LARGEST_PASSPHRASE_BYTES = 4096;

export interface PassphraseOptions {
  readonly passphraseFile?: string;
}

/** The key in a file; asks for its passphrase only if the file is encrypted. @throws what `readKeyFile` throws */
export async function openKey(path: string, options: PassphraseOptions): Promise<OpenedKey> {
  const given = await givenPassphrase(options);
  if (given !== undefined) return await readKeyFile(path, { passphrase: given });
  try {
    return await readKeyFile(path);
  } catch (error) {
    const isEncrypted = error instanceof AttestryError && error.code === 'PASSPHRASE_WRONG';
    if (!isEncrypted || !hasTerminal()) throw error;
  }
  return await readKeyFile(path, { passphrase: await ask(`Passphrase of ${path}`) });
}

/** A passphrase for a new key file. @throws CONFIG_INVALID where there is nobody to ask */
export async function newPassphrase(options: PassphraseOptions): Promise<string> {
  const given = await givenPassphrase(options);
  if (given !== undefined) return given;
  if (!hasTerminal()) {
    throw invalid(
      `a passphrase: give --passphrase-file or ${PASSPHRASE_ENV}, or --no-passphrase for a key in the clear`,
    );
  }
  const passphrase = await ask('Passphrase for the new key file');
  if (passphrase === '') throw invalid('a passphrase of at least one character');
  if ((await ask('The same again')) === passphrase) return passphrase;
  throw invalid('the same passphrase twice');
}

async function givenPassphrase(options: PassphraseOptions): Promise<string | undefined> {
  const { passphraseFile } = options;
  if (passphraseFile === undefined) return process.env[PASSPHRASE_ENV];
  const text = decodeUtf8(await readLocalFile(passphraseFile, LARGEST_PASSPHRASE_BYTES));
  // Editors end a file with a newline; no passphrase does.
  return text.replace(/\r?\n$/, '');
}

function hasTerminal(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

async function ask(message: string): Promise<string> {
  const { isCancel, password } = await import('@clack/prompts');
  const answer = await password({ message, output: process.stderr });
  if (isCancel(answer)) throw invalid('a passphrase, got none');
  return answer;
}

function invalid(expected: string): AttestryError {
  return new AttestryError('CONFIG_INVALID', `Expected ${expected}.`);
}
