/** Verifier keys, notes and trust roots that must be refused, beyond what the receipts show. */
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import { concatBytes } from '../../src/core/bytes/equal.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { sha256 } from '../../src/core/merkle/hash.ts';
import { publicKeyOf } from '../../src/core/note/ed25519.ts';
import { formatVkey } from '../../src/core/note/vkey.ts';
import type { AttestryErrorCode } from '../../src/errors.ts';
import { mixedOrderKey, SMALL_ORDER_KEYS } from '../../test/helpers/forgeries.ts';
import { testSigner } from '../../test/helpers/signed-log.ts';
import { signAsTrust } from '../../test/helpers/signed-trust.ts';
import { newNetwork, SEED, swap } from './network.ts';
import { inputOf, makeVector, type VectorFile } from './vector.ts';

type Case = readonly [desc: string, input: string, code: AttestryErrorCode | null];

const KEY = publicKeyOf(SEED);
const VKEY = formatVkey(testSigner('eu.log.example', 1).vkey);

export function vkeyVectors(): VectorFile[] {
  const cases: readonly Case[] = [
    ['good verifier key', VKEY, null],
    [
      'key ID of another key',
      swap(VKEY, VKEY.split('+')[1] as string, '00000000'),
      'VKEY_MALFORMED',
    ],
    ['unknown type', vkeyOf('a', 3, KEY), 'VKEY_MALFORMED'],
    ['space in the name', vkeyOf('a b', 1, KEY), 'VKEY_MALFORMED'],
    ['base64 with trailing bits', 'a+00000000+Zh==', 'VKEY_MALFORMED'],
    ['key of small order', vkeyOf('a', 1, SMALL_ORDER_KEYS[1] as Uint8Array), 'KEY_MALFORMED'],
    ['key of mixed order', vkeyOf('a', 1, mixedOrderKey(KEY)), 'KEY_MALFORMED'],
    [
      'key with y above the field prime',
      vkeyOf('a', 1, new Uint8Array(32).fill(0xff)),
      'KEY_MALFORMED',
    ],
  ];
  return cases.map(([desc, input, wantCode]) =>
    makeVector('note/vkey', { desc, wantCode }, { input }),
  );
}

export function trustVectors(): VectorFile[] {
  const { file } = newNetwork();
  const [log] = file.logs as [(typeof file.logs)[0]];
  const [witness] = file.witnesses as [(typeof file.witnesses)[0]];
  const [operator] = file.operators as [(typeof file.operators)[0]];
  const alias = formatVkey(testSigner('alias.example', 4, 'witness1.example').vkey);
  const cases: readonly (readonly [string, object, AttestryErrorCode])[] = [
    [
      'one witness under two names',
      { ...file, witnesses: [...file.witnesses, { ...witness, key: alias }] },
      'TRUST_KEY_DUPLICATE',
    ],
    ['quorum above all witnesses', { ...file, witnessQuorum: 5 }, 'TRUST_MALFORMED'],
    [
      'operator key of mixed order',
      { ...file, operators: [{ ...operator, keys: [{ key: encodeHex(mixedOrderKey(KEY)) }] }] },
      'TRUST_MALFORMED',
    ],
    [
      'address with a password',
      { ...file, logs: [{ ...log, url: 'https://a:b@log.example' }] },
      'TRUST_MALFORMED',
    ],
  ];
  return cases.map(([desc, changed, wantCode]) =>
    makeVector('trust', { desc, wantCode }, inputOf(signAsTrust(changed))),
  );
}

/** A verifier key whose ID is right, whatever its type and key are. */
function vkeyOf(name: string, type: number, key: Uint8Array): string {
  const typed = concatBytes(Uint8Array.of(type), key);
  const id = sha256(concatBytes(encodeUtf8(`${name}\n`), typed)).subarray(0, 4);
  return `${name}+${encodeHex(id)}+${encodeBase64(typed)}`;
}
