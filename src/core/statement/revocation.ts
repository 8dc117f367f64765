/** That a model, or one earlier statement, is withdrawn. */
import { digest, literal, object, optional, type Reader, text } from '../bytes/shape.ts';
import { type Context, context } from './context.ts';

export const REVOCATION_PREDICATE_TYPE = 'https://attestry.dev/revocation/v1';

export interface RevocationPredicate {
  readonly context: Context;
  readonly target: {
    readonly scope: 'model' | 'entry';
    /** Hex entry hash of the withdrawn statement; present exactly when the scope is `entry`. */
    readonly entryHash?: string;
  };
  readonly reason:
    | 'unspecified'
    | 'defective'
    | 'unsafe'
    | 'superseded'
    | 'keyCompromise'
    | 'cessationOfOperation';
  readonly explanation?: string;
  /** SHA-256 of the model that takes this one's place. */
  readonly supersededBy?: string;
}

export const revocationPredicate: Reader<RevocationPredicate> = object<RevocationPredicate>({
  context,
  target: object<RevocationPredicate['target']>({
    scope: literal('model', 'entry'),
    entryHash: optional(digest),
  }),
  reason: literal(
    'unspecified',
    'defective',
    'unsafe',
    'superseded',
    'keyCompromise',
    'cessationOfOperation',
  ),
  explanation: optional(text(2048)),
  supersededBy: optional(digest),
});
