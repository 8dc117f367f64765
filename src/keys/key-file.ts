/**
 * Secret keys on disk: one line `PRIVATE+KEY+<name>+<8 hex of key ID>+<base64(type ‖ seed)>`, the signer key of Go's
 * sumdb notes, in the clear or inside an armored age file under a passphrase (`age -d` opens it too).
 */
import { type FileHandle, open } from 'node:fs/promises';
import { decodeBase64, encodeBase64 } from '../core/bytes/base64.ts';
import { concatBytes } from '../core/bytes/equal.ts';
import { encodeHex } from '../core/bytes/hex.ts';
import { decodeUtf8, encodeUtf8 } from '../core/bytes/utf8.ts';
import { type PublicKey, publicKeyOf } from '../core/note/ed25519.ts';
import {
  makeVkey,
  type NoteSigner,
  SIGNATURE_TYPE,
  type SignatureType,
  type VerifierKey,
} from '../core/note/vkey.ts';
import { AttestryError } from '../errors.ts';
import { createFile } from '../store/durable-file.ts';

export interface SecretKey {
  readonly name: string;
  readonly type: SignatureType;
  /** 32 bytes. */
  readonly seed: Uint8Array;
}

/** A key out of its file, with what it signs for: also a `NoteSigner`. */
export interface OpenedKey extends SecretKey, NoteSigner {
  readonly publicKey: PublicKey;
}

export interface WriteKeyOptions {
  /** Encrypts the file; without it the seed stands in the clear, for this user's eyes only. */
  readonly passphrase?: string;
  /** Base-2 logarithm of scrypt's cost, 1 to 20; 18 takes about a second. Only tests go lower. */
  readonly scryptLogN?: number;
}

export interface ReadKeyOptions {
  /** Opens an encrypted file; a file in the clear does not need it, and then it is not looked at. */
  readonly passphrase?: string;
}

const OWNER_ONLY = 0o600;
const OTHERS = 0o077;
const SEED_LENGTH = 32;
const LARGEST_FILE = 8192;
const ARMOR_HEAD = '-----BEGIN AGE ENCRYPTED FILE-----';
const KEY_LINE = /^PRIVATE\+KEY\+([^+\n]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)\n?$/;
// What age-encryption says when scrypt gave a key that does not open the file; it has no codes.
const AGE_WRONG_PASSPHRASE = "no identity matched any of the file's recipients";

/**
 * Writes a new key file, readable by its owner only; never over a file.
 * @throws FILE_UNREADABLE, VKEY_MALFORMED, and CONFIG_INVALID for an empty passphrase
 */
export async function writeKeyFile(
  path: string,
  key: SecretKey,
  options: WriteKeyOptions = {},
): Promise<void> {
  const line = formatKeyLine(key);
  const { passphrase } = options;
  if (passphrase === '') {
    throw new AttestryError(
      'CONFIG_INVALID',
      'Expected a passphrase of at least one character, or none for a file in the clear.',
    );
  }
  const text = passphrase === undefined ? line : await encrypt(line, { ...options, passphrase });
  try {
    await createFile(path, encodeUtf8(text), OWNER_ONLY);
  } catch (cause) {
    throw unreadable(`Could not write the key file ${path}`, cause);
  }
}

/** The key in a file. @throws FILE_UNREADABLE, KEY_FILE_EXPOSED, KEY_FILE_MALFORMED, PASSPHRASE_WRONG */
export async function readKeyFile(path: string, options: ReadKeyOptions = {}): Promise<OpenedKey> {
  const text = await readPrivately(path);
  if (!text.startsWith(ARMOR_HEAD)) return parseKeyLine(text, path);
  return parseKeyLine(await decrypt(text, path, options.passphrase), path);
}

function formatKeyLine({ name, type, seed }: SecretKey): string {
  if (seed.length !== SEED_LENGTH) {
    throw new RangeError(`Expected a seed of ${SEED_LENGTH} bytes, got ${seed.length}.`);
  }
  const { keyId } = makeVkey(name, type, publicKeyOf(seed));
  const secret = encodeBase64(concatBytes(Uint8Array.of(type), seed));
  return `PRIVATE+KEY+${name}+${encodeHex(keyId)}+${secret}\n`;
}

function parseKeyLine(text: string, path: string): OpenedKey {
  const [, name, keyIdHex, secretText] = KEY_LINE.exec(text) ?? [];
  if (name === undefined || keyIdHex === undefined || secretText === undefined) {
    throw malformed(path, 'one line PRIVATE+KEY+<name>+<key ID>+<base64>');
  }
  const { type, seed } = parseSecret(secretText, path);
  const publicKey = publicKeyOf(seed);
  const vkey = nameKey({ name, type, publicKey }, path);
  // The key ID commits to name, type and key: it finds a digit that was mistyped or damaged.
  if (encodeHex(vkey.keyId) !== keyIdHex) {
    throw malformed(path, `key ID ${encodeHex(vkey.keyId)} for its name and key, got ${keyIdHex}`);
  }
  return { name, type, seed, publicKey, vkey };
}

function parseSecret(text: string, path: string): { type: SignatureType; seed: Uint8Array } {
  let bytes: Uint8Array;
  try {
    bytes = decodeBase64(text);
  } catch {
    // Without the cause: it quotes the text, and the text is the secret.
    throw malformed(path, 'canonical base64 after the key ID');
  }
  const type = Object.values(SIGNATURE_TYPE).find((known) => known === bytes[0]);
  if (type === undefined || bytes.length !== 1 + SEED_LENGTH) {
    throw malformed(path, 'a key type of 1 or 4 and a seed of 32 bytes');
  }
  return { type, seed: bytes.slice(1) };
}

function nameKey(key: Omit<VerifierKey, 'keyId'>, path: string): VerifierKey {
  try {
    return makeVkey(key.name, key.type, key.publicKey);
  } catch (cause) {
    throw malformed(path, 'a key name that can stand in a signed note', cause);
  }
}

async function readPrivately(path: string): Promise<string> {
  const bytes = await readBytes(path);
  try {
    return decodeUtf8(bytes);
  } catch (cause) {
    throw malformed(path, 'text', cause);
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const stat = await file.stat();
    if (!stat.isFile()) throw unreadable(`Could not read the key file ${path}`, 'it is no file');
    const { mode, size } = stat;
    // Asked of the open file, so that nobody swaps it in between. Windows keeps its rights elsewhere.
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0) throw exposed(path, mode);
    if (size > LARGEST_FILE) throw malformed(path, `at most ${LARGEST_FILE} bytes, got ${size}`);
    return await file.readFile();
  } catch (cause) {
    if (cause instanceof AttestryError) throw cause;
    throw unreadable(`Could not read the key file ${path}`, cause);
  } finally {
    await file?.close();
  }
}

// Takes a tenth of a second to load, which only encrypted files are worth.
function loadAge(): Promise<typeof import('age-encryption')> {
  return import('age-encryption');
}

async function encrypt(
  line: string,
  options: WriteKeyOptions & { passphrase: string },
): Promise<string> {
  const { armor, Encrypter } = await loadAge();
  const encrypter = new Encrypter();
  encrypter.setPassphrase(options.passphrase);
  if (options.scryptLogN !== undefined) encrypter.setScryptWorkFactor(options.scryptLogN);
  return armor.encode(await encrypter.encrypt(line));
}

async function decrypt(
  text: string,
  path: string,
  passphrase: string | undefined,
): Promise<string> {
  if (passphrase === undefined) {
    throw new AttestryError(
      'PASSPHRASE_WRONG',
      `The key file ${path} is encrypted and no passphrase was given; give it.`,
    );
  }
  const { armor, Decrypter } = await loadAge();
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  try {
    return await decrypter.decrypt(armor.decode(text), 'text');
  } catch (cause) {
    if (cause instanceof Error && cause.message === AGE_WRONG_PASSPHRASE) {
      throw new AttestryError(
        'PASSPHRASE_WRONG',
        `The passphrase does not open the key file ${path}; try again.`,
      );
    }
    throw malformed(path, 'an undamaged age file', cause);
  }
}

function exposed(path: string, mode: number): AttestryError {
  return new AttestryError(
    'KEY_FILE_EXPOSED',
    `Expected the key file ${path} to be its owner's alone, got mode ${(mode & 0o777).toString(8)}. Run chmod 600 on it, and replace the key if others use this machine.`,
  );
}

function malformed(path: string, expected: string, cause?: unknown): AttestryError {
  return new AttestryError(
    'KEY_FILE_MALFORMED',
    `Expected ${expected} in the key file ${path}; restore it from a copy.`,
    { cause },
  );
}

function unreadable(what: string, cause: unknown): AttestryError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AttestryError('FILE_UNREADABLE', `${what}: ${reason}.`, { cause });
}
