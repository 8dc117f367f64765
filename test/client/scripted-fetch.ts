/** A fetch that answers as a test has scripted, and a clock that only moves when someone sleeps. */
import type { RetryClock } from '../../src/client/retry.ts';

export interface Asked {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string;
}

export type Answer = Response | Error | ((asked: Asked) => Response | Promise<Response>);

export interface ScriptedFetch {
  readonly fetch: typeof globalThis.fetch;
  /** Every request so far. */
  readonly asked: readonly Asked[];
}

/** Gives the answers one after the other, then the last one for ever. */
export function scriptedFetch(...answers: readonly Answer[]): ScriptedFetch {
  const asked: Asked[] = [];
  return {
    asked,
    fetch: async (input, init = {}) => {
      const body = init.body === undefined || init.body === null ? undefined : init.body;
      const request: Asked = {
        url: String(input),
        method: init.method ?? 'GET',
        headers: new Headers(init.headers),
        body: body === undefined ? '' : await new Response(body).text(),
      };
      const answer = answers[Math.min(asked.length, answers.length - 1)];
      asked.push(request);
      if (answer === undefined) throw new TypeError('nothing scripted');
      if (answer instanceof Error) throw answer;
      return answer instanceof Response ? answer.clone() : await answer(request);
    },
  };
}

export function jsonAnswer(
  value: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(typeof value === 'string' ? value : JSON.stringify(value), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  });
}

/** What a node answers when it refuses. */
export function refusal(
  code: string,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return jsonAnswer({ error: { code, message: `${code} it is`, details: {} } }, status, headers);
}

/** What undici throws when nobody listens. */
export function noConnection(): Error {
  const cause = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  return new TypeError('fetch failed', { cause });
}

export interface TestClock extends RetryClock {
  /** Every pause so far, in milliseconds. */
  readonly pauses: readonly number[];
}

/** Chance always gives `random`. */
export function testClock(random = 0.5): TestClock {
  const pauses: number[] = [];
  let now = 1000;
  return {
    pauses,
    clockMs: () => now,
    random: () => random,
    sleep: async (ms) => {
      pauses.push(ms);
      now += ms;
    },
  };
}
