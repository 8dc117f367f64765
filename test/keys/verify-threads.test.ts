import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { publicKeyOf, type SignatureClaim, signEd25519 } from '../../src/core/note/ed25519.ts';
import { opensslEngine } from '../../src/keys/openssl-engine.ts';
import { packClaims, unpackClaims, VerifyThreads } from '../../src/keys/verify-threads.ts';

const SEEDS = [1, 2].map((byte) => new Uint8Array(32).fill(byte));
const COMPILED = pathToFileURL('dist/src/keys/verify-thread.js');

function open(program = COMPILED): VerifyThreads {
  const threads = new VerifyThreads(program, 2);
  onTestFinished(() => threads.close());
  return threads;
}

/** Number `i`: of either key, of its own length; each third one is wrong in one bit of message or signature. */
function claimOf(i: number): SignatureClaim {
  const seed = SEEDS[i % 2] as Uint8Array;
  const message = new Uint8Array(i * 7).fill(i);
  const signature = signEd25519(seed, message);
  const changed = i % 2 === 0 && message.length > 0 ? message : signature;
  if (i % 3 === 2) changed.set([(changed[0] as number) ^ 1]);
  return { publicKey: publicKeyOf(seed), message, signature };
}

describe('VerifyThreads', () => {
  it('gives the verdicts of the engine, each to the claim that it is of', async () => {
    const threads = open();
    const claims = Array.from({ length: 100 }, (_, i) => claimOf(i));
    const lists = [claims.slice(0, 1), [], claims.slice(1, 70), claims.slice(70)];
    const verdicts = (await Promise.all(lists.map((list) => threads.verify(list)))).flat();
    expect(verdicts).toEqual(
      claims.map(({ publicKey, message, signature }) =>
        opensslEngine.verify(publicKey, message, signature),
      ),
    );
    expect(new Set(verdicts).size).toBe(2);
    expect(await threads.verify([claimOf(0)])).toEqual([true]);
  });

  it('rejects what a thread was asked that ends without an answer, and starts another', async () => {
    const ending = `import { parentPort } from 'node:worker_threads';
      parentPort.on('message', () => process.exit());`;
    const threads = open(new URL(`data:text/javascript,${encodeURIComponent(ending)}`));
    for (let i = 0; i < 3; i++) {
      await expect(threads.verify([claimOf(i)])).rejects.toThrow('has ended');
    }
  });

  it('rejects where the thread cannot start', async () => {
    await expect(open(pathToFileURL('dist/none.js')).verify([claimOf(0)])).rejects.toThrow();
  });
});

describe('unpackClaims', () => {
  it('gives back what was packed', () => {
    const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
      fc.uint8Array({ minLength: length, maxLength: length });
    const claim = fc.record({
      publicKey: bytes(32),
      signature: bytes(64),
      message: fc.uint8Array({ maxLength: 50 }),
    });
    fc.assert(
      fc.property(fc.array(claim), (claims) => {
        expect(unpackClaims(packClaims(claims))).toEqual(claims);
      }),
    );
  });
});
