import type { AttestryErrorCode } from '../../errors.ts';
import type { VerifiedFinding } from '../finding/verify.ts';

/** A check that did not hold, and where. */
export interface Problem {
  readonly code: AttestryErrorCode;
  readonly message: string;
  /** The log that it concerns, or null where it concerns the whole. */
  readonly origin: string | null;
}

/** What a finding proves, as problems: one for each party that it accuses. */
export function problemsOf({ finding, further, ...main }: VerifiedFinding): readonly Problem[] {
  return [main, ...further].map(({ code, sentence }) => ({
    code,
    message: sentence,
    origin: finding.origin,
  }));
}
