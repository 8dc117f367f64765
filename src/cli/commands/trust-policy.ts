/** attestry trust import, export: the part of a trust root that C2SP tlog-policy text can say. */
import type { Command } from 'commander';
import { decodeUtf8, encodeUtf8 } from '../../core/bytes/utf8.ts';
import { parseVkey } from '../../core/note/vkey.ts';
import { formatTlogPolicy, parseTlogPolicy } from '../../core/trust/tlog-policy.ts';
import { addTrustOptions, defineCommand, unixNow } from '../command.ts';
import {
  LARGEST_TRUST_BYTES,
  readInput,
  readTrust,
  type TrustFlags,
  writeResult,
} from '../input.ts';
import { tell } from '../terminal.ts';

interface ImportFlags {
  readonly region: string;
  readonly out?: string;
}

export function importCommand(): Command {
  return defineCommand({
    name: 'import',
    summary: 'make a description of a C2SP tlog-policy',
    description:
      'Makes a description for attestry trust init --file of the logs, witnesses and quorum of a C2SP tlog-policy. What the policy has no words for is to be filled in: who runs the logs, operators, root keys.',
    examples: ['attestry trust import policy.txt --region eu-central --out network.json'],
  })
    .argument('<file>', 'the policy; - for standard input')
    .requiredOption('--region <region>', 'of the logs')
    .option('--out <file>', 'where the description goes (standard output unless told)')
    .action(async (file: string, { region, out }: ImportFlags) => {
      const policy = parseTlogPolicy(decodeUtf8(await readInput(file, LARGEST_TRUST_BYTES)));
      const logs = policy.logs.map((log) => ({
        ...log,
        region,
        operator: parseVkey(log.key).name,
      }));
      await writeResult(out, encodeUtf8(`${JSON.stringify({ ...policy, logs }, null, 2)}\n`));
      tell(`${logs.length} logs and ${policy.witnesses.length} witnesses.`);
    });
}

export function exportCommand(): Command {
  const command = defineCommand({
    name: 'export',
    summary: 'write a trust root as C2SP tlog-policy',
    description:
      'Writes the logs, the witnesses and the quorum of a trust root as C2SP tlog-policy text, as of now. Windows, verifiers and operators have no words there.',
    examples: ['attestry trust export --trust trust.json --out policy.txt'],
  });
  return addTrustOptions(command)
    .option('--out <file>', 'where the policy goes (standard output unless told)')
    .action(async (flags: TrustFlags & { readonly out?: string }) => {
      const trust = await readTrust(flags);
      await writeResult(flags.out, encodeUtf8(formatTlogPolicy(trust, unixNow())));
    });
}
