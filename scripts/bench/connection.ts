/** One HTTP/1.1 connection that stays open and does as little as it can: what the generator of the load takes, the log does not get. */
import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  /** Status line and headers. */
  readonly head: string;
  readonly body: Buffer;
}

interface Pending {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** The bytes of a POST. */
export function formatPost(path: string, type: string, body: Uint8Array): Uint8Array {
  const head = `POST ${path} HTTP/1.1\r\nhost: bench\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}

/** The bytes of a GET. */
export function formatGet(path: string): Uint8Array {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nhost: bench\r\n\r\n`, 'latin1');
}

const END_OF_HEAD = Buffer.from('\r\n\r\n');

export class Connection {
  readonly #port: number;
  #socket: Socket | undefined;
  #pending: Pending | undefined;
  #chunks: Buffer[] = [];
  #received = 0;
  /** Bytes of the whole answer, once its head is there. */
  #expected: { readonly start: number; readonly end: number; readonly head: string } | undefined;

  constructor(url: string) {
    this.#port = Number(new URL(url).port);
  }

  /** Sends the bytes of one request; one at a time. */
  request(bytes: Uint8Array): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      this.#open().write(bytes);
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  #open(): Socket {
    if (this.#socket !== undefined && !this.#socket.destroyed) return this.#socket;
    const socket = connect(this.#port, '127.0.0.1').setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    const lose = (error: unknown): void => {
      // One that was given up ends later, when the next has a request under way already.
      if (this.#socket !== socket) return;
      const pending = this.#pending;
      this.#pending = undefined;
      pending?.reject(error);
    };
    socket.on('error', lose);
    socket.on('close', () => lose(new Error('the connection was closed')));
    this.#socket = socket;
    return socket;
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#received += chunk.length;
    this.#expected ??= this.#readHead();
    if (this.#expected === undefined || this.#received < this.#expected.end) return;
    const { start, end, head } = this.#expected;
    const answer = {
      status: Number(head.slice(9, 12)),
      head,
      body: Buffer.concat(this.#chunks).subarray(start, end),
    };
    const pending = this.#pending;
    this.#pending = undefined;
    this.#expected = undefined;
    this.#chunks = [];
    this.#received = 0;
    // The server ends a connection after a number of requests; the next request opens another.
    if (/\r\nconnection: close\r\n/i.test(head)) this.close();
    pending?.resolve(answer);
  }

  #readHead(): { start: number; end: number; head: string } | undefined {
    const bytes =
      this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    const at = bytes.indexOf(END_OF_HEAD);
    if (at < 0) return undefined;
    const head = bytes.toString('latin1', 0, at + 2);
    const length = /\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1];
    if (length === undefined) throw new Error(`Expected an answer of known length: ${head}`);
    const start = at + END_OF_HEAD.length;
    return { start, end: start + Number(length), head };
  }
}
