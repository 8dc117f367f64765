/** attestry trust: the life of a trust root, from its first draft through every change. */
import type { Command } from 'commander';
import { defineCommand } from '../command.ts';
import { addCommand, initCommand, revokeCommand, rotateCommand } from './trust-draft.ts';
import { exportCommand, importCommand } from './trust-policy.ts';
import { diffCommand, showCommand } from './trust-show.ts';
import { signCommand } from './trust-sign.ts';

export function trustCommand(): Command {
  const command = defineCommand({
    name: 'trust',
    summary: 'make, change, sign and show trust roots',
    description:
      'Makes, changes, signs and shows trust roots: the one file that an auditor trusts. A draft is carried from one holder of a root key to the next until enough have signed.',
    examples: [
      'attestry trust init --file network.yaml --out draft.json',
      'attestry trust sign draft.json --key root.key --out trust.json',
      'attestry trust show trust.json',
    ],
  });
  const below = [
    initCommand(),
    addCommand(),
    rotateCommand(),
    revokeCommand(),
    signCommand(),
    showCommand(),
    diffCommand(),
    importCommand(),
    exportCommand(),
  ];
  for (const one of below) command.addCommand(one);
  return command;
}
