/** What the verifier answers beside its files: its word, proven by nothing. */

export interface ModelPage {
  readonly models: readonly ListedModel[];
  /** Where the next page begins; null on the last. */
  readonly next: string | null;
}

export interface ListedModel {
  readonly model: string;
  readonly names: readonly string[];
  readonly statements: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly origins: readonly string[];
}

export interface UsageAnswer {
  readonly outcome: string;
  readonly rows: readonly {
    readonly key: string;
    readonly windows: number;
    readonly totals: Readonly<Record<string, string>>;
  }[];
}

export interface NodeList {
  readonly nodes: readonly ListedNode[];
  readonly witnesses: readonly ListedWitness[];
}

export interface ListedNode {
  readonly origin: string;
  readonly operator: string;
  readonly region: string;
  readonly state: string;
  readonly size: number;
  /** The newest checkpoint that the verifier knows, with its cosignatures. */
  readonly checkpoint: string | null;
  readonly mirroredSize: number;
  readonly talliedSize: number;
  readonly problem: ServerProblem | null;
}

export interface ListedWitness {
  readonly name: string;
  readonly operator: string;
  readonly heardAt: string | null;
  readonly problem: ServerProblem | null;
}

export interface ServerProblem {
  readonly code: string;
  readonly message: string;
}

export interface FindingList {
  readonly findings: readonly ListedFinding[];
}

export interface ListedFinding {
  readonly id: string;
  readonly origin: string;
  readonly kind: string;
  readonly foundAt: string;
  readonly code: string;
  readonly sentence: string;
}
