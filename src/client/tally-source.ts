/** The tally of a log on the network, as a verifier reads it. */
import { decodeBase64 } from '../core/bytes/base64.ts';
import { anyText, object, readShape } from '../core/bytes/shape.ts';
import { decodeUtf8, encodeUtf8 } from '../core/bytes/utf8.ts';
import { AttestryError } from '../errors.ts';
import type { TallySource } from '../verifier/tally-source.ts';
import { type ResourceOptions, resourcesBelow } from './resources.ts';

const LARGEST_PAIR = 512 * 1024;
const LARGEST_PROOF = 64 * 1024 * 1024;
const LARGEST_ANSWER = 64 * 1024;

const PAIR = object({ checkpoint: anyText, tally: anyText });
const PROOF = object({ checkpoint: anyText, tally: anyText, proof: anyText });

/** The log whose resources lie below `url`, with or without a slash at its end. */
export function createTallySource(url: string, options: ResourceOptions = {}): TallySource {
  const ask = resourcesBelow(url, options);
  return {
    readPair: async (which, signal) => {
      const body = await ask(`v1/tally?note=${which}`, { maxBytes: LARGEST_PAIR, signal });
      return body && readShape('RESPONSE_INVALID', PAIR, parse(body));
    },
    readProof: async (model, which, signal) => {
      const path = `v1/tally/proof?model=${encodeURIComponent(model)}&note=${which}`;
      const body = await ask(path, { maxBytes: LARGEST_PROOF, signal });
      if (body === undefined) return undefined;
      const { proof, ...pair } = readShape('RESPONSE_INVALID', PROOF, parse(body));
      return { ...pair, proof: decodeBase64(proof) };
    },
    offerCosignature: async (line, signal) => {
      const body = encodeUtf8(line);
      await ask('tally/cosignatures', { method: 'POST', body, maxBytes: LARGEST_ANSWER, signal });
    },
  };
}

function parse(body: Uint8Array): ReturnType<typeof JSON.parse> {
  try {
    return JSON.parse(decodeUtf8(body));
  } catch (cause) {
    throw new AttestryError('RESPONSE_INVALID', 'Expected JSON from the log.', { cause });
  }
}
