/** Every byte layout that a key of this project signs. One home, so that no two of them can be confused. */

import { encodeBase64 } from '../bytes/base64.ts';
import { encodeUtf8 } from '../bytes/utf8.ts';

/** What a log signs, and the text of its note: c2sp.org/tlog-checkpoint without extension lines. */
export function checkpointText(origin: string, size: number, root: Uint8Array): string {
  return `${origin}\n${size}\n${encodeBase64(root)}\n`;
}

export interface TallyTextInput {
  readonly origin: string;
  readonly size: number;
  readonly logRoot: Uint8Array;
  readonly tallyRoot: Uint8Array;
  readonly count: number;
  /** In the order of the vector. */
  readonly metrics: readonly (readonly [name: string, sum: bigint])[];
}

/** What a log signs for its tally. The first line ends in /tally, so it is never a checkpoint of the log itself. */
export function tallyText(input: TallyTextInput): string {
  const { origin, size, logRoot, tallyRoot, count, metrics } = input;
  const sums = metrics.map(([name, sum]) => `${name} ${sum}\n`).join('');
  return `${origin}/tally\n${size}\n${encodeBase64(tallyRoot)}\nlog ${encodeBase64(logRoot)}\ncount ${count}\n${sums}`;
}

/** What a witness signs: c2sp.org/tlog-cosignature, Ed25519. `time` in unix seconds. */
export function cosignatureMessage(time: number, noteText: string): Uint8Array {
  return encodeUtf8(`cosignature/v1\ntime ${time}\n${noteText}`);
}

/** What an operator signs: DSSE v1 pre-authentication encoding. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const frame = preAuthFramer(payloadType)(payload.length);
  frame.payload.set(payload);
  return frame.message;
}

export interface PreAuthFrame {
  readonly message: Uint8Array;
  /** The end of the message, all zeros: whoever has the payload writes it here. */
  readonly payload: Uint8Array;
}

/** Makes pre-authentication encodings of one type that lack only the payload, of a length: it is then written once. */
export function preAuthFramer(payloadType: string): (length: number) => PreAuthFrame {
  const type = encodeUtf8(payloadType);
  const head = encodeUtf8(`DSSEv1 ${type.length} ${payloadType} `);
  return (length) => {
    const digits = `${length} `;
    const message = new Uint8Array(head.length + digits.length + length);
    message.set(head);
    for (let i = 0; i < digits.length; i++) message[head.length + i] = digits.charCodeAt(i);
    return { message, payload: message.subarray(head.length + digits.length) };
  };
}
