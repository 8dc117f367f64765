/** One vector: a file of JSON, named for the attack, with what a verifier must say about it. */
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import { type AttestryErrorCode, type Outcome, outcomeOf } from '../../src/errors.ts';

export interface VectorFile {
  /** Below test/vectors. */
  readonly path: string;
  /** The file's bytes. */
  readonly text: string;
}

export interface Verdict {
  readonly desc: string;
  /** The one code that the input must end with; null where it must be accepted. */
  readonly wantCode: AttestryErrorCode | null;
}

/** A vector of any fields, with the wanted outcome that goes with its code. */
export function makeVector(folder: string, verdict: Verdict, fields: object): VectorFile {
  const { desc, wantCode } = verdict;
  const want: Outcome = wantCode === null ? 'VALID' : outcomeOf(wantCode);
  return {
    path: `${folder}/${desc.replaceAll(/[^A-Za-z0-9+]+/g, '-')}.json`,
    text: `${JSON.stringify({ desc, ...fields, want, wantCode }, null, 1)}\n`,
  };
}

/** The input as text where it is printable UTF-8, else as base64. */
export function inputOf(bytes: Uint8Array): { input: string } | { inputBase64: string } {
  const text = Buffer.from(bytes).toString('utf8');
  const printable = Buffer.from(text, 'utf8').equals(bytes) && !/[^\P{C}\n]/u.test(text);
  return printable ? { input: text } : { inputBase64: encodeBase64(bytes) };
}
