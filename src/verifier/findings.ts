/**
 * Findings: kept with their evidence, one for each wrong. A finding is filed only if its evidence proves it to the very
 * function that everyone else judges it with: a verifier must not be able to accuse by mistake.
 */
import { encodeHex } from '../core/bytes/hex.ts';
import { formatTime } from '../core/bytes/time.ts';
import { type Evidence, type Finding, findingId, formatFinding } from '../core/finding/finding.ts';
import { type VerifiedFinding, verifyFinding } from '../core/finding/verify.ts';
import type { VerificationRules } from '../core/trust/quorum.ts';
import { AttestryError } from '../errors.ts';
import type { FiledFinding, KnownNote, VerifierStore } from './verifier-store.ts';

export interface FindingsOptions {
  readonly store: VerifierStore;
  /** The rules of the moment. */
  readonly rules: () => VerificationRules;
  readonly onFiled: (filed: FiledFinding) => void;
}

export interface Accusation {
  readonly origin: string;
  readonly evidence: Evidence;
  /** What was done wrong, whichever checkpoint shows it. */
  readonly wrong: string;
  /** The models that it is about; none where it concerns the whole log. */
  readonly models?: readonly string[];
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

  countOf(origin: string, kind: FiledFinding['kind']): number {
    return this.#filed.filter((filed) => filed.origin === origin && filed.kind === kind).length;
  }

  /** Whether the log has as many findings of the kind as are kept. */
  isFull(origin: string, kind: FiledFinding['kind']): boolean {
    return this.countOf(origin, kind) >= MOST_OF_A_KIND;
  }

  /** Files the accusation if it holds; one that is filed already is not filed again. @throws STORE_FAILED */
  async file(accusation: Accusation): Promise<Filing> {
    const { origin, evidence, wrong, models = [] } = accusation;
    const { store, rules, onFiled } = this.#options;
    const key = wrongKey(origin, wrong);
    if (this.#wrongs.has(key)) return 'filed';
    if (this.isFull(origin, evidence.kind)) return 'full';
    const now = rules();
    const finding: Finding = { origin, foundAt: formatTime(now.now), evidence };
    const verified = proven(finding, now);
    if (verified === undefined) return 'unproven';
    const { code, sentence } = verified;
    const { foundAt } = finding;
    const id = findingId(finding);
    const filed = { id, origin, kind: evidence.kind, foundAt, code, sentence, models, wrong };
    this.#wrongs.add(key);
    try {
      await store.addFinding(filed, formatFinding(finding));
    } catch (error) {
      this.#wrongs.delete(key);
      throw error;
    }
    this.#filed.push(filed);
    onFiled(filed);
    return 'filed';
  }
}

/** Names the wrong of two checkpoints, whatever cosignatures their notes carry. */
export function wrongOfContradiction(first: KnownNote, second: KnownNote): string {
  const name = ({ size, root }: KnownNote): string => `${size} ${encodeHex(root)}`;
  return `contradiction ${name(first)} ${name(second)}`;
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
