/** What the disk and the database throw, in this project's codes. */
import { AttestryError } from '../errors.ts';

/**
 * The error to throw when a storage operation failed with `cause`: STORE_LOCKED, STORE_CORRUPT or STORE_FAILED.
 * An AttestryError comes back as it is. `what` completes the sentence "Could not …".
 */
export function storeFailure(what: string, cause: unknown): AttestryError {
  if (cause instanceof AttestryError) return cause;
  const codes = codesOf(cause);
  if (codes.includes('LEVEL_LOCKED')) {
    return new AttestryError(
      'STORE_LOCKED',
      `Could not ${what}: another process holds it. Stop that process; never copy the folder to run a second one.`,
      { cause },
    );
  }
  if (codes.includes('LEVEL_CORRUPTION')) {
    return new AttestryError(
      'STORE_CORRUPT',
      `Could not ${what}: the database files are damaged. Restore them, or rebuild from a mirror.`,
      { cause },
    );
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AttestryError(
    'STORE_FAILED',
    `Could not ${what}: ${reason}. Check the disk, then start the node again.`,
    { cause },
  );
}

/** The error for a row that must be there, or must decode, and does not. */
export function storeCorrupt(what: string, cause?: unknown): AttestryError {
  return new AttestryError(
    'STORE_CORRUPT',
    `${what}. The database is damaged: restore it, or rebuild it from a mirror.`,
    { cause },
  );
}

// abstract-level wraps: LEVEL_DATABASE_NOT_OPEN outside, the reason (LEVEL_LOCKED, LEVEL_CORRUPTION) in its cause.
function codesOf(cause: unknown): string[] {
  const codes: string[] = [];
  for (let error = cause; error instanceof Error; error = error.cause) {
    if ('code' in error && typeof error.code === 'string') codes.push(error.code);
  }
  return codes;
}
