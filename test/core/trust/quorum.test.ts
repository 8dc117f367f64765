import { describe, expect, it } from 'vitest';
import { encodeBase64 } from '../../../src/core/bytes/base64.ts';
import { signCheckpoint } from '../../../src/core/note/checkpoint.ts';
import type { SignatureEngine } from '../../../src/core/note/ed25519.ts';
import { SIGNATURE_TYPE } from '../../../src/core/note/vkey.ts';
import {
  type VerificationRules,
  verifyFreshness,
  verifyLogCheckpoint,
  verifyWitnessedCheckpoint,
} from '../../../src/core/trust/quorum.ts';
import type { CosignerFields, LogFields } from '../../../src/core/trust/trust-file.ts';
import type { WindowFields } from '../../../src/core/trust/window.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { cosign, makeNetwork, type TestLog } from '../../helpers/fixtures.ts';
import { testSigner } from '../../helpers/signed-log.ts';
import { trustOf } from '../../helpers/signed-trust.ts';
import { NOW } from '../../helpers/statements.ts';

const { file, rules, witnesses, logs } = makeNetwork({ witnesses: 4, quorum: 3 });
const [LOG] = logs as [TestLog];
LOG.state('deployment');
const NOTE = LOG.checkpoint();

const verdict = (note: string, other: Partial<VerificationRules> = {}): string =>
  codeOf(() => verifyWitnessedCheckpoint(note, { ...rules, ...other }));

describe('verifyWitnessedCheckpoint', () => {
  it('gives the checkpoint, its log and its witnesses', () => {
    const note = cosign(NOTE, witnesses, NOW - 10);
    const witnessed = verifyWitnessedCheckpoint(note, rules);
    expect(witnessed).toMatchObject({ note, witnessedAt: NOW - 10, log: { region: 'eu' } });
    expect(witnessed.checkpoint).toEqual({ origin: LOG.origin, size: 1, root: LOG.tree.root() });
    expect(witnessed.cosignatures.map(({ name }) => name)).toEqual(
      witnesses.map(({ vkey }) => vkey.name),
    );
  });

  it('asks for the quorum and no more', () => {
    for (const [count, code] of [
      [0, 'QUORUM_SHORT'],
      [1, 'QUORUM_SHORT'],
      [2, 'QUORUM_SHORT'],
      [3, 'none'],
      [4, 'none'],
    ] as const) {
      expect(verdict(cosign(NOTE, witnesses.slice(0, count), NOW))).toBe(code);
    }
  });

  it('counts a witness that signs often once, and strangers never', () => {
    const two = cosign(NOTE, witnesses.slice(0, 2), NOW);
    expect(verdict(cosign(two, witnesses.slice(0, 2), NOW - 1))).toBe('QUORUM_SHORT');
    const stranger = testSigner('witness3.example', SIGNATURE_TYPE.cosignature, 'stranger');
    expect(verdict(cosign(two, [stranger], NOW))).toBe('QUORUM_SHORT');
    const unknown = testSigner('witness5.example', SIGNATURE_TYPE.cosignature);
    expect(verdict(cosign(two, [unknown], NOW))).toBe('QUORUM_SHORT');
  });

  it('dates the checkpoint by the quorum-th smallest time, whatever single witnesses claim', () => {
    const times = [NOW - 1, 5, NOW - 50, NOW - 20];
    const note = witnesses.reduce(
      (signed, witness, i) => cosign(signed, [witness], times[i] as number),
      NOTE,
    );
    expect(verifyWitnessedCheckpoint(note, rules).witnessedAt).toBe(NOW - 20);
  });

  it('counts the witnesses of one organisation once, by the first of them', () => {
    const [first, second, ...others] = file.witnesses as [CosignerFields, CosignerFields];
    const { operator } = first;
    const trust = trustOf({
      ...file,
      witnesses: [first, { ...second, operator }, ...others],
    });
    expect(verdict(cosign(NOTE, witnesses.slice(0, 3), NOW), { trust })).toBe('QUORUM_SHORT');
    const times = [NOW - 1, NOW - 50, NOW - 20, NOW - 5];
    const note = witnesses.reduce(
      (signed, witness, i) => cosign(signed, [witness], times[i] as number),
      NOTE,
    );
    const witnessed = verifyWitnessedCheckpoint(note, { ...rules, trust });
    expect([witnessed.witnessedAt, witnessed.cosignatures.length]).toEqual([NOW - 5, 4]);
  });

  it('counts a cosignature only if its time lies in the window of its witness', () => {
    const [first, ...others] = file.witnesses as [CosignerFields];
    const at = (fields: WindowFields, time: number): string => {
      const trust = trustOf({ ...file, witnesses: [{ ...first, ...fields }, ...others] });
      const note = cosign(cosign(NOTE, witnesses.slice(1, 3), NOW), witnesses.slice(0, 1), time);
      return verdict(note, { trust });
    };
    const ended = { validUntil: '2026-10-01T11:00:00Z' };
    expect(at(ended, NOW - 3_601)).toBe('none');
    expect(at(ended, NOW - 3_600)).toBe('QUORUM_SHORT');
    const begun = { validFrom: '2026-10-01T11:00:00Z' };
    expect(at(begun, NOW - 3_600)).toBe('none');
    expect(at(begun, NOW - 3_601)).toBe('QUORUM_SHORT');
  });

  it('refuses a checkpoint that was witnessed outside of the window of its log', () => {
    const [log, ...others] = file.logs as [LogFields];
    const logs = [{ ...log, validUntil: '2026-10-01T11:00:00Z' }, ...others];
    const trust = trustOf({ ...file, logs });
    expect(verdict(cosign(NOTE, witnesses, NOW - 3_601), { trust })).toBe('none');
    expect(verdict(cosign(NOTE, witnesses, NOW - 3_600), { trust })).toBe('LOG_OUT_OF_WINDOW');
  });

  it('refuses a checkpoint of a log that the trust root does not name', () => {
    const origin = 'other.log.example';
    const signer = testSigner(origin, SIGNATURE_TYPE.ed25519);
    const note = signCheckpoint({ origin, size: 1, root: LOG.tree.root() }, signer);
    expect(verdict(cosign(note, witnesses, NOW))).toBe('CHECKPOINT_ORIGIN_UNKNOWN');
  });

  it('refuses a checkpoint that witnesses signed and its log did not', () => {
    const stranger = testSigner(LOG.origin, SIGNATURE_TYPE.ed25519, 'stranger');
    const note = signCheckpoint({ origin: LOG.origin, size: 1, root: LOG.tree.root() }, stranger);
    expect(verdict(cosign(note, witnesses, NOW))).toBe('CHECKPOINT_UNSIGNED');
    const root = encodeBase64(LOG.tree.root());
    const changed = NOTE.replace(root, encodeBase64(new Uint8Array(32)));
    expect(verdict(cosign(changed, witnesses, NOW))).toBe('CHECKPOINT_SIGNATURE_INVALID');
  });

  it('refuses one wrong cosignature, however many good ones there are', () => {
    const note = cosign(NOTE, witnesses.slice(0, 3), NOW);
    const other = cosign(LOG.checkpoint(0), witnesses.slice(3), NOW);
    const line = other.slice(other.lastIndexOf('—'));
    expect(verdict(note + line)).toBe('COSIGNATURE_INVALID');
  });

  it('refuses cosignatures from the future', () => {
    expect(verdict(cosign(NOTE, witnesses, NOW + 301))).toBe('COSIGNATURE_TIME_FUTURE');
    expect(verdict(cosign(NOTE, witnesses, NOW + 300))).toBe('none');
  });

  it('asks the engine that it is given, for the log and for the witnesses', () => {
    const asked: number[] = [];
    const count: SignatureEngine = {
      name: 'counting',
      verify: (_key, message) => asked.push(message.length) > 0,
    };
    verifyWitnessedCheckpoint(cosign(NOTE, witnesses, NOW), { ...rules, engine: count });
    expect(asked).toHaveLength(1 + witnesses.length);
  });
});

describe('verifyLogCheckpoint', () => {
  it('asks for no witnesses', () => {
    const { log, checkpoint } = verifyLogCheckpoint(NOTE, rules);
    expect(log.origin).toBe(LOG.origin);
    expect(checkpoint.size).toBe(1);
  });
});

describe('verifyFreshness', () => {
  it('refuses a checkpoint that is older than asked for, and none where nothing is asked', () => {
    const checkpoint = verifyWitnessedCheckpoint(cosign(NOTE, witnesses, NOW - 100), rules);
    const at = (maxAge?: number): string =>
      codeOf(() =>
        verifyFreshness(checkpoint, maxAge === undefined ? rules : { ...rules, maxAge }),
      );
    expect(at()).toBe('none');
    expect(at(100)).toBe('none');
    expect(at(99)).toBe('CHECKPOINT_STALE');
  });
});
