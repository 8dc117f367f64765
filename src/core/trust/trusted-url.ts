/** The addresses that a trust root may name. */
import { AttestryError } from '../../errors.ts';

/** An http or https address without user, query and fragment. @throws TRUST_MALFORMED */
export function parseTrustedUrl(text: string): string {
  if (/^https?:\/\/[^\s/?#@]+(?:\/[^\s?#]*)?$/.test(text) && URL.canParse(text)) return text;
  throw new AttestryError(
    'TRUST_MALFORMED',
    `Expected an http or https URL without query, got ${text}.`,
  );
}
