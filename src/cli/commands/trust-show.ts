/** attestry trust show, diff: what a trust root says, and what the next one says otherwise. */
import type { Command } from 'commander';
import { toleranceOf } from '../../core/trust/tolerance.ts';
import { parseTrustRoot, readTrustRoot, type TrustRoot } from '../../core/trust/trust-root.ts';
import { AttestryError } from '../../errors.ts';
import { defineCommand, jsonOption, unixNow } from '../command.ts';
import { LARGEST_TRUST_BYTES, readInput } from '../input.ts';
import { say, sayJson } from '../terminal.ts';
import { diffTrust } from '../trust-diff.ts';
import { formatTrust } from '../trust-show.ts';

export function showCommand(): Command {
  return defineCommand({
    name: 'show',
    summary: 'show a trust root or a draft',
    description:
      'Shows a trust root or a draft of one: its digest, its parties, who has signed, and what its quorums tolerate.',
    examples: ['attestry trust show trust.json'],
  })
    .argument('<file>', 'the trust root or the draft')
    .addOption(jsonOption())
    .action(async (file: string, { json }: { readonly json?: boolean }) => {
      const trust = await readDraft(file);
      const { witnesses, witnessQuorum, digest } = trust;
      const tolerance = toleranceOf(witnesses, witnessQuorum, unixNow()).dishonest;
      if (json === true) sayJson({ digest, signed: isSigned(trust), tolerance, ...trust.file });
      else say(...formatTrust(trust, unixNow()));
    });
}

export function diffCommand(): Command {
  return defineCommand({
    name: 'diff',
    summary: 'show what changes from one trust root to another',
    description:
      'Shows, line by line, what a trust root or a draft says otherwise than the one before. Nothing is verified: use it to read a draft before it is signed.',
    examples: ['attestry trust diff trust.json draft.json'],
  })
    .argument('<old>', 'the trust root as it is')
    .argument('<new>', 'the next version, or a draft of it')
    .action(async (old: string, next: string) => {
      const [before, after] = [await readDraft(old), await readDraft(next)];
      say(`from ${before.digest}`, `to   ${after.digest}`);
      say(...diffTrust(before.file, after.file));
    });
}

async function readDraft(path: string): Promise<TrustRoot> {
  return readTrustRoot(await readInput(path, LARGEST_TRUST_BYTES));
}

function isSigned({ bytes }: TrustRoot): boolean {
  try {
    parseTrustRoot(bytes);
    return true;
  } catch (error) {
    if (error instanceof AttestryError && error.code === 'TRUST_THRESHOLD_SHORT') return false;
    throw error;
  }
}
