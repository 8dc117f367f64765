import type { AttestryErrorCode } from '../../errors.ts';

/** A check that did not hold, and where. */
export interface Problem {
  readonly code: AttestryErrorCode;
  readonly message: string;
  /** The log that it concerns, or null where it concerns the whole. */
  readonly origin: string | null;
}
