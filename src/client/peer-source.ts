/** Another verifier on the network, as a verifier asks it: each answer with the bytes that it can have, none of them believed. */
import type { Json } from '../core/bytes/json.ts';
import { anyText, array, digest, label, type Reader, readShape } from '../core/bytes/shape.ts';
import type { ListedFinding, PeerSource } from '../verifier/peer-source.ts';
import { type ResourceOptions, resourcesBelow } from './resources.ts';
import { parseVerifierAnswer } from './verifier-answer.ts';

/** Notes of one log in one answer, each with the cosignatures of up to 256 witnesses. */
const MOST_NOTES = 64;
const LARGEST_CHECKPOINTS = 2 * 1024 * 1024;
const MOST_LISTED = 500;
const LARGEST_LIST = 2 * 1024 * 1024;
/** An entry that a meter's stream refuses is proven with the entries since the one before: 4 MiB, and as base64. */
const LARGEST_FINDING = 8 * 1024 * 1024;

const notes = array(anyText, { max: MOST_NOTES });
// Other fields may stand beside these two: they are for people.
const listed: Reader<readonly ListedFinding[]> = array(
  (value, path): ListedFinding => {
    const { id, origin }: Partial<Record<string, Json>> = Object(value);
    return { id: digest(id, `${path}.id`), origin: label(origin, `${path}.origin`) };
  },
  { max: MOST_LISTED },
);

/** The verifier whose paths begin with `url`, with or without a slash at its end. */
export function createPeerSource(url: string, options: ResourceOptions = {}): PeerSource {
  const ask = resourcesBelow(url, options);
  return {
    checkpoints: async (origin, signal) => {
      const path = `v1/checkpoints/${encodeURIComponent(origin)}`;
      const body = await ask(path, { maxBytes: LARGEST_CHECKPOINTS, signal });
      return body === undefined ? [] : readField(body, 'checkpoints', notes);
    },
    findings: async (signal) => {
      const path = `v1/findings?limit=${MOST_LISTED}`;
      const body = await ask(path, { maxBytes: LARGEST_LIST, signal });
      return body === undefined ? [] : readField(body, 'findings', listed);
    },
    finding: (id, signal) => ask(`v1/findings/${id}`, { maxBytes: LARGEST_FINDING, signal }),
  };
}

function readField<T>(body: Uint8Array, field: string, reader: Reader<T>): T {
  const answer = parseVerifierAnswer<Record<string, Json>>(body, [field]);
  return readShape('RESPONSE_INVALID', reader, answer[field] ?? null);
}
