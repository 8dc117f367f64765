/** Logs that take in what admission refuses: statements of the future, and two with one sequence number. */
import { bytesEqual } from '../../../src/core/bytes/equal.ts';
import { formatTime } from '../../../src/core/bytes/time.ts';
import type { LogOptions } from '../../../src/log/log.ts';
import type { LogStore } from '../../../src/store/log-store.ts';
import { sampleStatement } from '../../../test/helpers/statements.ts';
import {
  DEPLOYED,
  forged,
  MODELS,
  OPERATOR,
  ORIGIN,
  type Signed,
  STREAMS,
  signed,
  verifyAtOnce,
} from '../material.ts';
import { replacing } from '../replacing.ts';
import type { World } from '../world.ts';
import { type Behaviour, foundAgainstLog } from './behaviour.ts';

const CONTEXT = { log: ORIGIN, operator: OPERATOR, region: 'eu' };
const A_DAY = 86_400;
const FORGED = 'forged statement';

/** The log takes the statement, whatever its rules say, and a friend submits it. */
function taking(lie: {
  readonly name: string;
  readonly make: (world: World) => Signed;
  readonly loosen: (options: LogOptions, isTheOne: () => boolean) => LogOptions;
  readonly isTime?: (world: World) => boolean;
}): Behaviour {
  const { name, make, loosen, isTime = () => true } = lie;
  return {
    name,
    prepare: (world) => {
      const { scheduler, people, chance, operator, log } = world;
      world.liars.add(log.host);
      const bad = make(world);
      let isHere = false;
      log.loosen = (options) => loosen(options, () => isHere);
      log.front = async (exchange, honest) => {
        isHere = bytesEqual(exchange.body, bad.envelope.entry);
        return await honest(exchange);
      };
      if (name !== FORGED) world.genuine.add(bad.entryHash);
      const submit = (): void => {
        if (isTime(world)) void operator.submitUnchecked(bad);
        else scheduler.after(500, submit, people);
      };
      scheduler.after(500 + chance.people.below(4_000), submit, people);
    },
    caught: (world) => foundAgainstLog(world, 'ENTRY_INADMISSIBLE'),
  };
}

const forwardDated = taking({
  name: 'forward-dated statement',
  make: (world) =>
    signed(
      sampleStatement('deployment', {
        model: MODELS[0] as string,
        context: { ...CONTEXT, issuedAt: formatTime(world.unixNow() + A_DAY) },
      }),
    ),
  loosen: (options, isTheOne) => ({
    ...options,
    now: () => options.now() + (isTheOne() ? 2 * A_DAY : 0),
  }),
});

const FIRST_WINDOW = STREAMS[0]?.[0] as Signed;

/** Another statement with the first number of a stream, behind the one that has it already. */
const repeatedSequence = taking({
  name: 'two statements with one sequence number',
  make: () => {
    const { statement } = FIRST_WINDOW;
    if (statement.kind !== 'usage') throw new Error('Expected a statement of usage.');
    const quantities = { ...statement.predicate.quantities, energyWattHours: '6' };
    return signed({ ...statement, predicate: { ...statement.predicate, quantities } });
  },
  loosen: (options, isTheOne) => ({
    ...options,
    store: withoutStreams(options.store, isTheOne),
  }),
  isTime: ({ truth }) =>
    truth.acknowledged.some(({ entryHash }) => entryHash === FIRST_WINDOW.entryHash),
});

/** A statement whose signature is nobody's. */
export const FORGED_STATEMENT_LIE: Behaviour = taking({
  name: FORGED,
  make: () => forged(DEPLOYED.at(-1) as Signed),
  loosen: (options, isTheOne) => ({
    ...options,
    verifyMany: async (claims) =>
      isTheOne() ? claims.map(() => true) : await verifyAtOnce(claims),
  }),
});

/** The log believes that no stream has begun when the one statement comes. */
function withoutStreams(store: LogStore, isTheOne: () => boolean): LogStore {
  let isForgotten = false;
  return replacing(store, {
    stream: (key) => {
      const forgets = isTheOne() && !isForgotten;
      isForgotten ||= forgets;
      return forgets ? undefined : store.stream(key);
    },
  });
}

export const ADMISSION_LIES: readonly Behaviour[] = [
  forwardDated,
  repeatedSequence,
  FORGED_STATEMENT_LIE,
];
