/** Portable inclusion proofs, c2sp.org/tlog-proof@v1. */
import { AttestryError } from '../../errors.ts';
import { decodeBase64, encodeBase64 } from '../bytes/base64.ts';
import { parseDecimal } from '../bytes/decimal.ts';
import { formatHashLines, parseHashLines } from './proof-lines.ts';

export interface TlogProof {
  /** The leaf's number, from 0. */
  readonly index: number;
  /** Leaf's sibling first, root's child last. */
  readonly proof: readonly Uint8Array[];
  /** The checkpoint's signed note, verbatim. */
  readonly checkpoint: string;
  /** Unauthenticated application data. */
  readonly extra?: Uint8Array;
}

const HEADER = 'c2sp.org/tlog-proof@v1';

/** @throws PROOF_MALFORMED */
export function parseTlogProof(text: string): TlogProof {
  const divide = text.indexOf('\n\n');
  const lines = divide < 0 ? [] : text.slice(0, divide).split('\n');
  const checkpoint = text.slice(divide + 2);
  if (lines.shift() !== HEADER || checkpoint === '') {
    throw malformed(`"${HEADER}", an index, hashes, a blank line and a checkpoint`);
  }
  try {
    const extra = takeField(lines, 'extra ');
    const index = takeField(lines, 'index ');
    if (index === undefined) throw malformed('a line "index <number>"');
    const proof = { index: parseDecimal(index), proof: parseHashLines(lines), checkpoint };
    return extra === undefined ? proof : { ...proof, extra: decodeBase64(extra) };
  } catch (cause) {
    if (cause instanceof AttestryError && cause.code === 'PROOF_MALFORMED') throw cause;
    throw malformed('canonical numbers, hashes and base64', cause);
  }
}

export function formatTlogProof(proof: TlogProof): string {
  const head = formatTlogProofHead(proof.index, proof.extra);
  return `${head}${formatHashLines(proof.proof)}\n${proof.checkpoint}`;
}

/** The lines before the hashes. */
export function formatTlogProofHead(index: number, extra?: Uint8Array): string {
  const extraLine = extra === undefined ? '' : `extra ${encodeBase64(extra)}\n`;
  return `${HEADER}\n${extraLine}index ${index}\n`;
}

function takeField(lines: string[], prefix: string): string | undefined {
  return lines[0]?.startsWith(prefix) ? lines.shift()?.slice(prefix.length) : undefined;
}

function malformed(expected: string, cause?: unknown): AttestryError {
  return new AttestryError('PROOF_MALFORMED', `Expected a tlog proof with ${expected}.`, { cause });
}
