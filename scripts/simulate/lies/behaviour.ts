/** What a dishonest party does in a run, and how it shows that it was caught. */
import type { AttestryErrorCode } from '../../../src/errors.ts';
import { ORIGIN } from '../material.ts';
import type { World } from '../world.ts';

export interface Behaviour {
  readonly name: string;
  /** Makes the party dishonest, before anything has started. */
  readonly prepare: (world: World) => void;
  /** With what code the lie is caught; undefined while it is not. */
  readonly caught: (world: World) => string | undefined | Promise<string | undefined>;
  /** Milliseconds that the lie needs to become one, after the network has healed. */
  readonly takesMs?: number;
}

/** The code, if an honest verifier holds a finding against the log with it that convinces a stranger. */
export function foundAgainstLog(world: World, code: AttestryErrorCode): string | undefined {
  return foundAgainst(ORIGIN, code, world);
}

/** The same against anyone. */
export function foundAgainst(
  accused: string,
  code: AttestryErrorCode,
  world: World,
): string | undefined {
  for (const { host, running } of world.verifiers) {
    if (running === undefined || world.liars.has(host)) continue;
    const { findings } = running.verifier;
    for (const { id } of findings.list().filter((one) => one.accused.includes(accused))) {
      const { problems } = world.auditor.judge(findings.read(id));
      if (problems.some((problem) => problem.code === code)) return code;
    }
  }
  return undefined;
}

/** The code, if that is what an honest verifier says to be wrong with the log. */
export function standsAgainstLog(world: World, code: AttestryErrorCode): string | undefined {
  const honest = world.verifiers.filter(({ host }) => !world.liars.has(host));
  const isSaid = honest.some(({ running }) =>
    running?.verifier.logs().some(({ problem }) => problem?.code === code),
  );
  return isSaid ? code : undefined;
}
