/** A log's HTTP side over a `TestLog`, honest unless a test makes it lie. */
import { bytesEqual } from '../../src/core/bytes/equal.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { leafHash } from '../../src/core/merkle/hash.ts';
import { formatReceipt, type Receipt } from '../../src/core/receipt/receipt.ts';
import type { TestLog } from '../helpers/fixtures.ts';
import { NOW } from '../helpers/statements.ts';
import { type Asked, jsonAnswer, refusal } from './scripted-fetch.ts';

type State = 'committed' | 'witnessed';

export interface LogAnswer {
  readonly entryHash: string;
  readonly index: number;
  readonly receipt: Receipt;
  readonly state: State;
}

export class FakeLog {
  readonly log: TestLog;
  /** Until then the log says committed, whatever was asked for. */
  isWitnessed = true;
  /** When its witnesses sign, unix seconds. */
  time: number = NOW - 60;
  /** Changes an answer on its way out. */
  lie: (answer: LogAnswer) => LogAnswer = (answer) => answer;

  constructor(log: TestLog) {
    this.log = log;
  }

  /** To be scripted as the answer to a request. */
  readonly answer = (asked: Asked): Response => {
    const { pathname, searchParams } = new URL(asked.url);
    const state: State = searchParams.get('wait') === 'witnessed' ? 'witnessed' : 'committed';
    if (asked.method === 'GET') {
      const wanted = searchParams.get('state') === 'witnessed' ? 'witnessed' : 'committed';
      return this.#serve(pathname.split('/').at(-1) ?? '', wanted);
    }
    if (asked.headers.get('content-type') !== 'application/x-ndjson') {
      return jsonAnswer(formatAnswer(this.#take(asked.body, state)), 201);
    }
    const lines = asked.body.trimEnd().split('\n');
    return jsonAnswer(`${lines.map((line) => formatAnswer(this.#take(line, state))).join('\n')}\n`);
  };

  #take(body: string, wait: State): LogAnswer {
    const entry = encodeUtf8(body);
    const found = this.log.entries.findIndex((other) => bytesEqual(other, entry));
    const index = found < 0 ? this.log.append(entry) : found;
    const state = this.isWitnessed ? wait : 'committed';
    const entryHash = encodeHex(leafHash(entry));
    return this.lie({ entryHash, index, receipt: this.#receipt(index, state), state });
  }

  #serve(entryHash: string, state: State): Response {
    const index = this.log.entries.findIndex((entry) => encodeHex(leafHash(entry)) === entryHash);
    if (index < 0 || (state === 'witnessed' && !this.isWitnessed)) {
      return refusal('ENTRY_UNKNOWN', 404);
    }
    const { receipt } = this.lie({ entryHash, index, receipt: this.#receipt(index, state), state });
    return jsonAnswer(new TextDecoder().decode(formatReceipt(receipt)));
  }

  #receipt(index: number, state: State): Receipt {
    const { time } = this;
    return this.log.receipt(index, state === 'witnessed' ? { time } : { witnesses: [] });
  }
}

function formatAnswer({ receipt, ...answer }: LogAnswer): string {
  const file: unknown = JSON.parse(new TextDecoder().decode(formatReceipt(receipt)));
  return JSON.stringify({ ...answer, receipt: file });
}
