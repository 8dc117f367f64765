/**
 * Signature checks in threads of their own, many in one message. A check takes about 100 µs; handing each alone to libuv's
 * pool costs the event loop a fifth of that again, and the disk's work waits in the same line behind the checks.
 */
import { Worker } from 'node:worker_threads';
import type { SignatureClaim } from '../core/note/ed25519.ts';

/** Claims in one message: a few milliseconds of work. */
const MOST_CLAIMS = 64;
/** So few are checked before another thread has taken up its message. */
const FEW_CLAIMS = 8;
/** A thread with so many messages is sent none that is not full: what comes meanwhile gathers for the next. */
const MOST_PENDING = 1;
/** What a message leaves behind is a few kilobytes: a thread need not gather tens of megabytes of it. */
const YOUNG_MEBIBYTES = 4;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const FIXED_BYTES = KEY_BYTES + SIGNATURE_BYTES;

/** Claims one after the other: key, signature, message. */
export interface ClaimChunk {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Length of each message. */
  readonly lengths: readonly number[];
}

/** Claims that were asked for together, and are answered together. */
interface Asked {
  readonly verdicts: boolean[];
  /** Of the claims that have no verdict yet. */
  left: number;
  readonly resolve: (verdicts: boolean[]) => void;
  readonly reject: (error: unknown) => void;
}

interface AskedClaim {
  readonly claim: SignatureClaim;
  readonly asked: Asked;
  /** Its place among those asked for together. */
  readonly at: number;
}

interface Thread {
  readonly worker: Worker;
  /** Chunks that it has not answered, in the order in which it got them. */
  readonly pending: (readonly AskedClaim[])[];
}

export class VerifyThreads {
  readonly #program: URL;
  readonly #count: number;
  readonly #threads: Thread[] = [];
  /** Claims that no thread has got yet. */
  readonly #gathered: AskedClaim[] = [];
  #flushing = false;

  /** `program`: the compiled verify-thread; started when the first claim comes. */
  constructor(program: URL, count: number) {
    this.#program = program;
    this.#count = count;
  }

  /**
   * Whether each signature, of canonical form, fits. Claims of one turn of the event loop travel together, and so do those
   * that come while all threads are busy: a message costs as much for one claim as for many.
   */
  verify(claims: readonly SignatureClaim[]): Promise<boolean[]> {
    if (claims.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const asked = { verdicts: [], left: claims.length, resolve, reject };
      for (const [at, claim] of claims.entries()) this.#gathered.push({ claim, asked, at });
      if (this.#flushing) return;
      this.#flushing = true;
      setImmediate(() => {
        this.#flushing = false;
        this.#flush();
      });
    });
  }

  async close(): Promise<void> {
    for (const { asked } of this.#gathered.splice(0)) asked.reject(new Error('no longer verified'));
    await Promise.all(this.#threads.splice(0).map(({ worker }) => worker.terminate()));
  }

  #flush(): void {
    // A thread must not wait for the event loop, which may be busy for long: whatever fills a message goes to it at once.
    while (this.#gathered.length >= MOST_CLAIMS) this.#send(MOST_CLAIMS);
    // Spread over all threads, as there is less than a message for each; a few are not worth several messages.
    const share = Math.max(Math.ceil(this.#gathered.length / this.#count), FEW_CLAIMS);
    while (this.#gathered.length > 0 && this.#leastBusy().pending.length < MOST_PENDING)
      this.#send(share);
  }

  #send(count: number): void {
    const { worker, pending } = this.#leastBusy();
    const taken = this.#gathered.splice(0, count);
    // A thread that has work keeps the process alive, an idle one does not.
    if (pending.length === 0) worker.ref();
    pending.push(taken);
    const chunk = packClaims(taken.map(({ claim }) => claim));
    worker.postMessage(chunk, [chunk.bytes.buffer]);
  }

  #leastBusy(): Thread {
    while (this.#threads.length < this.#count) this.#threads.push(this.#start());
    return this.#threads.reduce((a, b) => (b.pending.length < a.pending.length ? b : a));
  }

  #start(): Thread {
    const worker = new Worker(this.#program, {
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEBIBYTES },
    });
    const thread: Thread = { worker, pending: [] };
    worker.on('message', (verdicts: Uint8Array) => {
      const answered = thread.pending.shift() ?? [];
      if (thread.pending.length === 0) worker.unref();
      for (const [i, claim] of answered.entries()) settle(claim, verdicts[i] === 1);
      this.#flush();
    });
    const lose = (error: unknown): void => {
      const at = this.#threads.indexOf(thread);
      if (at >= 0) this.#threads.splice(at, 1);
      for (const { asked } of thread.pending.splice(0).flat()) asked.reject(error);
      this.#flush();
    };
    worker.on('error', lose);
    worker.on('exit', () => lose(new Error('the thread that verifies signatures has ended')));
    // Not before: whoever listens for messages keeps the process alive again.
    worker.unref();
    return thread;
  }
}

function settle({ asked, at }: AskedClaim, holds: boolean): void {
  asked.verdicts[at] = holds;
  asked.left--;
  if (asked.left === 0) asked.resolve(asked.verdicts);
}

export function packClaims(claims: readonly SignatureClaim[]): ClaimChunk {
  const lengths = claims.map(({ message }) => message.length);
  const total = lengths.reduce((sum, length) => sum + FIXED_BYTES + length, 0);
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const { publicKey, signature, message } of claims) {
    bytes.set(publicKey, at);
    bytes.set(signature, at + KEY_BYTES);
    bytes.set(message, at + FIXED_BYTES);
    at += FIXED_BYTES + message.length;
  }
  return { bytes, lengths };
}

export function unpackClaims({ bytes, lengths }: ClaimChunk): SignatureClaim[] {
  let at = 0;
  return lengths.map((length) => {
    const start = at;
    at += FIXED_BYTES + length;
    return {
      publicKey: bytes.subarray(start, start + KEY_BYTES),
      signature: bytes.subarray(start + KEY_BYTES, start + FIXED_BYTES),
      message: bytes.subarray(start + FIXED_BYTES, at),
    };
  });
}
