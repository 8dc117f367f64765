/** A log on the network, as a verifier reads it: c2sp.org/tlog-tiles below one URL, each resource with the bytes that it can have. */
import { decodeUtf8 } from '../core/bytes/utf8.ts';
import { HASH_LENGTH } from '../core/merkle/hash.ts';
import { TILE_WIDTH } from '../core/merkle/tile.ts';
import { formatBundlePath, formatTilePath } from '../core/merkle/tile-path.ts';
import { LARGEST_RECEIPT_BYTES } from '../core/receipt/receipt.ts';
import { LARGEST_ENTRY_BYTES } from '../core/statement/envelope.ts';
import type { ReceiptSource } from '../verifier/first-sightings.ts';
import type { LogSource, WitnessSource } from '../verifier/log-source.ts';
import { boundedFetch, type Fetch } from './bounded-fetch.ts';
import { asPeerFault, peerRefusal } from './peer-refusal.ts';
import { latestSeenBy, type WitnessClientOptions, type WitnessEndpoint } from './witness-client.ts';

export interface LogSourceOptions {
  /** For each resource, from connecting to the last byte; 10,000 unless told. */
  readonly timeoutMs?: number;
  readonly fetch?: Fetch;
}

const TIMEOUT_MS = 10_000;
const LARGEST_CHECKPOINT = 128 * 1024;
const LARGEST_TILE = TILE_WIDTH * HASH_LENGTH;
const LARGEST_BUNDLE = TILE_WIDTH * (2 + LARGEST_ENTRY_BYTES);

/** The log whose resources lie below `url`, with or without a slash at its end. */
export function createLogSource(
  url: string,
  options: LogSourceOptions = {},
): LogSource & ReceiptSource {
  const { timeoutMs = TIMEOUT_MS, fetch } = options;
  const prefix = url.replace(/\/+$/, '');
  const read = async (
    path: string,
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> => {
    const target = `${prefix}/${path}`;
    const bounds = { timeoutMs, maxBytes, signal, ...(fetch === undefined ? {} : { fetch }) };
    const response = await boundedFetch(target, bounds);
    if (response.status === 200) return response.body;
    if (response.status === 404) return undefined;
    throw asPeerFault(peerRefusal(target, response));
  };
  return {
    readCheckpoint: async (signal) => {
      const bytes = await read('checkpoint', LARGEST_CHECKPOINT, signal);
      return bytes && decodeUtf8(bytes);
    },
    readTile: (tile, signal) => read(formatTilePath(tile), LARGEST_TILE, signal),
    readBundle: (bundle, signal) => read(formatBundlePath(bundle), LARGEST_BUNDLE, signal),
    readReceipt: (entryHash, signal) =>
      read(`v1/receipts/${entryHash}?state=witnessed`, LARGEST_RECEIPT_BYTES, signal),
  };
}

/** A witness on the network, as a verifier listens to it. */
export function createWitnessSource(
  witness: WitnessEndpoint,
  options: Omit<WitnessClientOptions, 'signal'> = {},
): WitnessSource {
  return {
    name: witness.name,
    latestSeen: async (origin, signal) =>
      (await latestSeenBy(witness, origin, { ...options, signal }))?.noteText,
  };
}
