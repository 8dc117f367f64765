import { describe, expect, it } from 'vitest';
import { decodeUtf8, encodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import { EMPTY_ROOT } from '../../../src/core/merkle/hash.ts';
import {
  checkpointText,
  cosignatureMessage,
  preAuthEncoding,
} from '../../../src/core/note/signable.ts';

describe('checkpointText', () => {
  it('is three lines', () => {
    expect(checkpointText('example.com/log', 0, EMPTY_ROOT)).toBe(
      'example.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n',
    );
    expect(checkpointText('a', 2 ** 53 - 1, EMPTY_ROOT)).toContain('\n9007199254740991\n');
  });
});

describe('cosignatureMessage', () => {
  it('puts a header and the time before the note', () => {
    expect(decodeUtf8(cosignatureMessage(1_727_964_367, 'a\n1\nAA==\n'))).toBe(
      'cosignature/v1\ntime 1727964367\na\n1\nAA==\n',
    );
  });
});

describe('preAuthEncoding', () => {
  it('counts bytes, not characters', () => {
    expect(decodeUtf8(preAuthEncoding('tyé', encodeUtf8('päy')))).toBe('DSSEv1 4 tyé 4 päy');
    expect(decodeUtf8(preAuthEncoding('', new Uint8Array(0)))).toBe('DSSEv1 0  0 ');
  });
});

describe('signable layouts', () => {
  it('begin differently, so that no signature passes for one of another kind', () => {
    const note = checkpointText('cosignature/v1', 1, EMPTY_ROOT);
    const cosigned = decodeUtf8(cosignatureMessage(1, note));
    const stated = decodeUtf8(preAuthEncoding('type', encodeUtf8(note)));
    // A log may name itself like a header, but its second line is a number and a cosignature's begins with a word.
    expect(note.split('\n')[1]).toBe('1');
    expect(cosigned.split('\n')[1]).toBe('time 1');
    expect(stated.startsWith('DSSEv1 ')).toBe(true);
    expect(stated.split('\n')[0]).toBe('DSSEv1 4 type 62 cosignature/v1');
  });
});
