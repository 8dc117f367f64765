/**
 * Findings: kept with their evidence, one for each wrong. A finding is filed only if its evidence proves it to the very
 * function that everyone else judges it with: a verifier must not be able to accuse by mistake.
 */
import { formatTime } from '../core/bytes/time.ts';
import {
  type Evidence,
  type Finding,
  findingId,
  formatFinding,
  parseFinding,
} from '../core/finding/finding.ts';
import { type VerifiedFinding, verifyFinding } from '../core/finding/verify.ts';
import type { VerificationRules } from '../core/trust/quorum.ts';
import { AttestryError } from '../errors.ts';
import { modelsOf, wrongOf } from './accusation.ts';
import type { FiledFinding, VerifierStore } from './verifier-store.ts';

export interface FindingsOptions {
  readonly store: VerifierStore;
  /** The rules of the moment. */
  readonly rules: () => VerificationRules;
  readonly onFiled: (filed: FiledFinding) => void;
}

export interface Accusation {
  readonly origin: string;
  readonly evidence: Evidence;
}

export interface TakenFinding {
  /** Under which it was asked for. */
  readonly id: string;
  /** Name of the verifier that passes it on. */
  readonly foundBy: string;
}

/** `unproven`: the evidence does not hold. `full`: the log has as many findings of this kind as are kept. */
export type Filing = 'filed' | 'unproven' | 'full';

/** Kinds that count against everything that the log says. */
const WHOLE_LOG: ReadonlySet<FiledFinding['kind']> = new Set([
  'checkpoint-contradiction',
  'tally-sum-contradiction',
]);

/** Findings kept of each kind per log: after so many the next proves nothing new, and a log must not fill the disk. */
const MOST_OF_A_KIND = 100;

/** All findings of a store. @throws STORE_FAILED, STORE_CORRUPT */
export async function openFindings(options: FindingsOptions): Promise<Findings> {
  return new Findings(options, await options.store.filedFindings());
}

export class Findings {
  readonly #options: FindingsOptions;
  readonly #filed: FiledFinding[];
  // Also of those being written, so that one wrong that two witnesses show at once is filed once.
  readonly #wrongs: Set<string>;

  constructor(options: FindingsOptions, filed: readonly FiledFinding[]) {
    this.#options = options;
    this.#filed = [...filed];
    this.#wrongs = new Set(filed.map(({ origin, wrong }) => wrongKey(origin, wrong)));
  }

  /** The newest first. */
  list(): readonly FiledFinding[] {
    return [...this.#filed].reverse();
  }

  /** The canonical bytes. @throws FINDING_UNKNOWN, HEX_MALFORMED */
  read(id: string): Uint8Array {
    const bytes = this.#options.store.findingBytes(id);
    if (bytes !== undefined) return bytes;
    throw new AttestryError('FINDING_UNKNOWN', `This verifier holds no finding ${id}.`);
  }

  /** That the log signed two histories, if it did. */
  contradictionOf(origin: string): FiledFinding | undefined {
    return this.#filed.find(
      (filed) => filed.origin === origin && filed.kind === 'checkpoint-contradiction',
    );
  }

  /** What counts against the logs where this model is concerned: contradictions, and bad entries that name it. */
  about(model: string): readonly FiledFinding[] {
    return this.#filed.filter(({ kind, models }) => WHOLE_LOG.has(kind) || models.includes(model));
  }

  has(id: string): boolean {
    return this.#filed.some((filed) => filed.id === id);
  }

  countOf(origin: string, kind: FiledFinding['kind']): number {
    return this.#filed.filter((filed) => filed.origin === origin && filed.kind === kind).length;
  }

  /** Whether the log has as many findings of the kind as are kept. */
  isFull(origin: string, kind: FiledFinding['kind']): boolean {
    return this.countOf(origin, kind) >= MOST_OF_A_KIND;
  }

  /** Files the accusation if it holds; one that is filed already is not filed again. @throws STORE_FAILED */
  async file(accusation: Accusation): Promise<Filing> {
    const { origin, evidence } = accusation;
    if (this.isFull(origin, evidence.kind)) return 'full';
    const now = this.#options.rules();
    const finding: Finding = { origin, foundAt: formatTime(now.now), evidence };
    const verified = proven(finding, now);
    if (verified === undefined) return 'unproven';
    await this.#keep(verified, { bytes: formatFinding(finding), foundBy: null });
    return 'filed';
  }

  /**
   * Files what another verifier found, byte for byte, once it has been judged here. What rests on that verifier's word
   * alone is refused: an accusation spreads only as far as its own evidence carries it.
   * @throws RESPONSE_INVALID, FINDING_MALFORMED, FINDING_UNPROVEN, FINDING_UNATTRIBUTED, CHECKPOINT_*, COSIGNATURE_*, STORE_FAILED
   */
  async take(bytes: Uint8Array, { id, foundBy }: TakenFinding): Promise<void> {
    const finding = parseFinding(bytes);
    if (findingId(finding) !== id) {
      throw new AttestryError('RESPONSE_INVALID', `Expected finding ${id}, got another.`);
    }
    const verified = verifyFinding(finding, this.#options.rules());
    if (!verified.selfContained) throw new AttestryError(verified.code, verified.sentence);
    if (this.isFull(finding.origin, finding.evidence.kind)) return;
    await this.#keep(verified, { bytes, foundBy });
  }

  async #keep(
    { finding, code, sentence, accused, further }: VerifiedFinding,
    { bytes, foundBy }: { readonly bytes: Uint8Array; readonly foundBy: string | null },
  ): Promise<void> {
    const { origin, foundAt, evidence } = finding;
    const filed: FiledFinding = {
      id: findingId(finding),
      origin,
      kind: evidence.kind,
      foundAt,
      foundBy,
      accused: [accused, ...further.map((other) => other.accused)],
      code,
      sentence: [sentence, ...further.map((other) => other.sentence)].join(' '),
      models: modelsOf(evidence),
      wrong: wrongOf({ finding, further }),
    };
    const key = wrongKey(origin, filed.wrong);
    if (this.#wrongs.has(key)) return;
    this.#wrongs.add(key);
    try {
      await this.#options.store.addFinding(filed, bytes);
    } catch (error) {
      this.#wrongs.delete(key);
      throw error;
    }
    this.#filed.push(filed);
    this.#options.onFiled(filed);
  }
}

function proven(finding: Finding, rules: VerificationRules): VerifiedFinding | undefined {
  try {
    return verifyFinding(finding, rules);
  } catch (error) {
    if (error instanceof AttestryError) return undefined;
    throw error;
  }
}

function wrongKey(origin: string, wrong: string): string {
  return `${origin}\n${wrong}`;
}
