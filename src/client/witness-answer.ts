/** What a witness's answer to add-checkpoint means, by c2sp.org/tlog-witness and by what deployed witnesses do. */
import { parseDecimal } from '../core/bytes/decimal.ts';
import { quote } from '../core/bytes/hex.ts';
import { decodeUtf8 } from '../core/bytes/utf8.ts';
import { type NoteSignature, parseSignatureLines } from '../core/note/note.ts';
import { AttestryError, type AttestryErrorCode } from '../errors.ts';
import type { BoundedResponse } from './bounded-fetch.ts';

/** Signature lines, or the size that the witness cosigned last. */
export type WitnessAnswer =
  | { readonly lines: readonly NoteSignature[]; readonly conflict?: never }
  | { readonly conflict: number };

export interface WitnessExchange {
  /** Name of the witness. */
  readonly witness: string;
  /** What was sent: the checkpoint's size and the size it was proved from. */
  readonly size: number;
  readonly oldSize: number;
  readonly response: BoundedResponse;
}

/**
 * @throws WITNESS_ORIGIN_UNKNOWN, WITNESS_PROOF_INVALID, REQUEST_MALFORMED, RESPONSE_INVALID; RATE_LIMITED and
 * PEER_UNAVAILABLE, whose details have `retryAfterSeconds` if the witness gave it
 */
export function readWitnessAnswer(exchange: WitnessExchange): WitnessAnswer {
  const { status } = exchange.response;
  if (status === 200) return { lines: readText(exchange, parseSignatureLines) };
  if (status === 409) return { conflict: readConflict(exchange) };
  if (status === 422) {
    throw refusal(exchange, 'WITNESS_PROOF_INVALID', 'refuses the consistency proof');
  }
  // Some witnesses say 403 where they do not know the log; a signature that we made ourselves is right.
  if (status === 403 || status === 404) {
    throw refusal(exchange, 'WITNESS_ORIGIN_UNKNOWN', 'does not know this log or its key');
  }
  if (status === 429) throw refusal(exchange, 'RATE_LIMITED', 'asks to be asked later');
  if (status === 400 || status === 413) {
    throw refusal(exchange, 'REQUEST_MALFORMED', 'does not take the request');
  }
  if (status >= 500) throw refusal(exchange, 'PEER_UNAVAILABLE', 'is in trouble');
  throw refusal(exchange, 'RESPONSE_INVALID', 'answers with a status that has no meaning here');
}

function readConflict(exchange: WitnessExchange): number {
  const { response, oldSize, size } = exchange;
  if (response.body.length > 0) {
    const cosigned = readText(exchange, (text) => parseDecimal(text.replace(/\n$/, '')));
    if (cosigned !== oldSize) return cosigned;
    throw refusal(exchange, 'RESPONSE_INVALID', `denies the size ${oldSize} that it names itself`);
  }
  // Deployed witnesses answer so, instead of 422, when they cosigned another root of this size.
  if (oldSize === size) {
    throw refusal(exchange, 'WITNESS_PROOF_INVALID', `has cosigned another root of size ${size}`);
  }
  throw refusal(exchange, 'RESPONSE_INVALID', 'reports a conflict without a size');
}

function readText<T>(exchange: WitnessExchange, parse: (text: string) => T): T {
  try {
    return parse(decodeUtf8(exchange.response.body));
  } catch (cause) {
    if (!(cause instanceof AttestryError)) throw cause;
    throw refusal(exchange, 'RESPONSE_INVALID', 'answers with a body it must not have', cause);
  }
}

function refusal(
  { witness, response }: WitnessExchange,
  code: AttestryErrorCode,
  what: string,
  cause?: unknown,
): AttestryError {
  const { status, headers } = response;
  const retryAfter = /^[0-9]{1,5}$/.exec(headers.get('retry-after') ?? '')?.[0];
  return new AttestryError(code, `Witness ${quote(witness)} ${what} (status ${status}).`, {
    cause,
    details: {
      witness,
      status,
      ...(retryAfter === undefined ? {} : { retryAfterSeconds: Number(retryAfter) }),
    },
  });
}
