/**
 * The committed receipts of one batch, at the moment it is committed. The plain way to a receipt reads the entry and the
 * tiles back and builds each proof alone, which costs more than all the rest of a submission; here the batch's proofs are
 * made of hashes at hand, once, and each receipt is put together from bytes that are there already.
 */
import type { AppendedProofs } from '../core/merkle/appended.ts';
import { formatTlogProofHead } from '../core/note/tlog-proof.ts';
import { RECEIPT_HEAD, RECEIPT_MIDDLE, RECEIPT_TAIL } from '../core/receipt/receipt.ts';
import type { LogCommit } from '../store/log-store.ts';

export class BatchReceipts {
  readonly #commit: LogCommit;
  readonly #proofs: AppendedProofs['proofs'];
  readonly #tail: Uint8Array;
  /** The lines of the hashes as they stand in JSON text: each is in many of the batch's proofs. */
  readonly #lines = new Map<Uint8Array, string>();

  /** `note`: the signed checkpoint of the commit's head. */
  constructor(commit: LogCommit, proofs: AppendedProofs['proofs'], note: string) {
    this.#commit = commit;
    this.#proofs = proofs;
    this.#tail = Buffer.from(`${inJson(`\n${note}`)}"${RECEIPT_TAIL}`);
  }

  /** RFC 8785 bytes of the receipt of the commit's entry number `i`, as `formatReceipt` gives them. */
  format(i: number): Uint8Array {
    const { from, entries } = this.#commit;
    const { entry } = entries[i] as LogCommit['entries'][number];
    const lines = (this.#proofs[i] as readonly Uint8Array[]).map((hash) => this.#lineOf(hash));
    const head = inJson(formatTlogProofHead(from + i));
    // ASCII, as the text of a proof is; the checkpoint in the tail is not.
    const middle = `${RECEIPT_MIDDLE}"${head}${lines.join('')}`;
    const start = RECEIPT_HEAD.length + entry.length;
    const bytes = Buffer.allocUnsafe(start + middle.length + this.#tail.length);
    bytes.write(RECEIPT_HEAD, 0, 'latin1');
    bytes.set(entry, RECEIPT_HEAD.length);
    bytes.write(middle, start, 'latin1');
    bytes.set(this.#tail, start + middle.length);
    return bytes;
  }

  #lineOf(hash: Uint8Array): string {
    const known = this.#lines.get(hash);
    if (known !== undefined) return known;
    // JSON escapes nothing of base64, and the end of a line always.
    const line = `${Buffer.from(hash.buffer, hash.byteOffset, hash.length).toString('base64')}\\n`;
    this.#lines.set(hash, line);
    return line;
  }
}

/** The text as it stands between the quotes of RFC 8785 text. */
function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
