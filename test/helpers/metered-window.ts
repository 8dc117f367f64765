/** A logged window of requests made by hand, as a meter makes it: receipts, their tree, the statement, proofs of all. */
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { formatTime, parseTime } from '../../src/core/bytes/time.ts';
import { sha256 } from '../../src/core/merkle/hash.ts';
import {
  addBuckets,
  formatBuckets,
  NO_TOKENS,
  parseBuckets,
  quantitiesOf,
  type TokenBuckets,
} from '../../src/core/metering/buckets.ts';
import type { RequestProof } from '../../src/core/metering/request-proof.ts';
import {
  buildSumTree,
  proveRequest,
  type SumTree,
  summarizeRequest,
} from '../../src/core/metering/sum-tree.ts';
import {
  leafOfReceipt,
  readUsageReceipt,
  type SignedUsageReceipt,
  seedSigner,
  signUsageReceipt,
  type UsageReceipt,
} from '../../src/core/metering/usage-receipt.ts';
import { formatStatement, type StatementOf } from '../../src/core/statement/statement.ts';
import { operatorSeed, signedEntry, type TestLog } from './fixtures.ts';
import { MODEL, sampleStatement } from './statements.ts';

const START = parseTime('2026-10-01T08:00:00Z');
const WINDOW_SECONDS = 600;

/** Small and different for every number. */
export function bucketsOf(number: number): TokenBuckets {
  return {
    inputUncachedTokens: BigInt(100 + number),
    inputCachedTokens: BigInt(number * 3),
    inputCacheWriteTokens: BigInt(number % 2),
    outputVisibleTokens: BigInt(10 + number * 2),
    outputReasoningTokens: BigInt(number % 5),
  };
}

/** The receipt of request `index` in window `sequence` of the log's meter. */
export function usageReceiptAt(
  log: TestLog,
  place: UsageReceipt['window'],
  changes: Partial<UsageReceipt> = {},
): UsageReceipt {
  const { sequence, index } = place;
  const start = START + sequence * WINDOW_SECONDS;
  return {
    version: 1,
    operator: log.operator,
    log: log.origin,
    meter: 'meter-1',
    model: MODEL,
    requestId: `request-${sequence}-${index}`,
    at: formatTime(start + index),
    due: formatTime(start + WINDOW_SECONDS + 3600),
    window: place,
    quantities: formatBuckets(bucketsOf(index)),
    ...changes,
  };
}

/** Signed by the log's operator. */
export function signedUsageReceipt(log: TestLog, receipt: UsageReceipt): SignedUsageReceipt {
  return signUsageReceipt(receipt, seedSigner(operatorSeed(log.operator)));
}

/** The receipts of the first `count` requests of a window. */
export function usageReceipts(log: TestLog, count: number, sequence = 0): SignedUsageReceipt[] {
  return Array.from({ length: count }, (_, index) =>
    signedUsageReceipt(log, usageReceiptAt(log, { sequence, index })),
  );
}

export interface MeteredWindow {
  readonly tree: SumTree;
  readonly statement: StatementOf<'usage'>;
  /** In the log. */
  readonly index: number;
  /** Hex SHA-256 of the payload. */
  readonly digest: string;
  /** The receipts that the window was made from, proven; under a checkpoint of the whole log as it is when it is called. */
  proofs(): readonly RequestProof[];
}

export interface WindowOptions {
  readonly sequence?: number;
  readonly previous?: string | null;
  readonly predicate?: Partial<StatementOf<'usage'>['predicate']>;
  readonly model?: string;
}

/** States and logs a window over these receipts, in their order. */
export function logWindow(
  log: TestLog,
  receipts: readonly SignedUsageReceipt[],
  options: WindowOptions = {},
): MeteredWindow {
  const { sequence = 0, previous = null } = options;
  const leaves = receipts.map((signed) =>
    leafOfReceipt({ receipt: readUsageReceipt(signed.payload), signed }),
  );
  const tree = buildSumTree(leaves.map(summarizeRequest));
  const total = receipts
    .map(({ payload }) => parseBuckets(readUsageReceipt(payload).quantities))
    .reduce(addBuckets, NO_TOKENS);
  const start = START + sequence * WINDOW_SECONDS;
  const statement = sampleStatement('usage', {
    context: log.context,
    ...(options.model === undefined ? {} : { model: options.model }),
    predicate: {
      meter: { id: 'meter-1', method: 'tokens', sequence, previous },
      window: { start: formatTime(start), end: formatTime(start + WINDOW_SECONDS) },
      quantities: quantitiesOf(receipts.length, total),
      requestTree: {
        algorithm: 'attestry-sum-sha256/v1',
        root: encodeHex(tree.root.hash),
        count: `${receipts.length}`,
      },
      ...options.predicate,
    },
  });
  const index = log.append(signedEntry(statement).entry);
  return {
    tree,
    statement,
    index,
    digest: encodeHex(sha256(formatStatement(statement))),
    proofs: () => {
      const window = log.receipt(index);
      return receipts.map((receipt, at) => ({ receipt, path: proveRequest(tree, at), window }));
    },
  };
}
