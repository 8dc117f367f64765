/**
 * Checks of path, query and header parameters against TypeBox schemas: nothing is converted, removed or filled in.
 * Bodies are not checked here: they stay bytes, and the schema of a body only documents it.
 */

import { quote } from '../core/bytes/hex.ts';
import { AttestryError } from '../errors.ts';
import { Compile, type TLocalizedValidationError, type TSchema } from '../typebox.ts';

interface CheckedPart {
  readonly schema: TSchema;
  readonly httpPart?: string;
}

type Check = (value: unknown) => true | { error: Error };

/** The validator compiler of every role. @throws REQUEST_MALFORMED, from the validators that it gives */
export function compileCheck({ schema, httpPart }: CheckedPart): Check {
  if (httpPart === 'body') return () => true;
  const validator = Compile(schema);
  return (value) => {
    if (validator.Check(value)) return true;
    const problem = describeProblem(validator.Errors(value));
    const message = `Expected the ${NAMES[httpPart ?? ''] ?? 'request'} to follow the API: ${problem}.`;
    return { error: new AttestryError('REQUEST_MALFORMED', message) };
  };
}

const NAMES: Readonly<Record<string, string>> = {
  params: 'path',
  querystring: 'query',
  headers: 'headers',
};

function describeProblem([error]: readonly TLocalizedValidationError[]): string {
  if (error === undefined) return 'it does not match its schema';
  const field = error.instancePath === '' ? 'it' : quote(error.instancePath.slice(1));
  // What `additionalProperties: false` says of an unknown member.
  if (error.keyword === 'boolean') return `${field} is not known`;
  return `${field} ${error.message}`;
}
