/**
 * Asking a verifier. Its files (dossier, receipt, finding) prove themselves to `judge`; everything else here is the
 * word of the service.
 */
import { decodeHex } from '../core/bytes/hex.ts';
import type { Json } from '../core/bytes/json.ts';
import {
  array,
  count,
  label,
  literal,
  nullable,
  object,
  optional,
  type Reader,
  readShape,
  record,
  type Shape,
} from '../core/bytes/shape.ts';
import { decodeUtf8 } from '../core/bytes/utf8.ts';
import { LARGEST_DOSSIER_BYTES, parseDossier } from '../core/dossier/dossier.ts';
import { findingId, parseFinding } from '../core/finding/finding.ts';
import { parseCheckpoint } from '../core/note/checkpoint.ts';
import { LARGEST_RECEIPT_BYTES, parseReceipt } from '../core/receipt/receipt.ts';
import type { Report, ReportedStatement } from '../core/report/report.ts';
import { AttestryError } from '../errors.ts';
import { type BoundedRequest, boundedFetch, type Fetch } from './bounded-fetch.ts';
import { peerRefusal } from './peer-refusal.ts';
