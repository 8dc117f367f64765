/** How a model was trained: SLSA provenance v1 with our buildType. The common block stands in internalParameters. */
import {
  count,
  digest,
  flag,
  label,
  literal,
  object,
  optional,
  type Reader,
  record,
  text,
  time,
} from '../bytes/shape.ts';
import { type Context, context } from './context.ts';
import { type Resource, resources } from './resource.ts';

export const TRAINING_PREDICATE_TYPE = 'https://slsa.dev/provenance/v1';
export const TRAINING_BUILD_TYPE = 'https://attestry.dev/training/v1';

export interface TrainingPredicate {
  readonly buildDefinition: {
    readonly buildType: typeof TRAINING_BUILD_TYPE;
    readonly externalParameters: {
      readonly approach?: string;
      readonly task?: string;
      readonly architectureFamily?: string;
      /** Values as text: no float is ever signed. */
      readonly hyperparameters: Readonly<Record<string, string>>;
    };
    readonly internalParameters: {
      readonly context: Context;
      readonly arithmetic?: Arithmetic;
      readonly commitment?: StateCommitment;
    };
    /** Data, base model, program. */
    readonly resolvedDependencies: readonly Resource[];
  };
  readonly runDetails: {
    readonly builder: { readonly id: string };
    readonly metadata?: {
      readonly invocationId?: string;
      readonly startedOn?: string;
      readonly finishedOn?: string;
    };
    readonly byproducts?: readonly Resource[];
  };
}

/** Names a registered arithmetic; exact integers make re-execution bit for bit comparable. */
interface Arithmetic {
  readonly profile: string;
  readonly orderIndependent: boolean;
}

/** A tree over the states of the run, so that any step can be opened and re-executed later. */
interface StateCommitment {
  readonly rfc6962Sha256: string;
  readonly steps: number;
}

export const trainingPredicate: Reader<TrainingPredicate> = object<TrainingPredicate>({
  buildDefinition: object<TrainingPredicate['buildDefinition']>({
    buildType: literal(TRAINING_BUILD_TYPE),
    externalParameters: object<TrainingPredicate['buildDefinition']['externalParameters']>({
      approach: optional(label),
      task: optional(label),
      architectureFamily: optional(label),
      hyperparameters: record(text(1024), 64),
    }),
    internalParameters: object<TrainingPredicate['buildDefinition']['internalParameters']>({
      context,
      arithmetic: optional(object<Arithmetic>({ profile: label, orderIndependent: flag })),
      commitment: optional(object<StateCommitment>({ rfc6962Sha256: digest, steps: count })),
    }),
    resolvedDependencies: resources,
  }),
  runDetails: object<TrainingPredicate['runDetails']>({
    builder: object({ id: label }),
    metadata: optional(
      object<NonNullable<TrainingPredicate['runDetails']['metadata']>>({
        invocationId: optional(label),
        startedOn: optional(time),
        finishedOn: optional(time),
      }),
    ),
    byproducts: optional(resources),
  }),
});
