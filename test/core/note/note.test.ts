import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatNote,
  formatSignatureLine,
  type Note,
  parseNote,
  parseSignatureLines,
} from '../../../src/core/note/note.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { accepted, hostileText } from '../../helpers/hostile.ts';

// A key ID and one byte of signature: the shortest that there is.
const LINE = '— example.com/foo AAAAAAA=\n';
const NOTE = `first line\nsecond line\n\n${LINE}`;

describe('parseNote', () => {
  it('divides the text from the signatures', () => {
    const note = parseNote(NOTE);
    expect(note.text).toBe('first line\nsecond line\n');
    expect(note.signatures).toEqual([
      { name: 'example.com/foo', keyId: new Uint8Array(4), signature: new Uint8Array(1) },
    ]);
  });

  it('takes blank lines in the text: the last one divides', () => {
    expect(parseNote(`a\n\nb\n\n${LINE}`).text).toBe('a\n\nb\n');
    expect(parseNote(`a\n\n\n${LINE}`).text).toBe('a\n\n');
  });

  it.each([
    ['CRLF line ends', NOTE.replaceAll('\n', '\r\n')],
    ['one carriage return', NOTE.replace('line\n', 'line\r\n')],
    ['a NUL byte', NOTE.replace('first', 'fi\0st')],
    ['a tab', NOTE.replace('first ', 'first\t')],
    ['an escape character', NOTE.replace('first', '\u001b[2J')],
    ['a lone surrogate', NOTE.replace('first', '\ud800')],
    ['no signature lines', 'text\n\n'],
    ['no blank line', `text\n${LINE}`],
    ['no text and no blank line', LINE],
    ['no line break at the end', NOTE.slice(0, -1)],
    ['a blank line at the end', `${NOTE}\n`],
    ['a hyphen for the dash', NOTE.replace('—', '-')],
    ['an en dash for the dash', NOTE.replace('—', '–')],
    ['two spaces in a signature line', NOTE.replace('foo A', 'foo  A')],
    ['a no-break space in a signature line', NOTE.replace('— e', '—\u00a0e')],
    ['a plus sign in a name', NOTE.replace('/foo', '+foo')],
    ['an empty name', NOTE.replace('example.com/foo', '')],
    ['base64 without padding', NOTE.replace('AAAAAAA=', 'AAAAAAA')],
    ['base64 with trailing bits', NOTE.replace('AAAAAAA=', 'AAAAAAB=')],
    ['base64 of the URL alphabet', NOTE.replace('AAAAAAA=', 'AAAA-_A=')],
    ['a key ID without a signature', NOTE.replace('AAAAAAA=', 'AAAAAA==')],
    ['a signature line that is text', `${NOTE}trailing\n`],
    ['101 signature lines', `text\n\n${LINE.repeat(101)}`],
    ['more than 128 KiB', `${'x'.repeat(128 * 1024)}\n\n${LINE}`],
  ])('refuses %s', (_, text) => {
    expect(codeOf(() => parseNote(text))).toBe('NOTE_MALFORMED');
  });

  it('takes signatures of types that nobody knows, and a hundred of them', () => {
    expect(parseNote(`text\n\n${LINE.repeat(100)}`).signatures).toHaveLength(100);
    expect(parseNote(`text\n\n— future AAAAAAAAAAAAAAAA\n`).signatures[0]?.signature).toHaveLength(
      8,
    );
  });

  it('refuses any text with a code, or formatNote gives it back', () => {
    fc.assert(
      fc.property(hostileText(NOTE, `a\n\nb\n\n${LINE}${LINE}`), (text) => {
        const note = accepted(() => parseNote(text));
        if (note !== undefined) expect(formatNote(note)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });
});

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

const anyNote: fc.Arbitrary<Note> = fc.record({
  text: fc
    .string({ unit: 'grapheme-composite' })
    .map((text) => `${text.replace(/\p{Cc}/gu, '')}\n`),
  signatures: fc.array(
    fc.record({
      name: fc.stringMatching(/^[a-z0-9./]{1,20}$/),
      keyId: bytes(4),
      signature: fc.uint8Array({ minLength: 1, maxLength: 80 }),
    }),
    { minLength: 1, maxLength: 5 },
  ),
});

describe('formatNote', () => {
  it('writes what parseNote reads back', () => {
    fc.assert(
      fc.property(anyNote, (note) => {
        expect(parseNote(formatNote(note))).toEqual(note);
      }),
    );
  });
});

describe('parseSignatureLines', () => {
  it('reads what a witness answers, nothing included', () => {
    expect(parseSignatureLines('')).toEqual([]);
    expect(parseSignatureLines(LINE + LINE).map(formatSignatureLine)).toEqual([LINE, LINE]);
  });

  it('refuses lines without an end or between blank lines', () => {
    for (const text of [LINE.slice(0, -1), '\n', `\n${LINE}`, `${LINE}\n`, `${LINE}\n${LINE}`]) {
      expect(codeOf(() => parseSignatureLines(text))).toBe('NOTE_MALFORMED');
    }
  });
});
