/** The statements of the campaign: deployments, each another one, and meters whose readings follow each other. */
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { formatCanonicalJson } from '../../src/core/bytes/json.ts';
import { formatTime } from '../../src/core/bytes/time.ts';
import { sha256 } from '../../src/core/merkle/hash.ts';
import { publicKeyOf } from '../../src/core/note/ed25519.ts';
import { preAuthEncoding } from '../../src/core/note/signable.ts';
import type { Context } from '../../src/core/statement/context.ts';
import { keyIdOf } from '../../src/core/statement/dsse.ts';
import { PAYLOAD_TYPE } from '../../src/core/statement/envelope.ts';
import { formatStatement } from '../../src/core/statement/statement.ts';
import { signInProcess } from '../../src/keys/openssl-engine.ts';
import type { World } from './world.ts';

const WINDOW_SECONDS = 60;
// Far enough back that a long campaign never reads a meter before its window has ended.
const METER_AGE_SECONDS = 30 * 24 * 3600;

/** One operator's statements, signed; a meter's next reading may only be asked for when the one before is logged. */
export class StatementMaker {
  readonly #world: World;
  readonly #meter: string;
  readonly #keyid: string;
  readonly #firstWindow: number;
  readonly #issuedAt: string;
  #deployments = 0;
  #sequence = 0;
  #previous: string | null = null;

  constructor(world: World, meter: string) {
    this.#world = world;
    this.#meter = meter;
    this.#keyid = keyIdOf(publicKeyOf(world.operatorSeed));
    const now = Math.floor(Date.now() / 1000);
    this.#issuedAt = formatTime(now);
    this.#firstWindow = now - (now % 3600) - METER_AGE_SECONDS;
  }

  deployment(): Uint8Array {
    const payload = formatStatement({
      kind: 'deployment',
      subject: [{ name: 'model.bin', digest: { sha256: '07'.repeat(32) } }],
      predicate: {
        context: this.#context(),
        deploymentId: `${this.#meter} deployment ${this.#deployments++}`,
        action: 'deploy',
        environment: 'production',
        effectiveAt: this.#issuedAt,
      },
    });
    return this.#sign(payload);
  }

  /** The meter's next reading. */
  reading(): Uint8Array {
    const start = this.#firstWindow + this.#sequence * WINDOW_SECONDS;
    const payload = formatStatement({
      kind: 'usage',
      subject: [{ name: 'model.bin', digest: { sha256: '07'.repeat(32) } }],
      predicate: {
        context: this.#context(),
        meter: {
          id: this.#meter,
          method: 'tokens',
          sequence: this.#sequence,
          previous: this.#previous,
        },
        window: { start: formatTime(start), end: formatTime(start + WINDOW_SECONDS) },
        quantities: {
          requests: '1',
          inputUncachedTokens: '5',
          inputCachedTokens: '3',
          inputCacheWriteTokens: '0',
          inputTokens: '8',
          outputVisibleTokens: '13',
          outputReasoningTokens: '0',
          outputTokens: '13',
        },
      },
    });
    this.#sequence++;
    this.#previous = encodeHex(sha256(payload));
    return this.#sign(payload);
  }

  #context(): Context {
    const { origin, operator } = this.#world;
    return {
      issuedAt: this.#issuedAt,
      jurisdiction: 'DEU',
      log: origin,
      operator,
      region: 'loopback',
    };
  }

  #sign(payload: Uint8Array): Uint8Array {
    const message = preAuthEncoding(PAYLOAD_TYPE, payload);
    const sig = encodeBase64(signInProcess(this.#world.operatorSeed, message));
    return formatCanonicalJson({
      payload: encodeBase64(payload),
      payloadType: PAYLOAD_TYPE,
      signatures: [{ keyid: this.#keyid, sig }],
    });
  }
}
