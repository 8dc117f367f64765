/** What commands read and write: files, standard input, the trust root, descriptions in JSON or YAML. */
import { readLocalFile, writeLocalFile } from '../client/local-file.ts';
import { decodeUtf8 } from '../core/bytes/utf8.ts';
import { describeTolerance, verifyTolerance } from '../core/trust/tolerance.ts';
import { parseTrustRoot, type TrustRoot } from '../core/trust/trust-root.ts';
import { verifyTrustRootUpdate } from '../core/trust/update.ts';
import { AttestryError, type AttestryErrorCode } from '../errors.ts';
import { opensslEngine } from '../keys/openssl-engine.ts';
import { unixNow } from './command.ts';
import { tell } from './terminal.ts';

export const LARGEST_TRUST_BYTES = 16 * 1024 * 1024;
const LARGEST_DESCRIPTION_BYTES = 1024 * 1024;

/** The bytes of a file, or of standard input for `-`. @throws FILE_UNREADABLE, INPUT_TOO_LARGE */
export async function readInput(path: string, maxBytes: number): Promise<Uint8Array> {
  if (path !== '-') return await readLocalFile(path, maxBytes);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    const bytes: Uint8Array = Buffer.from(chunk);
    chunks.push(bytes);
    length += bytes.length;
    if (length > maxBytes) {
      throw new AttestryError(
        'INPUT_TOO_LARGE',
        `Expected at most ${maxBytes} bytes on standard input, got more.`,
      );
    }
  }
  return Buffer.concat(chunks);
}

/** What `addTrustOptions` gives. */
export interface TrustFlags {
  readonly trust: string;
  readonly trustDigest?: string;
  readonly trustFrom?: readonly string[];
  readonly acceptWeakQuorum?: boolean;
}

/**
 * The trust root that a command goes by; tells what its quorums tolerate. It must have the digest, and follow the versions,
 * that the flags name. @throws FILE_UNREADABLE, INPUT_TOO_LARGE, TRUST_*, JSON_*, SIGNATURE_*
 */
export async function readTrust(flags: TrustFlags): Promise<TrustRoot> {
  const steps: TrustRoot[] = [];
  for (const path of [...(flags.trustFrom ?? []), flags.trust]) {
    const bytes = await readLocalFile(path, LARGEST_TRUST_BYTES);
    const before = steps.at(-1);
    steps.push(
      before === undefined
        ? parseTrustRoot(bytes, opensslEngine)
        : verifyTrustRootUpdate(before, bytes, opensslEngine),
    );
  }
  const trust = steps.at(-1) as TrustRoot;
  if (flags.trustDigest !== undefined) verifyDigest(trust, flags.trustDigest);
  const now = unixNow();
  tell(
    `Trust root ${trust.digest.slice(0, 16)}…, version ${trust.version}. ${describeTolerance(trust, now).join(' ')}`,
  );
  return flags.acceptWeakQuorum === true ? trust : verifyTolerance(trust, now);
}

function verifyDigest(trust: TrustRoot, digest: string): void {
  if (trust.digest === digest) return;
  throw new AttestryError(
    'TRUST_DIGEST_MISMATCH',
    `Expected trust root ${digest}, got version ${trust.version} with digest ${trust.digest}.`,
  );
}

/** The value of a JSON or YAML file that a person wrote. @throws FILE_UNREADABLE, INPUT_TOO_LARGE, and `code` where it is neither */
export async function readDescription(path: string, code: AttestryErrorCode): Promise<unknown> {
  const text = decodeUtf8(await readInput(path, LARGEST_DESCRIPTION_BYTES));
  // Loaded here, since few commands read descriptions and it takes a while.
  const { parse: parseYaml } = await import('yaml');
  try {
    // JSON is YAML too, and this parser refuses duplicate keys, which JSON.parse merges.
    return parseYaml(text, { maxAliasCount: 0 });
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message.split('\n', 1)[0] : '';
    throw new AttestryError(code, `Expected JSON or YAML in ${path}: ${problem}`, { cause });
  }
}

/** Writes a result to `out`, or to standard output where there is none, with a newline for whoever looks. @throws FILE_UNREADABLE */
export async function writeResult(out: string | undefined, bytes: Uint8Array): Promise<void> {
  if (out !== undefined) return await writeLocalFile(out, bytes);
  process.stdout.write(bytes);
  if (process.stdout.isTTY === true) process.stdout.write('\n');
}
