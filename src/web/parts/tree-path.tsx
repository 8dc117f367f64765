/** The way from an entry up to the root, drawn: what stands on it, and the neighbour that each step needs. */
import { shortHash } from '../format.ts';
import { WORDS } from '../words/words.ts';
import type { ProofView } from '../worker/protocol.ts';

const WIDTH = 560;
const STEP = 58;
const TOP = 34;
const MIDDLE = WIDTH / 2;
const SWAY = 62;
const REACH = 176;
const BOX = { width: 118, height: 28 };

interface Place {
  readonly x: number;
  readonly y: number;
}

/** Where the nodes of the path stand: each parent leans towards the side of its sibling. */
function placesOf(path: ProofView['path']): readonly Place[] {
  const height = TOP + path.length * STEP;
  const places: Place[] = [{ x: MIDDLE + leanOf(path[0]), y: height }];
  path.forEach((_, i) => {
    const next = path[i + 1];
    places.push({
      x: next === undefined ? MIDDLE : MIDDLE + leanOf(next),
      y: height - (i + 1) * STEP,
    });
  });
  return places;
}

function leanOf(step: ProofView['path'][number] | undefined): number {
  if (step === undefined) return 0;
  return step.side === 'right' ? -SWAY : SWAY;
}

export function TreePath({ proof }: { readonly proof: ProofView }) {
  const { path, leaf, index, size } = proof;
  const places = placesOf(path);
  const height = TOP + path.length * STEP + 40;
  const hashes = [leaf, ...path.map(({ parent }) => parent)];
  return (
    <svg
      class="tree"
      viewBox={`0 0 ${WIDTH} ${height}`}
      role="img"
      aria-label={WORDS.proof.treeAbout(index, size, path.length)}
    >
      {path.map((step, i) => (
        <Step
          key={step.sibling}
          from={places[i]}
          to={places[i + 1]}
          side={step.side}
          hash={step.sibling}
        />
      ))}
      {places.map((place, i) => (
        <Box key={hashes[i]} place={place} hash={hashes[i] ?? ''} kind={boxKind(i, path.length)} />
      ))}
      <text x={places.at(-1)?.x} y={TOP - 22} class="tree-note">
        {WORDS.proof.root}
      </text>
      <text x={places[0]?.x} y={height - 8} class="tree-note">
        {WORDS.proof.leaf}
      </text>
    </svg>
  );
}

function boxKind(i: number, steps: number): string {
  if (i === steps) return 'is-root';
  return i === 0 ? 'is-leaf' : 'is-inner';
}

interface StepProps {
  readonly from: Place | undefined;
  readonly to: Place | undefined;
  readonly side: 'left' | 'right';
  readonly hash: string;
}

function Step({ from, to, side, hash }: StepProps) {
  if (from === undefined || to === undefined) return null;
  const sibling = { x: from.x + (side === 'right' ? REACH : -REACH), y: from.y };
  return (
    <g>
      <line x1={from.x} y1={from.y} x2={to.x} y2={to.y} class="tree-way" />
      <line x1={sibling.x} y1={sibling.y} x2={to.x} y2={to.y} class="tree-side" />
      <Box place={sibling} hash={hash} kind="is-sibling" />
    </g>
  );
}

function Box({
  place,
  hash,
  kind,
}: {
  readonly place: Place;
  readonly hash: string;
  readonly kind: string;
}) {
  return (
    <g class={`tree-box ${kind}`}>
      <rect
        x={place.x - BOX.width / 2}
        y={place.y - BOX.height / 2}
        width={BOX.width}
        height={BOX.height}
        rx="6"
      />
      <text x={place.x} y={place.y + 4.5}>
        {shortHash(hash, 10)}
      </text>
    </g>
  );
}
