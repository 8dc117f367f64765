/** Logs that take in what admission refuses: statements of the future, and two with one sequence number. */
import { bytesEqual } from '../../../src/core/bytes/equal.ts';
import { formatTime } from '../../../src/core/bytes/time.ts';
import type { LogOptions } from '../../../src/log/log.ts';
import type { LogStore } from '../../../src/store/log-store.ts';
import { sampleStatement, sampleStream } from '../../../test/helpers/statements.ts';
import { MODELS, OPERATOR, ORIGIN, type Signed, STREAMS, signed } from '../material.ts';
import { replacing } from '../replacing.ts';
import type { World } from '../world.ts';
import { type Behaviour, foundAgainstLog } from './behaviour.ts';

const CONTEXT = { log: ORIGIN, operator: OPERATOR, region: 'eu' };
const A_DAY = 86_400;

/** The log takes the statement, whatever its rules say, and a friend submits it. */
function taking(
  name: string,
  make: (world: World) => Signed,
  loosen: (options: LogOptions, isTheOne: () => boolean) => LogOptions,
): Behaviour {
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
      const time = 500 + chance.people.below(5_000);
      scheduler.after(time, () => void operator.submitUnchecked(bad), people);
    },
    caught: (world) => foundAgainstLog(world, 'ENTRY_INADMISSIBLE'),
  };
}

const forwardDated = taking(
  'forward-dated statement',
  (world) =>
    signed(
      sampleStatement('deployment', {
        model: MODELS[0] as string,
        context: { ...CONTEXT, issuedAt: formatTime(world.unixNow() + A_DAY) },
      }),
    ),
  (options, isTheOne) => ({
    ...options,
    now: () => options.now() + (isTheOne() ? 2 * A_DAY : 0),
  }),
);

/** Another statement with the first number of a stream that has one already. */
const repeatedSequence = taking(
  'two statements with one sequence number',
  () => {
    const [first] = sampleStream(1, {
      model: MODELS[1] as string,
      meter: 'meter-1',
      context: CONTEXT,
    });
    if (first === undefined || STREAMS.length < 2) throw new Error('Expected a stream.');
    const quantities = { ...first.predicate.quantities, energyWattHours: '6' };
    return signed({ ...first, predicate: { ...first.predicate, quantities } });
  },
  (options, isTheOne) => ({ ...options, store: withoutStreams(options.store, isTheOne) }),
);

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

export const ADMISSION_LIES: readonly Behaviour[] = [forwardDated, repeatedSequence];
