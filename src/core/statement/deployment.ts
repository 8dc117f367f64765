/** Where a model was put to work, or taken out of it. */
import { label, literal, object, optional, type Reader, text, time } from '../bytes/shape.ts';
import { type Context, context } from './context.ts';
import { type Resource, resources } from './resource.ts';

export const DEPLOYMENT_PREDICATE_TYPE = 'https://attestry.dev/deployment/v1';

export interface DeploymentPredicate {
  readonly context: Context;
  readonly deploymentId: string;
  readonly action: 'deploy' | 'retire';
  readonly environment: string;
  readonly purpose?: string;
  readonly endpoint?: string;
  readonly effectiveAt: string;
  readonly runtime?: { readonly name: string; readonly version: string };
  /** Model card, bill of materials, filings: by digest. */
  readonly materials?: readonly Resource[];
}

export const deploymentPredicate: Reader<DeploymentPredicate> = object<DeploymentPredicate>({
  context,
  deploymentId: label,
  action: literal('deploy', 'retire'),
  environment: label,
  purpose: optional(text(1024)),
  endpoint: optional(text(2048)),
  effectiveAt: time,
  runtime: optional(object({ name: label, version: label })),
  materials: optional(resources),
});
