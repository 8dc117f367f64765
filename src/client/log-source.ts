/** A log on the network, as a verifier reads it: c2sp.org/tlog-tiles below one URL, each resource with the bytes that it can have. */
import { decodeUtf8 } from '../core/bytes/utf8.ts';
import { HASH_LENGTH } from '../core/merkle/hash.ts';
import { TILE_WIDTH } from '../core/merkle/tile.ts';
import { formatBundlePath, formatTilePath } from '../core/merkle/tile-path.ts';
import { LARGEST_RECEIPT_BYTES } from '../core/receipt/receipt.ts';
import { LARGEST_ENTRY_BYTES } from '../core/statement/envelope.ts';
import type { ReceiptSource } from '../verifier/first-sightings.ts';
import type { LogSource, WitnessSource } from '../verifier/log-source.ts';
import { type ResourceOptions, resourcesBelow } from './resources.ts';
import { latestSeenBy, type WitnessClientOptions, type WitnessEndpoint } from './witness-client.ts';

const LARGEST_CHECKPOINT = 128 * 1024;
const LARGEST_TILE = TILE_WIDTH * HASH_LENGTH;
const LARGEST_BUNDLE = TILE_WIDTH * (2 + LARGEST_ENTRY_BYTES);

/** The log whose resources lie below `url`, with or without a slash at its end. */
export function createLogSource(
  url: string,
  options: ResourceOptions = {},
): LogSource & ReceiptSource {
  const ask = resourcesBelow(url, options);
  return {
    readCheckpoint: async (signal) => {
      const bytes = await ask('checkpoint', { maxBytes: LARGEST_CHECKPOINT, signal });
      return bytes && decodeUtf8(bytes);
    },
    readTile: (tile, signal) => ask(formatTilePath(tile), { maxBytes: LARGEST_TILE, signal }),
    readBundle: (bundle, signal) =>
      ask(formatBundlePath(bundle), { maxBytes: LARGEST_BUNDLE, signal }),
    readReceipt: (entryHash, signal) =>
      ask(`v1/receipts/${entryHash}?state=witnessed`, { maxBytes: LARGEST_RECEIPT_BYTES, signal }),
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
