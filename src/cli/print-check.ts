/** The result of a check of a whole log for people: audit and fsck. */
import type { AttestryErrorCode, Outcome } from '../errors.ts';
import { colours, formatOutcome, printable } from './terminal.ts';

export interface CheckResult {
  readonly outcome: Outcome;
  readonly title: string;
  readonly problems: readonly { readonly code: AttestryErrorCode; readonly message: string }[];
  readonly checked: readonly string[];
  readonly notChecked: readonly string[];
}

const MOST_PROBLEMS = 50;

export function formatCheck(result: CheckResult): readonly string[] {
  const { bold } = colours();
  const { problems } = result;
  const left = problems.length - MOST_PROBLEMS;
  return [
    `${formatOutcome(result.outcome)}: ${printable(result.title)}`,
    ...problems
      .slice(0, MOST_PROBLEMS)
      .map(({ code, message }) => `  ${bold(code)}: ${printable(message)}`),
    ...(left > 0 ? [`  and ${left} more; --json has them all`] : []),
    '',
    bold('Checked'),
    ...result.checked.map((sentence) => `  - ${printable(sentence)}`),
    '',
    bold('Not checked'),
    ...result.notChecked.map((sentence) => `  - ${printable(sentence)}`),
  ];
}
