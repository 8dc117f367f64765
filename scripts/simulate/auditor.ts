/** An auditor: asks verifiers for dossiers, judges them, and would notice anything false that is called VALID. */

import { boundedFetch, type Fetch } from '../../src/client/bounded-fetch.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { leafHash } from '../../src/core/merkle/hash.ts';
import type { Report } from '../../src/core/report/report.ts';
import { parseEnvelope } from '../../src/core/statement/envelope.ts';
import { modelsOf, parseStatement } from '../../src/core/statement/statement.ts';
import { AttestryError } from '../../src/errors.ts';
import { ALTERATIONS, type Alteration } from './alterations.ts';
import { ENGINE, MODELS, TRUST } from './material.ts';
import type { Life } from './scheduler.ts';
import type { History } from './truth.ts';
import type { World } from './world.ts';

const TIMEOUT_MS = 2_000;
const ALTERED_ONCE_IN = 2;

export class Auditor {
  readonly world: World;
  readonly #fetch: Fetch;

  constructor(world: World, life: Life) {
    this.world = world;
    this.#fetch = world.network.fetchFor('auditor.example', life);
  }

  /** The report on the dossier of one model, from one verifier; undefined where there is none. */
  async ask(verifier: string): Promise<Report | undefined> {
    const model = MODELS[this.world.chance.people.below(MODELS.length)] as string;
    return await this.askAbout(model, verifier);
  }

  /** The report on the dossier of this model. */
  async askAbout(model: string, verifier: string): Promise<Report | undefined> {
    const bytes = await this.#dossier(model, verifier);
    if (bytes === undefined) return undefined;
    const report = this.judge(bytes);
    const codes = report.problems.map(({ code }) => code).join(' ');
    this.world.trace.add('auditor', `${verifier} ${model.slice(0, 6)}: ${report.outcome} ${codes}`);
    if (this.world.chance.people.onceIn(ALTERED_ONCE_IN)) this.#judgeAltered(bytes);
    return report;
  }

  async #dossier(model: string, verifier: string): Promise<Uint8Array | undefined> {
    try {
      const { status, body } = await boundedFetch(
        `https://${verifier}/v1/models/${model}/dossier`,
        { timeoutMs: TIMEOUT_MS, maxBytes: 1e7, fetch: this.#fetch },
      );
      return status === 200 ? body : undefined;
    } catch (error) {
      if (error instanceof AttestryError) return undefined;
      throw error;
    }
  }

  /** The report, which must not say VALID of anything false. */
  judge(bytes: Uint8Array): Report {
    const { world } = this;
    const report = world.wiring.judge(bytes, {
      trust: TRUST,
      now: world.unixNow(),
      engine: ENGINE,
    });
    if (report.outcome === 'VALID') this.#requireTrue(report);
    return report;
  }

  #requireTrue(report: Report): void {
    const { truth } = this.world;
    for (const { size, root, origin } of report.logs) {
      const said = report.statements.filter((statement) => statement.origin === origin);
      const [history] = truth.accepted(size, root);
      if (history === undefined) {
        this.world.violate(`VALID under an unknown root (${size})`);
        return;
      }
      const due = report.of === 'dossier' ? entriesAbout(history, size, report.model) : undefined;
      const given = said.map(({ index, entryHash }) => `${index} ${entryHash}`).sort();
      const isTrue = due === undefined ? isIn(history, said) : due.join() === given.join();
      if (!isTrue)
        this.world.violate(
          `VALID on a false ${report.of} (${size}): ${given.length} of ${due?.length}`,
        );
      for (const { entryHash } of said) {
        if (!this.world.genuine.has(entryHash)) this.world.violate('VALID on a forged statement');
      }
    }
  }

  /** A file that someone has altered is judged like any other: what it says then must not be VALID and false. */
  #judgeAltered(bytes: Uint8Array): void {
    const { people } = this.world.chance;
    const alter = ALTERATIONS[people.below(ALTERATIONS.length)] as Alteration;
    this.judge(alter(bytes, people));
  }
}

function isIn(history: History, said: Report['statements']): boolean {
  return said.every(({ index, entryHash }) => {
    const entry = history.entries[index];
    return entry !== undefined && encodeHex(leafHash(entry)) === entryHash;
  });
}

function entriesAbout(history: History, size: number, model: string | null): string[] {
  return history.entries
    .slice(0, size)
    .flatMap((entry, index) =>
      isAbout(entry, model) ? [`${index} ${encodeHex(leafHash(entry))}`] : [],
    )
    .sort();
}

function isAbout(entry: Uint8Array, model: string | null): boolean {
  try {
    const statement = parseStatement(parseEnvelope(entry).payload);
    return model !== null && modelsOf(statement).includes(model);
  } catch (error) {
    if (error instanceof AttestryError) return false;
    throw error;
  }
}
