/** The tally that the vectors are about, and how its parts are written in them. */
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import { parseTime } from '../../src/core/bytes/time.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { sha256 } from '../../src/core/merkle/hash.ts';
import type { Kind } from '../../src/core/statement/statement.ts';
import { encodeKey, hourOf } from '../../src/core/tally/key.ts';
import type { TallyLeaf } from '../../src/core/tally/node.ts';
import { ZERO_SUMS } from '../../src/core/tally/sums.ts';
import { digestOf } from '../../test/helpers/statements.ts';

export const MODEL = digestOf('model');
/** Differs from the model in its last bit alone. */
export const NEIGHBOUR = `${MODEL.slice(0, -1)}${(Number.parseInt(MODEL.slice(-1), 16) ^ 1).toString(16)}`;
export const STRANGER = digestOf('a model that nobody has said anything about');
export const FIRST_HOUR = hourOf(parseTime('2026-10-01T00:00:00Z'));

/** A model with a deployment and twelve windows of usage in six hours, its neighbour with a revocation, and three others. */
export function tallyLeaves(): TallyLeaf[] {
  const leaves: TallyLeaf[] = [];
  const add = (model: string, kind: Kind, hour: number): void => {
    const index = leaves.length;
    const entryHash = sha256(encodeUtf8(`entry ${index}`));
    const used = [1n + BigInt(index), 70n, 20n, 0n, 40n, BigInt(index), 5n];
    const sums = kind === 'usage' ? used : ZERO_SUMS;
    leaves.push({
      key: encodeKey({ model, kind, hour: FIRST_HOUR + hour, index }),
      entryHash,
      sums,
    });
  };
  add(MODEL, 'deployment', 0);
  for (let i = 0; i < 12; i++) add(MODEL, 'usage', i >> 1);
  for (let i = 0; i < 3; i++) add(NEIGHBOUR, 'usage', i);
  add(NEIGHBOUR, 'revocation', 4);
  for (let i = 0; i < 3; i++) add(digestOf(`other model ${i}`), 'evaluation', i);
  return leaves;
}

/** Binary values in base64, sums as decimals. */
export function leafFields({ key, entryHash, sums }: TallyLeaf): object {
  return { key: encodeBase64(key), entryHash: encodeBase64(entryHash), sums: sums.map(String) };
}
