/** What `attestry state <kind> --example` prints: a description that can be signed as it stands. */
import type { Kind } from '../core/statement/statement.ts';

const SUBJECT = `# The model. --subject <file or folder> fills this in.
subject:
  - name: model.bin
    digest:
      sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
`;

/** The common block, each line behind so many spaces. */
function context(indent: number): string {
  return `# Who says it, for which log, from where. issuedAt is now unless told.
context:
  operator: op-eu
  log: eu.example.org/log
  region: eu-central-1
  jurisdiction: DEU`.replace(/^/gm, ' '.repeat(indent));
}

export const STATEMENT_EXAMPLES: { readonly [K in Kind]: string } = {
  training: `${SUBJECT}
predicate:
  buildDefinition:
    externalParameters:
      approach: supervised
      task: classification
      architectureFamily: linear
      # Text: no float is ever signed.
      hyperparameters:
        learningRate: '0.01'
        steps: '2000'
        seed: '7'
    internalParameters:
${context(6)}
    # Data, base model, program: by digest.
    resolvedDependencies:
      - name: train.csv
        digest:
          sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
  runDetails:
    builder:
      id: https://op-eu.example/trainer
    metadata:
      startedOn: '2026-10-01T09:00:00Z'
      finishedOn: '2026-10-01T10:00:00Z'
`,
  evaluation: `${SUBJECT}
predicate:
${context(2)}
  evaluator:
    id: https://lab.example/
  suite:
    name: held-out rows
    version: '1'
  sampleSize: '1000'
  # Scores and thresholds in parts per million; passed must be what they say.
  claims:
    - metric: accuracy
      comparator: '>='
      scorePerMillion: '931000'
      thresholdPerMillion: '900000'
      passed: true
  # self_attested, third_party, reproduced or enclave_attested
  assuranceLevel: self_attested
`,
  deployment: `${SUBJECT}
predicate:
${context(2)}
  deploymentId: eu-1
  # deploy or retire
  action: deploy
  environment: production
  purpose: language identification
  endpoint: https://api.example/v1
  effectiveAt: '2026-10-01T10:00:00Z'
  runtime:
    name: node
    version: '24'
`,
  usage: `${SUBJECT}
predicate:
${context(2)}
  # Number and previous digest come from --previous <envelope>; without it this is the meter's first statement.
  meter:
    id: gateway-1
    method: words between spaces
  # Within one UTC hour, and not before the meter's window before ended.
  window:
    start: '2026-10-01T10:00:00Z'
    end: '2026-10-01T11:00:00Z'
  # Buckets are disjoint; inputTokens and outputTokens are their sums.
  quantities:
    requests: '3'
    inputUncachedTokens: '70'
    inputCachedTokens: '20'
    inputCacheWriteTokens: '10'
    outputVisibleTokens: '40'
    outputReasoningTokens: '2'
    energyWattHours: '5'
`,
  revocation: `${SUBJECT}
predicate:
${context(2)}
  # model, or entry with the entryHash of one earlier statement
  target:
    scope: model
  # unspecified, defective, unsafe, superseded, keyCompromise or cessationOfOperation
  reason: defective
  explanation: wrong labels in the training data
`,
};
