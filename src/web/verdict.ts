/** The verdict that a report comes to, in the words of those who ask. */
import type { Report } from '../core/report/report.ts';
import { formatList } from './format.ts';
import { WORDS } from './words/words.ts';
import type { Judgement } from './worker/protocol.ts';

export type VerdictName = keyof typeof WORDS.verdict;
export type Tone = 'good' | 'bad' | 'open';

export interface Verdict {
  readonly name: VerdictName;
  readonly tone: Tone;
  readonly word: string;
  readonly sentence: string;
}

const TONE: Readonly<Record<VerdictName, Tone>> = {
  authentic: 'good',
  recorded: 'good',
  proven: 'bad',
  withdrawn: 'bad',
  partly: 'bad',
  differs: 'bad',
  invalid: 'bad',
  equivocation: 'bad',
  refused: 'bad',
  counted: 'open',
  unknown: 'open',
  unseen: 'open',
  inconclusive: 'open',
};

type Facts = Pick<Judgement, 'report' | 'names' | 'logsTrusted'> & {
  /** Who stated something, each once. */
  readonly operators: readonly string[];
  /** Who withdrew something, each once. */
  readonly withdrawers: readonly string[];
};

export function verdictOf(facts: Facts): Verdict {
  const name = isOnlyCounted(facts) ? 'counted' : nameOf(facts);
  const { word } = WORDS.verdict[name];
  return { name, tone: TONE[name], word, sentence: sentenceOf(name, facts) };
}

/** For an answer that could not be judged at all. */
export function refusedVerdict(): Verdict {
  const { word, say } = WORDS.verdict.refused;
  return { name: 'refused', tone: 'bad', word, sentence: say };
}

function nameOf({ report, logsTrusted }: Facts): VerdictName {
  const { outcome, problems, artifact } = report;
  const codes = problems.map(({ code }) => code).filter(isChecked);
  if (outcome === 'EQUIVOCATION') return 'equivocation';
  if (outcome === 'VALID') return artifact === 'matches' ? 'authentic' : 'recorded';
  if (report.of === 'finding') return codes.every(isProof) ? 'proven' : named(outcome);
  if (codes.every(isWithdrawal)) return codes.includes('MODEL_WITHDRAWN') ? 'withdrawn' : 'partly';
  if (isUnknown(codes)) return isWhole({ report, logsTrusted }) ? 'unknown' : 'unseen';
  return codes.every((code) => code === 'SUBJECT_MISMATCH') ? 'differs' : named(outcome);
}

/** Statements that are counted and not shown say nothing against what is shown. */
function isChecked(code: string): boolean {
  return code !== 'STATEMENTS_COUNTED';
}

/** A model in hand cannot be one that is stated where no statement is shown: that says nothing more. */
function isOnlyCounted({ report }: Facts): boolean {
  const codes = report.problems.map(({ code }) => code);
  const isElse = (code: string): boolean => isChecked(code) && code !== 'SUBJECT_MISMATCH';
  return codes.includes('STATEMENTS_COUNTED') && !codes.some(isElse);
}

function named(outcome: Report['outcome']): VerdictName {
  return outcome === 'INCONCLUSIVE' ? 'inconclusive' : 'invalid';
}

function isWithdrawal(code: string): boolean {
  return code === 'MODEL_WITHDRAWN' || code === 'STATEMENT_WITHDRAWN';
}

/** Findings that accuse by proof end with this, or with equivocation. */
function isProof(code: string): boolean {
  return code === 'ENTRY_INADMISSIBLE';
}

/** Where nothing is stated, the model in hand cannot be one that is stated: that says nothing more. */
function isUnknown(codes: readonly string[]): boolean {
  const isOnly = codes.every((code) => code === 'MODEL_UNKNOWN' || code === 'SUBJECT_MISMATCH');
  return isOnly && codes.includes('MODEL_UNKNOWN');
}

function countedIn({ report }: Facts): number {
  const counts = report.proven.flatMap(({ counted = {} }) => Object.values(counted));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Whether every node has proven its list complete; only then that nothing withdraws the model. */
function isWhole({ report, logsTrusted }: Pick<Facts, 'report' | 'logsTrusted'>): boolean {
  return report.proven.length === logsTrusted;
}

function sentenceOf(name: VerdictName, facts: Facts): string {
  const { names, operators, withdrawers, logsTrusted } = facts;
  const { verdict, thisModel, somebody } = WORDS;
  const model = formatList(names, 1) || thisModel;
  const who = formatList(operators) || somebody;
  switch (name) {
    case 'authentic':
    case 'recorded':
      return verdict[name].say(model, who, isWhole(facts) ? WORDS.since.stands : WORDS.since.open);
    case 'withdrawn':
    case 'partly':
      return verdict[name].say(model, formatList(withdrawers) || somebody);
    case 'unknown':
      return verdict.unknown.say(logsTrusted);
    case 'counted':
      return verdict.counted.say(countedIn(facts), isWhole(facts));
    default:
      return verdict[name].say;
  }
}
