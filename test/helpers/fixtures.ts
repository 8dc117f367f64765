/**
 * A network in memory: a trust root, logs with real trees, operators and witnesses with keys from their names. The same
 * calls give the same bytes every time. No servers and no clock: what a test wants to be wrong, it makes wrong itself.
 */
import { encodeHex } from '../../src/core/bytes/hex.ts';
import type { Dossier } from '../../src/core/dossier/dossier.ts';
import type { Finding } from '../../src/core/finding/finding.ts';
import { signCheckpoint } from '../../src/core/note/checkpoint.ts';
import { appendSignatures, signCosignature } from '../../src/core/note/cosignature.ts';
import { publicKeyOf, type SignatureEngine } from '../../src/core/note/ed25519.ts';
import { parseNote } from '../../src/core/note/note.ts';
import { formatVkey, type NoteSigner, SIGNATURE_TYPE } from '../../src/core/note/vkey.ts';
import type { Receipt } from '../../src/core/receipt/receipt.ts';
import type { Context } from '../../src/core/statement/context.ts';
import { type Envelope, parseEnvelope, signEnvelope } from '../../src/core/statement/envelope.ts';
import {
  formatStatement,
  KINDS,
  type Kind,
  parseStatement,
  type Statement,
} from '../../src/core/statement/statement.ts';
import type { VerificationRules } from '../../src/core/trust/quorum.ts';
import type { TrustRootFile } from '../../src/core/trust/trust-file.ts';
import { NaiveTree, naiveLeafHash } from './naive-tree.ts';
import { testSigner } from './signed-log.ts';
import { trustFileOf, trustOf } from './signed-trust.ts';
import { NOW, type SampleOverrides, sampleStatement } from './statements.ts';

export interface CheckpointOptions {
  /** Default: all entries. */
  readonly size?: number;
  /** Default: as many as the quorum, the first ones. */
  readonly witnesses?: readonly NoteSigner[];
  /** When the witnesses sign, unix seconds. Default: a minute before `NOW`. */
  readonly time?: number;
}

/** The seed of an operator's key, from its id; a second key with another `number`. */
export function operatorSeed(id: string, number = 1): Uint8Array {
  return testSigner('operator', SIGNATURE_TYPE.ed25519, `${id} ${number}`).seed;
}

/** The envelope of a statement, signed by the operator that it names; or by the given seeds. */
export function signedEntry(statement: Statement, seeds?: readonly Uint8Array[]): Envelope {
  const payload = formatStatement(statement);
  const { operator } =
    statement.kind === 'training'
      ? statement.predicate.buildDefinition.internalParameters.context
      : statement.predicate.context;
  return signEnvelope(payload, seeds ?? [operatorSeed(operator)]);
}

/** A log, its operator and its entries. */
export class TestLog {
  readonly origin: string;
  readonly region: string;
  /** The operator's id; its key's seed is `operatorSeed(operator)`. */
  readonly operator: string;
  readonly signer: NoteSigner;
  readonly entries: Uint8Array[] = [];
  readonly #quorum: readonly NoteSigner[];

  constructor(region: string, quorum: readonly NoteSigner[]) {
    this.region = region;
    this.origin = `${region}.log.example`;
    this.operator = `operator-${region}`;
    this.signer = testSigner(this.origin, SIGNATURE_TYPE.ed25519);
    this.#quorum = quorum;
  }

  /** The common block of statements by this log's operator for this log. */
  get context(): Partial<Context> {
    return { log: this.origin, operator: this.operator, region: this.region };
  }

  get tree(): NaiveTree {
    return new NaiveTree(this.entries.map(naiveLeafHash));
  }

  /** Appends any bytes, admissible or not; gives the index. */
  append(entry: Uint8Array): number {
    return this.entries.push(entry) - 1;
  }

  /** Signs a sample statement by this log's operator and appends it; gives the index. */
  state<K extends Kind>(kind: K, overrides: SampleOverrides<K> = {}): number {
    const context = { ...this.context, ...overrides.context };
    const statement = sampleStatement(kind, { ...overrides, context }) as Statement;
    return this.append(signedEntry(statement).entry);
  }

  /** The checkpoint with the log's signature only. */
  checkpoint(size: number = this.entries.length): string {
    return signCheckpoint({ origin: this.origin, size, root: this.tree.root(size) }, this.signer);
  }

  /** The checkpoint with cosignatures. */
  cosigned({ size, witnesses = this.#quorum, time = NOW - 60 }: CheckpointOptions = {}): string {
    return cosign(this.checkpoint(size), witnesses, time);
  }

  receipt(index: number, options: CheckpointOptions = {}): Receipt {
    const size = options.size ?? this.entries.length;
    return {
      envelope: parseEnvelope(this.entries[index] as Uint8Array),
      proof: {
        index,
        proof: this.tree.path(index, size),
        checkpoint: this.cosigned({ ...options, size }),
      },
    };
  }

  /** What a dossier shows of this log: its entries about the model. */
  dossierLog(model: string, options: CheckpointOptions = {}): Dossier['logs'][number] {
    const size = options.size ?? this.entries.length;
    const tree = this.tree;
    const entries = this.entries.slice(0, size).flatMap((entry, index) => {
      const envelope = parseEnvelope(entry);
      const { subject } = parseStatement(envelope.payload);
      const about = subject.some(({ digest }) => digest.sha256 === model);
      return about ? [{ index, envelope, proof: tree.path(index, size) }] : [];
    });
    return { origin: this.origin, checkpoint: this.cosigned({ ...options, size }), entries };
  }
}

/** A note with the cosignatures of these witnesses added. */
export function cosign(note: string, witnesses: readonly NoteSigner[], time: number): string {
  const { text } = parseNote(note);
  return appendSignatures(
    note,
    witnesses.map((witness) => signCosignature(text, time, witness)),
  );
}

/** Takes every signature of canonical form for right: for tests of what comes after signatures, which take their time. */
export const TRUSTING_ENGINE: SignatureEngine = { name: 'trusting', verify: () => true };

export interface TestNetwork {
  readonly file: TrustRootFile;
  /** The trust root as it is parsed, and the clock at `NOW`. */
  readonly rules: VerificationRules;
  readonly logs: readonly TestLog[];
  readonly witnesses: readonly NoteSigner[];
  /** Everything about the model on all logs. */
  dossier(model: string, findings?: readonly Finding[]): Dossier;
}

export interface NetworkOptions {
  /** One log, with an operator of its own, per region. Default: eu, us, asia. */
  readonly regions?: readonly string[];
  /** Default 4. */
  readonly witnesses?: number;
  /** Default 3. */
  readonly quorum?: number;
}

export function makeNetwork(options: NetworkOptions = {}): TestNetwork {
  const { regions = ['eu', 'us', 'asia'], quorum = 3 } = options;
  const witnesses = Array.from({ length: options.witnesses ?? 4 }, (_, i) =>
    testSigner(`witness${i + 1}.example`, SIGNATURE_TYPE.cosignature),
  );
  const logs = regions.map((region) => new TestLog(region, witnesses.slice(0, quorum)));
  const file = trustRootFile(logs, witnesses, quorum);
  return {
    file,
    rules: { trust: trustOf(file), now: NOW },
    logs,
    witnesses,
    dossier: (model, findings = []) => ({
      model,
      logs: logs.map((log) => log.dossierLog(model)),
      findings,
    }),
  };
}

/** A trust root in which every log's operator may make every kind of statement on its own log. */
export function trustRootFile(
  logs: readonly TestLog[],
  witnesses: readonly NoteSigner[],
  quorum: number,
): TrustRootFile {
  return trustFileOf({
    logs: logs.map(({ signer, operator, region, origin }) => ({
      key: formatVkey(signer.vkey),
      operator,
      region,
      url: `https://${origin}`,
    })),
    witnesses: witnesses.map(({ vkey }) => ({
      key: formatVkey(vkey),
      operator: `operator of ${vkey.name}`,
      url: `https://${vkey.name}`,
    })),
    witnessQuorum: quorum,
    operators: logs.map(({ operator, origin }) => ({
      id: operator,
      keys: [1, 2].map((number) => ({
        key: encodeHex(publicKeyOf(operatorSeed(operator, number))),
      })),
      kinds: KINDS,
      logs: [origin],
    })),
  });
}
