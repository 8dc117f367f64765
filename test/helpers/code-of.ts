import { AttestryError } from '../../src/errors.ts';

/** The code that `run` refuses with; `none` where it does not throw. Other errors pass through. */
export function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof AttestryError) return error.code;
    throw error;
  }
  return 'none';
}
