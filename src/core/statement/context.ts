/** The common block of every predicate: who says this, for which log, from where, when. */
import { label, object, type Reader, time } from '../bytes/shape.ts';

export interface Context {
  /** RFC 3339 UTC: when the operator signed. */
  readonly issuedAt: string;
  /** ISO 3166-1 alpha-3 code or a union's usual name: the law that applies where the work was done. */
  readonly jurisdiction: string;
  /** Origin of the one log that this statement is meant for: no replay elsewhere. */
  readonly log: string;
  /** The operator's id in the trust root. */
  readonly operator: string;
  /** Cloud region, as the operator names it. */
  readonly region: string;
}

export const context: Reader<Context> = object<Context>({
  issuedAt: time,
  jurisdiction: label,
  log: label,
  operator: label,
  region: label,
});
