/** From an entry to its leaves: the step that makes a tally a function of a log's entries. */
import { AttestryError } from '../../errors.ts';
import { type HashLeaf, leafHash } from '../merkle/hash.ts';
import { parseEnvelope } from '../statement/envelope.ts';
import { parseStatement, type Statement } from '../statement/statement.ts';
import { keysOf } from './key.ts';
import type { TallyLeaf } from './node.ts';
import { sumsOf } from './sums.ts';

/**
 * The leaves of the entry at an index, one for each model of its statement. An entry that is no statement (admission must
 * refuse it, and a verifier reports it) has none, so that there is a tally whatever a log takes in.
 */
export function leavesOf(
  entry: Uint8Array,
  index: number,
  hashLeaf: HashLeaf = leafHash,
): TallyLeaf[] {
  try {
    const statement = parseStatement(parseEnvelope(entry).payload);
    return leavesOfStatement(statement, index, hashLeaf(entry));
  } catch (error) {
    if (error instanceof AttestryError) return [];
    throw error;
  }
}

/** The leaves of an entry whose statement is at hand. */
export function leavesOfStatement(
  statement: Statement,
  index: number,
  entryHash: Uint8Array,
): TallyLeaf[] {
  const sums = sumsOf(statement);
  return keysOf(statement, index).map((key) => ({ key, entryHash, sums }));
}
