/** Who takes part: invented organisations under a name that never resolves. */

export interface LogParty {
  readonly origin: string;
  /** Runs the log, and speaks on it. */
  readonly operator: string;
  /** The operator's name for people. */
  readonly operatorName: string;
  readonly region: string;
  /** ISO 3166-1 alpha-3. */
  readonly jurisdiction: string;
}

/** A witness or a verifier. */
export interface CosignerParty {
  readonly name: string;
  readonly operator: string;
}

export const EUROPE: LogParty = {
  origin: 'log.rhine-cloud.example/eu-central',
  operator: 'rhine-cloud',
  operatorName: 'Rhine Cloud',
  region: 'eu-central',
  jurisdiction: 'DEU',
};

export const AMERICA: LogParty = {
  origin: 'log.potomac-compute.example/us-east',
  operator: 'potomac-compute',
  operatorName: 'Potomac Compute',
  region: 'us-east',
  jurisdiction: 'USA',
};

export const ASIA: LogParty = {
  origin: 'log.straits-cloud.example/ap-singapore',
  operator: 'straits-cloud',
  operatorName: 'Straits Cloud',
  region: 'ap-singapore',
  jurisdiction: 'SGP',
};

export const LOG_PARTIES: readonly LogParty[] = [EUROPE, AMERICA, ASIA];

/** Runs a log that is there to be forked; no trust root but its own names it. */
export const FORKED: LogParty = {
  origin: 'log.mirage-cloud.example/lab-1',
  operator: 'mirage-cloud',
  operatorName: 'Mirage Cloud',
  region: 'lab-1',
  jurisdiction: 'NLD',
};

/** Runs a log that is there to be lied about; no trust root but its own names it. */
export const DISHONEST: LogParty = {
  origin: 'log.quicksand-cloud.example/lab-2',
  operator: 'quicksand-cloud',
  operatorName: 'Quicksand Cloud',
  region: 'lab-2',
  jurisdiction: 'NLD',
};

/** Runs a log whose operator's key is rotated and revoked; no trust root but its own names it. */
export const CAREFUL: LogParty = {
  origin: 'log.heron-cloud.example/lab-4',
  operator: 'heron-cloud',
  operatorName: 'Heron Cloud',
  region: 'lab-4',
  jurisdiction: 'NLD',
};

export const SIDE_PARTIES: readonly LogParty[] = [FORKED, DISHONEST, CAREFUL];

export const WITNESS_PARTIES: readonly CosignerParty[] = [
  { name: 'witness.fjord-university.example', operator: 'Fjord University' },
  { name: 'witness.consumer-union.example', operator: 'Consumer Union' },
  { name: 'witness.harbour-gazette.example', operator: 'Harbour Gazette' },
  { name: 'witness.open-archive.example', operator: 'Open Archive' },
];

export const WITNESS_QUORUM = 3;

export const VERIFIER: CosignerParty = {
  name: 'verifier.audit-office.example',
  operator: 'Audit Office',
};

/** Follows the log that is there to be forked. */
export const FORK_VERIFIER: CosignerParty = {
  name: 'verifier.fork-watch.example',
  operator: 'Fork Watch',
};

/** Follows the log that is there to be lied about. */
export const LIE_VERIFIER: CosignerParty = {
  name: 'verifier.sums-watch.example',
  operator: 'Sums Watch',
};

/** Follows the log whose operator's key is rotated and revoked. */
export const KEY_VERIFIER: CosignerParty = {
  name: 'verifier.key-watch.example',
  operator: 'Key Watch',
};

export const VERIFIER_QUORUM = 1;

/** Who keeps the root keys of the trust roots; two of them together sign. */
export const ROOT_HOLDERS: readonly string[] = ['audit-office', 'consumer-union', 'open-archive'];

export const ROOT_THRESHOLD = 2;
