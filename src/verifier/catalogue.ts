/** Which models the followed logs speak of, and how often. */
import { LRUCache } from 'lru-cache';
import { parseEnvelope } from '../core/statement/envelope.ts';
import { parseStatement } from '../core/statement/statement.ts';
import { AttestryError } from '../errors.ts';
import type { LogCommit, ModelMention } from '../store/log-store.ts';
import type { Follower } from './follower.ts';

export interface ListedModel {
  /** Hex SHA-256. */
  readonly model: string;
  /** Names that statements give it: the first of each log. */
  readonly names: readonly string[];
  readonly statements: number;
  readonly kinds: Readonly<Record<string, number>>;
  /** Origins of the logs with statements about it. */
  readonly origins: readonly string[];
}

export interface ModelPage {
  readonly models: readonly ListedModel[];
  /** Where the next page begins; null on the last. */
  readonly next: string | null;
}

export interface PageRequest {
  /** Lists the models behind this one; from the first on where it is absent. */
  readonly after?: string;
  readonly limit: number;
}

interface Counts {
  statements: number;
  readonly kinds: Map<string, number>;
  name: string | undefined;
}

// A model may have a million mentions in a log: they are counted once, and then kept up with.
const KEPT_COUNTS = 20_000;

export class Catalogue {
  readonly #followers: ReadonlyMap<string, Follower>;
  // By size, each of 1: with `max`, the cache would make room for all of them at once.
  readonly #counts = new LRUCache<string, Counts>({
    maxSize: KEPT_COUNTS,
    sizeCalculation: () => 1,
  });

  constructor(followers: ReadonlyMap<string, Follower>) {
    this.#followers = followers;
  }

  /** Keeps the counts true. To be told of every commit to a mirror. */
  count(origin: string, { mentions }: LogCommit): void {
    for (const { model, kind } of mentions) {
      const counts = this.#counts.peek(countsKey(origin, model));
      if (counts !== undefined) countMention(counts, kind);
    }
  }

  /** Ascending by model. A log whose mirror cannot be read is left out. */
  async models({ after, limit }: PageRequest): Promise<ModelPage> {
    const lists = await Promise.all(
      [...this.#followers.values()].map((follower) =>
        readOr([], () => follower.mirror.store.models(after, limit + 2)),
      ),
    );
    const found = [...new Set(lists.flat())].filter((model) => model !== after).sort();
    const page = found.slice(0, limit);
    const models: ListedModel[] = [];
    for (const model of page) models.push(await this.#describe(model));
    return { models, next: found.length > limit ? (page.at(-1) ?? null) : null };
  }

  async #describe(model: string): Promise<ListedModel> {
    const kinds = new Map<string, number>();
    const names = new Set<string>();
    const origins: string[] = [];
    let statements = 0;
    for (const follower of this.#followers.values()) {
      const counts = await readOr(undefined, () => this.#countsOf(follower, model));
      if (counts === undefined || counts.statements === 0) continue;
      statements += counts.statements;
      origins.push(follower.log.origin);
      if (counts.name !== undefined) names.add(counts.name);
      for (const [kind, count] of counts.kinds) kinds.set(kind, (kinds.get(kind) ?? 0) + count);
    }
    return { model, names: [...names], statements, kinds: Object.fromEntries(kinds), origins };
  }

  async #countsOf(follower: Follower, model: string): Promise<Counts> {
    const key = countsKey(follower.log.origin, model);
    const kept = this.#counts.get(key);
    if (kept !== undefined) return kept;
    const { size } = follower.mirror.head;
    const counts: Counts = { statements: 0, kinds: new Map(), name: undefined };
    for await (const page of follower.mirror.mentions(model)) {
      if (counts.statements === 0) counts.name = nameOf(page[0], follower);
      for (const { kind } of page) countMention(counts, kind);
    }
    // What was committed meanwhile may be counted already or not.
    if (follower.mirror.head.size === size) this.#counts.set(key, counts);
    return counts;
  }
}

function countMention(counts: Counts, kind: string): void {
  counts.statements++;
  counts.kinds.set(kind, (counts.kinds.get(kind) ?? 0) + 1);
}

function nameOf(first: ModelMention | undefined, { mirror }: Follower): string | undefined {
  const entry = first && mirror.store.entry(first.index);
  if (first === undefined || entry === undefined) return undefined;
  const { subject } = parseStatement(parseEnvelope(entry).payload);
  return subject.find(({ digest }) => digest.sha256 === first.model)?.name;
}

function countsKey(origin: string, model: string): string {
  return `${model} ${origin}`;
}

/** What `read` gives, or `otherwise` where the mirror cannot be read. */
async function readOr<T>(otherwise: T, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof AttestryError) return otherwise;
    throw error;
  }
}
