import { expect, it } from 'vitest';
import { originHash } from '../../../src/core/note/origin-hash.ts';
import { digestOf } from '../../helpers/statements.ts';

it('originHash is the hex SHA-256 of the origin in UTF-8', () => {
  expect(originHash('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(originHash('münchen.log')).toBe(digestOf('münchen.log'));
});
