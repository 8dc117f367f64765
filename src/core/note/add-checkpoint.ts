/** The body of `POST /add-checkpoint`, c2sp.org/tlog-witness. */
import { AttestryError } from '../../errors.ts';
import { parseDecimal } from '../bytes/decimal.ts';
import { formatHashLines, parseHashLines } from './proof-lines.ts';

export interface AddCheckpointRequest {
  /** The size that the witness cosigned last, 0 if never. */
  readonly oldSize: number;
  /** From `oldSize` to the checkpoint; empty when `oldSize` is 0. */
  readonly proof: readonly Uint8Array[];
  /** The signed note. */
  readonly checkpoint: string;
}

/** @throws REQUEST_MALFORMED, DECIMAL_MALFORMED, HASH_MALFORMED */
export function parseAddCheckpoint(body: string): AddCheckpointRequest {
  const divide = body.indexOf('\n\n');
  const [first = '', ...hashes] = divide < 0 ? [] : body.slice(0, divide).split('\n');
  if (!first.startsWith('old ')) {
    throw new AttestryError(
      'REQUEST_MALFORMED',
      'Expected "old <size>", lines of hashes, a blank line and a checkpoint.',
    );
  }
  return {
    oldSize: parseDecimal(first.slice(4)),
    proof: parseHashLines(hashes),
    checkpoint: body.slice(divide + 2),
  };
}

export function formatAddCheckpoint(request: AddCheckpointRequest): string {
  return `old ${request.oldSize}\n${formatHashLines(request.proof)}\n${request.checkpoint}`;
}
