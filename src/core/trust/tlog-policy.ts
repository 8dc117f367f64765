/**
 * Trust roots as c2sp.org/tlog-policy text, for other software: logs, witnesses and the quorum. The text has no windows, no
 * verifiers and no operators; an organisation with several witnesses is a group of which any one counts.
 */
import { AttestryError } from '../../errors.ts';
import { parseDecimal } from '../bytes/decimal.ts';
import { quote } from '../bytes/hex.ts';
import { parseVkey } from '../note/vkey.ts';
import type { TrustRoot } from './trust-root.ts';
import { isWithin, windowOf } from './window.ts';

const QUORUM_GROUP = 'witness-quorum';
// Visible ASCII, spaces and tabs, and bytes above; one line is one item.
const LINE = /^[\t\x20-\x7e\u0080-\uffff]*$/u;

interface PolicyParty {
  readonly key: string;
  /** Empty where the text has none. */
  readonly url: string;
}

/** What a policy says: the part of a trust root that it has words for. */
export interface TlogPolicy {
  readonly logs: readonly PolicyParty[];
  readonly witnesses: readonly (PolicyParty & { readonly operator: string })[];
  readonly witnessQuorum: number;
}

/** The policy of those whose windows hold at `now`, unix seconds. */
export function formatTlogPolicy(trust: TrustRoot, now: number): string {
  const logs = trust.file.logs.filter((log) => isWithin(now, windowOf(log)));
  const witnesses = trust.file.witnesses.filter((witness) => isWithin(now, windowOf(witness)));
  const houses = new Map<string, string[]>();
  for (const { operator, key } of witnesses) {
    houses.set(operator, [...(houses.get(operator) ?? []), parseVkey(key).name]);
  }
  const groups: string[] = [];
  const members = [...houses.values()].map((names) => {
    if (names.length === 1) return names[0];
    const group = `organisation-${groups.length + 1}`;
    groups.push(`group ${group} any ${names.join(' ')}`);
    return group;
  });
  return [
    `# Version ${trust.version} of trust root ${trust.digest}.`,
    ...logs.map(({ key, url }) => `log ${key} ${url}`),
    ...witnesses.map(({ key, url }) => `witness ${parseVkey(key).name} ${key} ${url}`),
    ...groups,
    `group ${QUORUM_GROUP} ${trust.witnessQuorum} ${members.join(' ')}`,
    `quorum ${QUORUM_GROUP}`,
    '',
  ].join('\n');
}

/**
 * What a policy says, where a trust root can say it: a quorum of so many witnesses, or groups of witnesses of which any one
 * counts. @throws TRUST_MALFORMED
 */
export function parseTlogPolicy(text: string): TlogPolicy {
  const policy = new PolicyReader();
  for (const line of text.split('\n')) {
    if (!LINE.test(line)) throw malformed(`printable lines, got ${quote(line)}`);
    const words = line.split(/[\t ]+/).filter((word) => word !== '');
    if (words[0] !== undefined && !line.startsWith('#')) policy.take(words[0], words.slice(1));
  }
  return policy.result();
}

type Group = { readonly least: number; readonly members: readonly string[] };

class PolicyReader {
  readonly #logs: PolicyParty[] = [];
  readonly #witnesses = new Map<string, PolicyParty>();
  readonly #groups = new Map<string, Group>();
  readonly #members = new Set<string>();
  #quorum: string | undefined;

  take(item: string, words: readonly string[]): void {
    if (item === 'log') this.#logs.push(readParty(item, words));
    else if (item === 'witness') this.#takeWitness(words);
    else if (item === 'group') this.#takeGroup(words);
    else if (item === 'quorum' && this.#quorum === undefined) this.#quorum = words[0] ?? '';
    else throw malformed(`one quorum, and no other items than C2SP knows, got ${quote(item)}`);
  }

  result(): TlogPolicy {
    const quorum = this.#groups.get(this.#quorum ?? '');
    const single = this.#witnesses.has(this.#quorum ?? '') ? [this.#quorum as string] : undefined;
    const members = quorum?.members ?? single;
    if (members === undefined) throw malformed('a quorum of witnesses or of a group of them');
    return {
      logs: this.#logs,
      witnesses: members.flatMap((member) => this.#house(member)),
      witnessQuorum: quorum?.least ?? 1,
    };
  }

  /** The witnesses behind a member of the quorum: of one organisation, since any one of them counts. */
  #house(member: string): (PolicyParty & { readonly operator: string })[] {
    const { least, members } = this.#groups.get(member) ?? { least: 1, members: [member] };
    const witnesses = members.map((name) => this.#witnesses.get(name));
    return witnesses.map((witness) => {
      if (witness === undefined || least !== 1)
        throw malformed(`groups in the quorum of which any witness counts, got ${quote(member)}`);
      return { ...witness, operator: member };
    });
  }

  #takeWitness([name = '', ...words]: readonly string[]): void {
    this.#refuseTaken(name);
    this.#witnesses.set(name, readParty('witness', words));
  }

  #takeGroup([name = '', rule = '', ...members]: readonly string[]): void {
    this.#refuseTaken(name);
    const least = { any: 1, all: members.length }[rule] ?? readCount(rule);
    const isKnown = (member: string): boolean =>
      this.#witnesses.has(member) || this.#groups.has(member);
    const bad = members.find((member) => !isKnown(member) || this.#members.has(member));
    if (bad !== undefined || new Set(members).size !== members.length)
      throw malformed(`members that stand before their one group, got ${quote(bad ?? name)}`);
    if (least < 1 || least > members.length)
      throw malformed(`any, all or 1 to ${members.length} for group ${quote(name)}, got ${rule}`);
    for (const member of members) this.#members.add(member);
    this.#groups.set(name, { least, members });
  }

  #refuseTaken(name: string): void {
    if (name !== '' && name !== 'none' && !this.#witnesses.has(name) && !this.#groups.has(name))
      return;
    throw malformed(`every name once, got ${quote(name)}`);
  }
}

function readParty(item: string, [key = '', url = '', ...more]: readonly string[]): PolicyParty {
  parseVkey(key);
  if (more.length === 0) return { key, url };
  throw malformed(`a ${item} with a key and a URL, got ${quote(more.join(' '))} behind them`);
}

function readCount(text: string): number {
  try {
    return parseDecimal(text);
  } catch {
    return 0;
  }
}

function malformed(expected: string): AttestryError {
  return new AttestryError('TRUST_MALFORMED', `Expected a tlog-policy with ${expected}.`);
}
