import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatBundlePath,
  formatTilePath,
  parseBundlePath,
  parseTilePath,
} from '../../../src/core/merkle/tile-path.ts';
import { codeOf } from '../../helpers/code-of.ts';

const anyIndex = fc.oneof(fc.nat(2000), fc.maxSafeNat());
const anyWidth = fc.integer({ min: 1, max: 256 });
const anyLevel = fc.nat(63);

// What may stand after `tile/0/` or `tile/entries/` in no path.
const HOSTILE_PLACES = [
  '',
  '0',
  '67',
  '0067',
  'x067',
  'x001',
  'x001/',
  '001/067',
  'X001/067',
  'x001/x067',
  'x000/067',
  'x000/x001/067',
  '/067',
  '067/',
  ' 067',
  '067 ',
  '067\n',
  '067\0',
  '+67',
  '-01',
  '0x6',
  '1e2',
  '٠٦٧',
  '067.p',
  '067.p/',
  '067.p/0',
  '067.p/00',
  '067.p/01',
  '067.p/256',
  '067.p/999',
  '067.p/1000',
  '067.p/1/',
  '067.p/1.p/1',
  '067.P/1',
  '067/p/1',
  '067.p/x01',
  '../067',
  '..',
  '%2e%2e/067',
  'x001/../067',
  'x009/x007/x199/x254/x740/992',
  'x001/x000/x000/x000/x000/x000/000',
  `x${'9'.repeat(300)}/067`,
];

describe('parseTilePath', () => {
  it('reads the examples of the format', () => {
    expect(parseTilePath('tile/0/x001/x234/067')).toEqual({ level: 0, index: 1234067, width: 256 });
    expect(parseTilePath('tile/0/000')).toEqual({ level: 0, index: 0, width: 256 });
    expect(parseTilePath('tile/1/001.p/17')).toEqual({ level: 1, index: 1, width: 17 });
    expect(parseTilePath('tile/63/999.p/255')).toEqual({ level: 63, index: 999, width: 255 });
  });

  it('reads back what formatTilePath writes', () => {
    fc.assert(
      fc.property(anyLevel, anyIndex, anyWidth, (level, index, width) => {
        const tile = { level, index, width };
        expect(parseTilePath(formatTilePath(tile))).toEqual(tile);
      }),
    );
  });

  it('refuses every other text', () => {
    const wrong = HOSTILE_PLACES.map((place) => `tile/0/${place}`).concat([
      '',
      'tile',
      'tile/',
      'tile/0',
      '/tile/0/000',
      'tile//000',
      'tile/00/000',
      'tile/01/000',
      'tile/64/000',
      'tile/100/000',
      'tile/-1/000',
      'tile/1.0/000',
      'tile/x001/000',
      'tile/٣/000',
      'tile/entries/000',
      'tile/data/000',
      'Tile/0/000',
      'tile/0/000?x=1',
      'tile/0/000#',
      'tile\\0\\000',
      'x/tile/0/000',
      'tile/0//000',
    ]);
    for (const path of wrong) {
      expect([path, codeOf(() => parseTilePath(path))]).toEqual([path, 'TILE_PATH_MALFORMED']);
    }
  });

  it('refuses any text or takes it as the only spelling', () => {
    const letters = fc.constantFrom(
      'tile',
      '/',
      'x',
      '0',
      '001',
      '999',
      '.p/',
      '7',
      '255',
      '256',
      '\n',
    );
    const nearly = fc.array(letters, { maxLength: 12 }).map((parts) => `tile/${parts.join('')}`);
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string()), (path) => {
        const code = codeOf(() => expect(formatTilePath(parseTilePath(path))).toBe(path));
        expect(['none', 'TILE_PATH_MALFORMED']).toContain(code);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('formatTilePath', () => {
  it('refuses coordinates that no tile has', () => {
    for (const tile of [
      { level: -1, index: 0, width: 256 },
      { level: 64, index: 0, width: 256 },
      { level: 0.5, index: 0, width: 256 },
      { level: 0, index: -1, width: 256 },
      { level: 0, index: 2 ** 53, width: 256 },
      { level: 0, index: 0, width: 0 },
      { level: 0, index: 0, width: 257 },
      { level: 0, index: 0, width: Number.NaN },
    ]) {
      expect(() => formatTilePath(tile)).toThrow(RangeError);
    }
  });
});

describe('parseBundlePath', () => {
  it('reads the examples of the format', () => {
    expect(parseBundlePath('tile/entries/x001/067')).toEqual({ index: 1067, width: 256 });
    expect(parseBundlePath('tile/entries/000.p/112')).toEqual({ index: 0, width: 112 });
  });

  it('reads back what formatBundlePath writes', () => {
    fc.assert(
      fc.property(anyIndex, anyWidth, (index, width) => {
        expect(parseBundlePath(formatBundlePath({ index, width }))).toEqual({ index, width });
      }),
    );
  });

  it('refuses every other text', () => {
    const wrong = HOSTILE_PLACES.map((place) => `tile/entries/${place}`).concat([
      '',
      'tile/entries',
      '/tile/entries/000',
      'tile/0/000',
      'tile/entries/0/000',
      'tile/Entries/000',
      'tile/entries//000',
    ]);
    for (const path of wrong) {
      expect([path, codeOf(() => parseBundlePath(path))]).toEqual([path, 'TILE_PATH_MALFORMED']);
    }
  });
});
