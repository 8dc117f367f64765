/** Shapes that several answers of the verifier have in common, for its API document. */
import { type TSchema, Type } from '../typebox.ts';

export const SHA256: TSchema = Type.String({
  pattern: '^[0-9a-f]{64}$',
  description: '64 lowercase hex digits.',
});

export const TIME: TSchema = Type.String({ description: 'RFC 3339 in UTC.' });

export const PROBLEM: TSchema = Type.Object({
  code: Type.String({ description: 'One of the error codes of the documentation.' }),
  message: Type.String(),
});

export const LOG_STATE: TSchema = Type.Union(
  [
    'starting',
    'followed',
    'behind',
    'unwitnessed',
    'unreachable',
    'invalid',
    'contradicted',
    'failed',
  ].map((state) => Type.Literal(state)),
  { description: 'How the log stands; every state but followed comes with a problem.' },
);

export function orNull(schema: TSchema): TSchema {
  return Type.Union([schema, Type.Null()]);
}

/** Bytes that are served as they are, not as the framework would write them. */
export function fileAnswer(description: string): object {
  return { 200: { description, content: { 'application/json': { schema: Type.Any() } } } };
}
