import type { WitnessPort } from '../log/witness-port.ts';
import {
  latestSeenBy,
  requestCosignature,
  type WitnessClientOptions,
  type WitnessEndpoint,
} from './witness-client.ts';

/** A witness on the network, as a log asks it. */
export function createHttpWitness(
  witness: WitnessEndpoint,
  options: WitnessClientOptions = {},
): WitnessPort {
  return {
    name: witness.name,
    url: witness.url,
    cosign: (request) => requestCosignature(witness, request, options),
    latestSeen: async (origin) => (await latestSeenBy(witness, origin, options))?.noteText,
  };
}
