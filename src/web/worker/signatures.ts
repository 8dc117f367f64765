/**
 * Signatures that the browser's own Ed25519 checks ahead of the judge, at many times the speed of the pure engine. Both get
 * only keys that core has admitted and, from the judge, only signatures of canonical form; and both must judge by the
 * cofactorless equation. A browser that does not is found out before it is asked anything.
 */
import { bytesEqual } from '../../core/bytes/equal.ts';
import { decodeHex, encodeHex } from '../../core/bytes/hex.ts';
import { nobleEngine, type SignatureClaim, type SignatureEngine } from '../../core/note/ed25519.ts';

/** What is asked of WebCrypto. */
export type Subtle = Pick<SubtleCrypto, 'importKey' | 'verify'>;
export type OnProgress = (done: number, total: number) => void;

const AT_ONCE = 256;
const ALGORITHM = 'Ed25519';
const PROBE_KEY = decodeHex('ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c');
const PROBE_MESSAGE = decodeHex('70726f6265');
/** Right by every equation. */
const PLAIN = decodeHex(
  '8473d262f07a38c8becdb716e9bf8cb065c62145fdcbdc48782a8e7ca6670066cd77c22e8236e1727fee97532e58c0cd2c9696a096cace85087a4f035ab6520e',
);
/** Right by the cofactored equation only: a point of order 8 is added to R. */
const COFACTORED = decodeHex(
  '6a84d583f06569edb3f5ed77df65544b27d6948b4f0b2cb76f33dd8413b207193b1876e4b72e3ae0edd02bca457489f6083d4be5a66636ed8ab3caee9c9f0e01',
);

export class CheckedSignatures {
  readonly #subtle: Subtle | undefined;
  readonly #onProgress: OnProgress;
  readonly #right = new Map<string, SignatureClaim>();
  readonly #keys = new Map<string, Promise<CryptoKey>>();
  #done = 0;
  #total = 0;

  /** Without `subtle` every signature is left to the pure engine. */
  constructor(subtle: Subtle | undefined, onProgress: OnProgress = () => undefined) {
    this.#subtle = subtle;
    this.#onProgress = onProgress;
  }

  /** For the judge. What was not found right ahead, the pure engine decides. */
  get engine(): SignatureEngine {
    return {
      name: 'checked ahead',
      verify: (publicKey, message, signature) => {
        if (this.#isRight({ publicKey, message, signature })) return true;
        const holds = nobleEngine.verify(publicKey, message, signature);
        this.#count(1);
        return holds;
      },
    };
  }

  /** Checks claims whose keys core has admitted. */
  async check(claims: readonly SignatureClaim[]): Promise<void> {
    this.#total += claims.length;
    if (!(await this.#agrees())) return;
    for (let from = 0; from < claims.length; from += AT_ONCE) {
      const part = claims.slice(from, from + AT_ONCE);
      const held = await Promise.all(part.map((claim) => this.#holds(claim)));
      const right = part.filter((_, i) => held[i]);
      for (const claim of right) this.#right.set(encodeHex(claim.signature), claim);
      this.#count(right.length);
    }
  }

  /** Whether the browser knows Ed25519, and judges by the equation that core judges by. */
  async #agrees(): Promise<boolean> {
    const probe = { publicKey: PROBE_KEY, message: PROBE_MESSAGE };
    const plain = await this.#holds({ ...probe, signature: PLAIN });
    return plain && !(await this.#holds({ ...probe, signature: COFACTORED }));
  }

  /** False too where the browser has no answer. */
  async #holds({ publicKey, message, signature }: SignatureClaim): Promise<boolean> {
    if (this.#subtle === undefined) return false;
    try {
      const key = await this.#keyOf(this.#subtle, publicKey);
      return await this.#subtle.verify(ALGORITHM, key, ownBytes(signature), ownBytes(message));
    } catch {
      return false;
    }
  }

  #keyOf(subtle: Subtle, publicKey: Uint8Array): Promise<CryptoKey> {
    const name = encodeHex(publicKey);
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const key = subtle.importKey('raw', ownBytes(publicKey), ALGORITHM, false, ['verify']);
    this.#keys.set(name, key);
    return key;
  }

  #isRight({ publicKey, message, signature }: SignatureClaim): boolean {
    const claim = this.#right.get(encodeHex(signature));
    return (
      claim !== undefined &&
      bytesEqual(claim.publicKey, publicKey) &&
      bytesEqual(claim.message, message)
    );
  }

  #count(more: number): void {
    this.#done = Math.min(this.#done + more, this.#total);
    if (this.#total > 0) this.#onProgress(this.#done, this.#total);
  }
}

/** A copy in memory that no other thread shares: WebCrypto takes no other. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(bytes);
}
